"""gym_body: any Gymnasium goal environment, behind ros2_control's contract."""

from dataclasses import dataclass

from abm_ros.bodies.config import GymBodyConfig
from abm_ros.bodies.distractor import DISTRACTORS, distracted
from abm_ros.bodies.make import make_body_from
from abm_ros.bodies.types import Body
from abm_ros.common import names
from abm_ros.common.config import section, setting
from abm_ros.nodes.body_node import BodyNode
from abm_ros.ros.spin import run_node


@dataclass(frozen=True)
class GymBodyNodeConfig(GymBodyConfig):
    """Settings of the node: those of the environment, and how time runs."""

    controller: str = setting(
        names.CONTROLLER, 'Name of the controller whose commands are taken.')
    lock_step: bool = setting(
        False, 'Wait for the command that answers each state, and publish /clock.')
    distractor: str = setting(
        '', 'Something in sight that cannot be predicted.', choices=DISTRACTORS)
    autostart: bool = setting(True, 'Configure and activate at start.')


def _make(config: GymBodyNodeConfig) -> Body:
    return distracted(make_body_from(section(GymBodyConfig, config)), config.distractor,
                      config.seed)


def main() -> int:
    """Run the node."""
    return run_node(lambda: BodyNode('gym_body', GymBodyNodeConfig, _make), autostart=True)
