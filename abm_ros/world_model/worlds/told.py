"""What System A tells others of the world: its number, since when, and what actions do in each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from abm_ros.common.scaling import clip_unit
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.belief import Belief
from abm_ros.world_model.worlds.tracker import WorldTracker


@dataclass(frozen=True)
class ToldWorld:
    """
    What is believed of the world after an observation, for System B and memory.

    `began` is how many transitions ago the world began, 0 where it did not change now. `change` is
    the evidence in [0, 1] that it is another one. `doubt` in [0, 1] is how little is known of what
    actions do in it: 1 as it was opened, 0 in the first world.
    """

    world: int
    began: int
    change: float
    doubt: float
    maps: Mapping[int, ActuatorMap]     # of every world that is known, in single precision

    @classmethod
    def of(cls, tracker: WorldTracker, belief: Belief | None) -> 'ToldWorld':
        """
        Return what to tell of a tracker.

        :param belief: after a transition; None where none led to the observation.
        """
        maps = {world: known.told for world, known in tracker.maps.items()}
        doubt = clip_unit(tracker.map.gain_deviation / tracker.config.gain_spread)
        if belief is None:
            return cls(tracker.world, 0, tracker.change, doubt, maps)
        return cls(belief.world, belief.began, belief.change, doubt, maps)

    @property
    def actuators(self) -> ActuatorMap | None:
        """What actions do in the world that is believed; None where worlds are not told apart."""
        return self.maps.get(self.world)


class HeardWorld(NamedTuple):
    """
    What System A told of the world, with the stamp of the observation that it derives from.

    `number` counts what it told since its start. `since_ns` is the stamp at which the world began;
    0 where that was before System A's start.
    """

    stamp_ns: int
    number: int
    since_ns: int
    told: ToldWorld
