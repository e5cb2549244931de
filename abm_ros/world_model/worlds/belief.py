"""What is believed of the world."""

from dataclasses import dataclass

from abm_ros.world_model.worlds.actuator_map import ActuatorMap


@dataclass(frozen=True)
class Belief:
    """
    What is believed of the world after a transition.

    `change` is the evidence that the world is another one, as a share of what would be believed;
    `began` is how many transitions ago the world that is believed began, 0 if it did not change.
    """

    world: int
    map: ActuatorMap
    change: float
    began: int = 0
