"""What System M makes of teachers: trust in each, on the record, and a sentence about them."""

from collections.abc import Mapping
from typing import Any

from abm_ros.common.telemetry import EpisodicMemoryTelemetry, SensoryGateTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.common.trust import DISTRUST, trust

_HELD, _REFUTED = '_held', '_refuted'


class TeacherWatch:
    """
    Follows what became of demonstrations, and trusts their teachers accordingly.

    Trust is the mean of a Beta posterior over a demonstration holding good, from a uniform prior.
    Memory counts from its whole record, so a restart of either forgets nothing.
    """

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}
        self._refused: dict[str, float] = {}
        self._trouble = ''

    @property
    def trusted(self) -> dict[str, float]:
        """Trust in each teacher, in (0, 1)."""
        return {name: trust(*counts) for name, counts in self._counts.items()}

    def take(self, told: EpisodicMemoryTelemetry) -> list[dict[str, Any]]:
        """Take telemetry; return a record for each teacher in whom trust changed."""
        found, records = told.teachers, []
        for key, held in found.items():
            name = key.removesuffix(_HELD)
            if name == key:
                continue
            counts = (int(held), int(found.get(f'{name}{_REFUTED}', 0.0)))
            before, self._counts[name] = self._counts.get(name, (0, 0)), counts
            if counts == before:
                continue
            records.append({'teacher': name, 'before': round(trust(*before), 4),
                            'trust': round(trust(*counts), 4), 'held': counts[0],
                            'refuted': counts[1]})
        return records

    def refusals(self, gate: SensoryGateTelemetry, memory: EpisodicMemoryTelemetry
                 ) -> list[dict[str, Any]]:
        """Take telemetry; return a record of what was refused of teachers since."""
        records = []
        for node, count, why in (
                (gate.node, gate.demonstrations_refused, gate.teaching_trouble),
                (memory.node, memory.shown_refused, memory.showing_trouble)):
            before, self._refused[node] = self._refused.get(node, 0.0), known(
                count, self._refused.get(node, 0.0))
            if self._refused[node] > before:
                self._trouble = why
                records.append({'by': node, 'refused': int(self._refused[node] - before),
                                'why': why})
        return records

    def sentence(self) -> str:
        """Return what is told of teachers, '' where there was none."""
        refused = f' Refused last: {self._trouble}.' if self._trouble else ''
        if not self._counts:
            return refused.strip()
        each = [f'{name} {value:.2f}' + (' (not learned from)' if value < DISTRUST else '')
                for name, value in sorted(self.trusted.items())]
        return f'Trust in teachers: {", ".join(each)}.{refused}'


def trust_record_text(record: Mapping[str, Any]) -> str:
    """Return a line about the record of a change of trust."""
    return (f'trust in {record["teacher"]} {record["before"]:.2f} -> {record["trust"]:.2f}: of '
            f'what was shown {record["held"]} held, {record["refuted"]} proved wrong')
