"""The graphs of one snapshot of System B, ready to act; numpy and onnxruntime only."""

import numpy as np

from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot, session, trial
from abm_ros.policy.planner import Planner, PlannerConfig

PLANNING = ('predict', 'proposal', 'rollout')


class ActingModel:
    """
    The graphs of a snapshot, which are replaced together; `contract` says what they compute.

    :param settings: of the planner; a snapshot without its graphs gets no planner.
    :raises SnapshotError: a graph does not load or does not fit its snapshot.
    """

    def __init__(self, source: Snapshot, settings: PlannerConfig) -> None:
        self.version, self.spec = source.version, source.spec
        self.world = str(source.meta.get('world_lineage', ''))
        try:
            self.latent = int(source.meta['latent'])
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f'system_b snapshot tells no size of latents: {error}') from error
        plans = any(name in source.blobs for name in PLANNING)
        self.planner = Planner(settings, source) if plans else None
        policy = session(source.blob('policy'))
        latent = np.zeros((1, self.latent), np.float32)
        action = np.zeros((1, source.spec.action_size), np.float32)
        goal = np.zeros((1, source.spec.goal_size), np.float32)
        trial(policy, {'latent': latent, 'goal': goal}, {'action': action.shape})
        self.policy = policy.run
        if plans:
            predict = session(source.blob('predict'))
            trial(predict, {'latent': latent, 'action': action}, {
                'next': latent.shape, 'proximity': (1,), 'observation': (1, source.spec.numbers)})
            self.predict = predict.run
