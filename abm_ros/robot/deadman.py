"""The deadman of the motor gate: whether motors may move at all."""

import numpy as np


class DeadmanLatch:
    """
    Decides whether motors may move: heartbeat, its incarnation, and the age of the action.

    `arm` names the incarnation of System M that may open it; without a name the first one heard is
    adopted. When another incarnation appears the latch trips, and only a new `arm` (a new
    activation of the gate) can open it again. The operator's hold lasts through all of this until
    `release`.
    """

    def __init__(self, deadman_s: float, heartbeat_timeout_s: float) -> None:
        self.deadman_s = deadman_s
        self.heartbeat_timeout_s = heartbeat_timeout_s
        self._incarnation = ''
        self._heartbeat_s = -np.inf
        self._action_s = -np.inf
        self._allowed = False
        self._tripped = ''
        self.held = False
        self.disarm('the motor gate is not active')

    def arm(self, incarnation: str = '') -> None:
        """Accept the named System M, or the one that is alive; actions must still come."""
        self._incarnation, self._tripped = incarnation, ''
        self._heartbeat_s = self._action_s = -np.inf

    def disarm(self, reason: str) -> None:
        """Shut until armed again."""
        self._tripped = reason

    @property
    def tripped(self) -> bool:
        """Whether only a new `arm` can open it."""
        return bool(self._tripped)

    def hold(self) -> None:
        """Shut until `release`, whatever arms it or sends heartbeats meanwhile."""
        self.held = True

    def release(self) -> None:
        """End the operator's hold; the other conditions must still be met to open."""
        self.held = False
        self._action_s = -np.inf

    def heartbeat(self, incarnation: str, motors_open: bool, now_s: float) -> None:
        """Take a heartbeat of System M."""
        if self._incarnation and incarnation != self._incarnation and not self._tripped:
            self.disarm(f'System M changed from incarnation {self._incarnation} to '
                        f'{incarnation}')
        self._incarnation = self._incarnation or incarnation
        if incarnation == self._incarnation:
            self._heartbeat_s, self._allowed = now_s, motors_open

    def action(self, now_s: float) -> None:
        """Record that a valid action arrived."""
        self._action_s = now_s

    def shut_before_action(self, now_s: float) -> str:
        """Return why an arriving action must not move the motors, '' when it may."""
        if self.held:
            return 'the operator holds'
        if self._tripped:
            return self._tripped
        if now_s - self._heartbeat_s > self.heartbeat_timeout_s:
            return 'no fresh heartbeat of System M'
        return '' if self._allowed else 'System M says that the motors are shut'

    def shut(self, now_s: float) -> str:
        """Return why the gate is shut, '' when it is open."""
        reason = self.shut_before_action(now_s)
        if not reason and now_s - self._action_s > self.deadman_s:
            reason = 'no fresh action'
        return reason
