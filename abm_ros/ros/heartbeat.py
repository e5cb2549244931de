"""System M's heartbeat: std_msgs/Header whose frame_id names incarnation, mode and motors."""

from dataclasses import dataclass

from abm_ros.common.errors import SpecError


@dataclass(frozen=True)
class Heartbeat:
    """What one heartbeat says; the id changes with every start of System M."""

    incarnation: str
    mode: str
    motors_open: bool

    def text(self) -> str:
        """Return the frame_id that carries it."""
        return f'{self.incarnation}/{self.mode}/{"open" if self.motors_open else "shut"}'

    @classmethod
    def parse(cls, text: str) -> 'Heartbeat':
        """Parse a frame_id; refuse anything that System M would not write."""
        parts = text.split('/')
        if len(parts) != 3 or not parts[0] or parts[2] not in ('open', 'shut'):
            raise SpecError(f'not a heartbeat: {text!r}')
        return cls(parts[0], parts[1], parts[2] == 'open')
