"""Carries out modulations within a mode; wires do not change."""

from abm_ros.meta.decision import Situation
from abm_ros.meta.phi import MODULATION_PERIOD_S, Decision, Modulation
from abm_ros.nodes.effectors.audit_writer import AuditWriter
from abm_ros.nodes.effectors.mode_settings import modulation_settings
from abm_ros.nodes.effectors.rewirer import Rewirer


class Modulator:
    """Sends a changed modulation to its nodes, one at a time."""

    def __init__(self, rewirer: Rewirer, writer: AuditWriter, speed_limit: float) -> None:
        """:param speed_limit: the constraints' motion envelope."""
        self._speed_limit = speed_limit
        self._rewirer = rewirer
        self._writer = writer
        self._in_force: Modulation | None = None
        self._sent_s = -float('inf')

    def entered(self, modulation: Modulation) -> None:
        """Take the modulation with which a mode was entered."""
        self._in_force = modulation

    def follow(self, situation: Situation, decision: Decision, now_s: float) -> None:
        """
        Send the decision's modulation if it changed and none is pending.

        :param now_s: monotonic time, s.
        """
        if (decision.modulation == self._in_force or self._rewirer.waits
                or now_s - self._sent_s < MODULATION_PERIOD_S):
            return
        self._sent_s = now_s
        self._writer.decision('modulate', situation, decision)
        for node, changes in modulation_settings(
                decision.modulation, self._speed_limit).items():
            self._rewirer.modulate(node, changes)
        self._in_force = decision.modulation

    def check(self) -> None:
        """
        Take the nodes' answers so far.

        :raises GraphError: a node refused or did not answer.
        """
        self._rewirer.check()
