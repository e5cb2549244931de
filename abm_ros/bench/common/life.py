"""The life of an agent in a body, as the benchmarks live it."""

from abm_ros.agent.life import Life
from abm_ros.bodies.types import Body
from abm_ros.robot.motor_guard import MotorConfig


def life_in(body: Body) -> Life:
    """Return the life of an agent in a body, with the motor settings that fit it."""
    return Life(body, MotorConfig(command_interface=body.interface,
                                  control_period_s=body.control_period_s))
