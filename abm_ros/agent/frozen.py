"""An agent that acts with fixed snapshots and learns nothing."""

import numpy as np

from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.policy.controller import Controller, ControllerConfig
from abm_ros.policy.planner import Objective
from abm_ros.world_model.perception import Perception


class FrozenAgent:
    """
    Does what the acting nodes do with their snapshots; records nothing.

    :param spec: what the body observes and takes.
    :param planner: how System B acts and how much it searches.
    :param snapshots: of Systems A and B; without both the agent babbles.
    :param rng: source of babbling and plans: the only randomness.
    :param objective: what System M asks of System B.
    :raises SnapshotError: a snapshot does not fit.
    """

    def __init__(self, spec: ObservationSpec, planner: ControllerConfig,
                 snapshots: tuple[Snapshot, Snapshot | None] | None, rng: np.random.Generator,
                 objective: Objective | None = None) -> None:
        self._objective = objective or Objective()
        self._goal = spec.goal_slice
        self._perception = Perception(spec)
        self._behaviour = Controller(spec, planner, rng)
        if snapshots is not None and snapshots[1] is not None:
            self._perception.load(snapshots[0])
            self._behaviour.load(snapshots[1])

    def act(self, observation: Observation) -> np.ndarray:
        """Return the action (A,) float32 in [-1, 1] for an observation."""
        latent = self._perception.encode(observation.vector)
        action = self._behaviour.act(latent, self._perception.lineage, observation.goal,
                                     observation.step == 0, self._objective)
        self._behaviour.prepare(observation.vector[self._goal], success=observation.success,
                                reward=observation.reward)
        return action

    def executed(self, stamp_ns: int, action: np.ndarray) -> None:
        """Ignore the executed action, since nothing is learned."""
