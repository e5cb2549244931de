"""System A's snapshots, of any implementation: the graphs of `export.py` and the weights."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from abm_ros.common import weights
from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model import export
from abm_ros.world_model.contract import WorldModel

KIND = 'system_a'


def write(model: WorldModel, config: Any, arrays: Mapping[str, np.ndarray],
          meta: Mapping[str, Any] | None = None) -> Snapshot:
    """
    Return the snapshot of a model.

    :param config: the settings of its learner, see `contract.WorldModelSettings`.
    :param arrays: everything that the learner continues from and the model is read from.
    :param meta: further plain values.
    """
    told = {'implementation': config.implementation, 'latent': model.latent_size, **(meta or {})}
    return Snapshot(KIND, model.version, model.lineage, model.spec, asdict(config), told,
                    {**weights.pack(arrays), **export.graphs(model)})


def check(source: Snapshot, spec: ObservationSpec) -> None:
    """
    Refuse anything but a snapshot of System A with this observation spec.

    :raises SnapshotError: of another kind or another spec.
    """
    if source.kind != KIND:
        raise SnapshotError(f"expected a snapshot of {KIND}, got '{source.kind}'")
    if source.spec != spec:
        raise SnapshotError('snapshot was learned on another body or task: its observation spec '
                            'differs; start with an empty models folder')
