"""What System M makes of teachers: trust in each, on the record, and a sentence about them."""

from collections.abc import Mapping
from typing import Any

from abm_ros.common.telemetry import EpisodicMemoryTelemetry
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
            before = self._counts.get(name)
            if counts == before:
                continue
            self._counts[name] = counts
            records.append({'teacher': name, 'before': round(trust(*(before or (0, 0))), 4),
                            'trust': round(trust(*counts), 4), 'held': counts[0],
                            'refuted': counts[1]})
        return records

    def sentence(self) -> str:
        """Return what is told of teachers, '' where there was none."""
        if not self._counts:
            return ''
        each = [f'{name} {value:.2f}' + (' (not learned from)' if value < DISTRUST else '')
                for name, value in sorted(self.trusted.items())]
        return f'Trust in teachers: {", ".join(each)}.'


def trust_record_text(record: Mapping[str, Any]) -> str:
    """Return a line about the record of a change of trust."""
    return (f'trust in {record["teacher"]} {record["before"]:.2f} -> {record["trust"]:.2f}: of '
            f'what was shown {record["held"]} held, {record["refuted"]} proved wrong')
