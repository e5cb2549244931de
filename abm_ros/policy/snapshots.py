"""System B's snapshots, of any implementation: graphs for acting, weights for learning."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from abm_ros.common import weights
from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot
from abm_ros.policy.contract import PolicyLearner
from abm_ros.world_model.contract import WorldModel

KIND = 'system_b'


def write(learner: PolicyLearner, world: WorldModel, config: Any, arrays: Mapping[str, np.ndarray],
          graphs: Mapping[str, bytes], horizon: int = 0) -> Snapshot:
    """
    Return the snapshot of a policy.

    :param world: the model to plan in.
    :param config: the learner's settings, see `contract.PolicySettings`.
    :param arrays: everything that the learner continues from.
    :param graphs: see `contract`.
    :param horizon: H of the graphs that plan.
    """
    told = {'implementation': config.implementation, 'world_lineage': world.lineage,
            'world_version': world.version, 'latent': world.latent_size, 'horizon': horizon}
    return Snapshot(KIND, learner.version, learner.lineage, world.spec, asdict(config), told,
                    {**weights.pack(arrays), **graphs})


def check(source: Snapshot, world: WorldModel) -> None:
    """
    Refuse anything but a snapshot of System B for this System A.

    :raises SnapshotError: of another kind, spec or lineage of System A.
    """
    if source.kind != KIND or source.spec != world.spec:
        raise SnapshotError(f'expected a snapshot of {KIND} with the same observation spec, '
                            f"got '{source.kind}'")
    if source.meta.get('world_lineage') != world.lineage:
        raise SnapshotError(f"{KIND}'s snapshot reads latents of lineage "
                            f"{source.meta.get('world_lineage')}, System A has {world.lineage}; "
                            'keep both snapshots of a life together')
