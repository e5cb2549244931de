"""The audit log as System M's effectors write it: before the effect, or there is none."""

import threading
from collections.abc import Mapping
from typing import Any

from abm_ros.common.errors import AbmError, GraphError
from abm_ros.meta.audit.log import AuditLog
from abm_ros.meta.decision import Refusal, Situation, table_hash, to_record
from abm_ros.meta.phi import Decision
from abm_ros.nodes.effectors.gate_control import GateControl


class AuditWriter:
    """Writes records from any thread; a record that cannot be written shuts the motors."""

    def __init__(self, log: AuditLog, gate: GateControl) -> None:
        self._log = log
        self._gate = gate
        self._lock = threading.Lock()
        self._phi_hash = ''
        self._refused: Refusal | None = None
        self._tripped: dict[str, str] = {}

    def start(self, incarnation: str, tables: Mapping[str, str], launched: Mapping[str, Any],
              in_force: Mapping[str, Any]) -> None:
        """
        Write what binds the decisions from here on.

        :param tables: the texts of 'phi' and 'constraints'.
        :param launched: the pin and the vetoes given at start.
        :param in_force: those in force.
        :raises GraphError: it cannot be written.
        """
        self._phi_hash = table_hash(tables['phi'])
        self.write('start', incarnation=incarnation, phi=self._phi_hash, phi_text=tables['phi'],
                   constraints_text=tables['constraints'], launched=dict(launched), **in_force)

    def write(self, kind: str, **body: Any) -> None:
        """
        Write a record; call this before the effect.

        :raises GraphError: it cannot be written, so nothing may take effect.
        """
        try:
            with self._lock:
                self._log.append(kind, **body)
        except (AbmError, OSError) as error:
            self._gate.close()
            raise GraphError(f'the audit log cannot be written, so nothing may take effect: '
                             f'{error}') from error

    def decision(self, kind: str, situation: Situation, decision: Decision) -> None:
        """Write a decision with all that made it."""
        self.write(kind, **to_record(situation, decision, self._phi_hash))

    def guards(self, tripped: Mapping[str, str]) -> list[str]:
        """Write which guards tripped or ended since the last call; return what is new."""
        changed = tripped.keys() ^ self._tripped.keys()
        for name in changed:
            self.write('guard', name=name, what=tripped.get(name, 'over'))
        self._tripped = dict(tripped)
        return [f'guard {name}: {tripped[name]}' for name in changed if name in tripped]

    def refusal(self, refusal: Refusal | None, mode: str) -> None:
        """Write what a rule refused, once until something else is refused or nothing is."""
        if refusal is not None and refusal != self._refused:
            self.write('refused', mode=mode, wanted=refusal.wanted, rule=refusal.rule)
        self._refused = refusal

    def close(self, mode: str) -> None:
        """Write the end and close the log."""
        self.write('stop', mode=mode)
        self._log.close()
