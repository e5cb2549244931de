"""Bad models, made of good ones, by which benchmarks try the guard of dreams."""

from collections.abc import Callable

import numpy as np
from safetensors.numpy import load

from abm_ros.common import weights
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model.contract import WorldModelLearner

MIRRORED = 'mirrored'
_PREDICTOR = 'predictor.'
Change = Callable[[str, np.ndarray], np.ndarray]


def damaged(learner: type[WorldModelLearner], source: Snapshot, kind: str,
            rng: np.random.Generator) -> Snapshot:
    """
    Return a snapshot of the built-in System A whose predictors are bad.

    :param kind: 'mirrored', as learned in a world where all actuators have the other sign; or a
        number, the noise on each weight in deviations of the weights beside it.
    """
    def mirror(name: str, array: np.ndarray) -> np.ndarray:
        if name not in (f'{_PREDICTOR}skip', f'{_PREDICTOR}w0'):
            return array
        latent, changed = int(source.meta['latent']), array.copy()
        changed[:, latent:latent + source.spec.action_size] *= -1
        return changed

    def disturb(name: str, array: np.ndarray) -> np.ndarray:
        noise = float(kind) * array.std() * rng.standard_normal(array.shape, np.float32)
        return np.asarray(array + noise, np.float32)

    return _changed(learner, source, source.spec, mirror if kind == MIRRORED else disturb)


def _changed(learner: type[WorldModelLearner], source: Snapshot, spec: ObservationSpec,
             change: Change) -> Snapshot:
    """Return the snapshot with its predictors' arrays changed, and its graphs made anew."""
    arrays = {name: change(name, array) if name.startswith(_PREDICTOR) else array
              for name, array in load(source.blob(weights.BLOB)).items()}
    bad = Snapshot(source.kind, source.version, source.lineage, spec, source.config, source.meta,
                   {**source.blobs, **weights.pack(arrays)})
    return learner.restore(bad, spec).snapshot()
