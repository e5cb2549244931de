"""System M's heartbeat: std_msgs/Header whose frame_id names incarnation, mode and motors."""

from dataclasses import dataclass

from abm_ros.common.errors import SpecError


@dataclass(frozen=True)
class Heartbeat:
    """One heartbeat; the incarnation is a new id at every start of System M."""

    incarnation: str
    mode: str
    motors_open: bool

    def text(self) -> str:
        """Return the text for frame_id."""
        return f'{self.incarnation}/{self.mode}/{"open" if self.motors_open else "shut"}'

    @classmethod
    def parse(cls, text: str) -> 'Heartbeat':
        """Parse a frame_id; refuse any other text."""
        parts = text.split('/')
        if len(parts) != 3 or not parts[0] or parts[2] not in ('open', 'shut'):
            raise SpecError('heartbeat: expected <incarnation>/<mode>/<open or shut>, '
                            f'got {text!r}')
        return cls(parts[0], parts[1], parts[2] == 'open')
