"""Writes the audit log for System M's effectors: before the effect, or the effect is refused."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from abm_ros.common.errors import AbmError, GraphError
from abm_ros.meta.audit.log import AuditLog
from abm_ros.meta.decision import Refusal, Situation, table_hash, to_record
from abm_ros.meta.phi import Decision
from abm_ros.nodes.effectors.gate_control import GateControl


class AuditWriter:
    """Writes records, from any thread; if one cannot be written the motors shut."""

    def __init__(self, log: AuditLog, gate: GateControl,
                 tell: Callable[[Mapping[str, Any]], None]) -> None:
        """:param tell: gets each record once it is durable."""
        self._log = log
        self._gate = gate
        self._tell = tell
        self._lock = threading.Lock()
        self._phi_hash = ''
        self._refused: Refusal | None = None
        self._tripped: dict[str, str] = {}

    def start(self, incarnation: str, tables: Mapping[str, str], launched: Mapping[str, Any],
              in_force: Mapping[str, Any]) -> None:
        """
        Write the tables and overrides that bind decisions from here on.

        :param tables: the texts of 'phi' and 'constraints'.
        :param launched: the pin and the vetoes given at start.
        :param in_force: the pin and the vetoes in force.
        :raises GraphError: it cannot be written.
        """
        self._phi_hash = table_hash(tables['phi'])
        self.write('start', incarnation=incarnation, phi=self._phi_hash, phi_text=tables['phi'],
                   constraints_text=tables['constraints'], launched=dict(launched), **in_force)

    def write(self, kind: str, **body: Any) -> None:
        """
        Write a record; call this before the effect.

        :raises GraphError: it cannot be written, so the effect must not happen.
        """
        try:
            with self._lock:
                record = self._log.append(kind, **body)
        except (AbmError, OSError) as error:
            self._gate.close()
            raise GraphError(f'the audit log cannot be written, so nothing may take effect: '
                             f'{error}') from error
        self._tell(record)

    def decision(self, kind: str, situation: Situation, decision: Decision) -> None:
        """Write a decision with its whole situation."""
        self.write(kind, **to_record(situation, decision, self._phi_hash))

    def guards(self, tripped: Mapping[str, str]) -> list[str]:
        """Write which guards tripped or ended since the last call; return the new ones."""
        changed = tripped.keys() ^ self._tripped.keys()
        for name in changed:
            self.write('guard', name=name, what=tripped.get(name, 'over'))
        self._tripped = dict(tripped)
        return [f'guard {name}: {tripped[name]}' for name in changed if name in tripped]

    def refusal(self, refusal: Refusal | None, mode: str) -> None:
        """Write a refusal, once until it changes or ends."""
        if refusal is not None and refusal != self._refused:
            self.write('refused', mode=mode, wanted=refusal.wanted, rule=refusal.rule)
        self._refused = refusal

    def close(self, mode: str) -> None:
        """Write the stop record and close the log."""
        self.write('stop', mode=mode)
        self._log.close()
