"""Options for reading the bag of another robot."""

from dataclasses import dataclass

from abm_ros.common.config import check, setting


@dataclass(frozen=True)
class BagOptions:
    """Options for reading a bag; empty ones are taken from the bag."""

    joints: tuple[str, ...] = setting((), 'in the order of the commands')
    urdf: str = setting('', 'the text of a robot description')
    joint_topic: str = setting('', 'where the joint states are')
    command_topic: str = setting('', 'where the commands are')
    interface: str = setting('position', 'what the commands are',
                             choices=('position', 'velocity', 'effort'))
    period_s: float = setting(0.05, 'control period of a record that does not exist yet',
                              unit='s', low=0.001, high=60.0)
    tolerance: float = setting(0.05, 'goal tolerance of such a record', low=1e-6, high=1e3)
    tool_link: str = setting('', "the tool's link")

    def __post_init__(self) -> None:
        check(self)
