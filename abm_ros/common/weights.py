"""The part of a snapshot that a learner continues from: settings and arrays of weights."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from abm_ros.common.config import from_mapping
from abm_ros.common.errors import ConfigError, SnapshotError
from abm_ros.common.snapshot import Snapshot

T = TypeVar('T')
BLOB = 'weights'


def pack(arrays: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """Return the blob of weights for a snapshot."""
    return {BLOB: save_safetensors(dict(arrays))}


def settings_of(source: Snapshot, cls: type[T]) -> T:
    """
    Return the settings that a snapshot was made with.

    :raises SnapshotError: the settings are not of this class.
    """
    try:
        return from_mapping(cls, source.config)
    except (ConfigError, TypeError) as error:
        raise SnapshotError(f'{source.kind} snapshot cannot be used: {error}') from error


def holds(source: Snapshot, name: str) -> bool:
    """Tell whether a snapshot has weights of this name; one that cannot be read has none."""
    try:
        return name in load_safetensors(source.blob(BLOB))
    except Exception:  # `unpack` says what is wrong with it
        return False


def unpack(source: Snapshot, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """
    Return the float32 weights of a snapshot.

    :param shapes: the exact names and shapes expected.
    :raises SnapshotError: they cannot be read, do not fit or are not finite.
    """
    data, kind = source.blob(BLOB), source.kind
    try:
        arrays = load_safetensors(data)
    except Exception as error:  # safetensors raises a type of its own without a common base
        raise SnapshotError(f'{kind} weights cannot be read: {error}') from error
    got = {name: tuple(array.shape) for name, array in arrays.items()}
    if got != dict(shapes):
        wrong = sorted(n for n in {*got, *shapes} if got.get(n) != shapes.get(n))
        raise SnapshotError(f'{kind} weights do not fit their config: {", ".join(wrong[:5])}')
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise SnapshotError(f'{kind} weights are not finite')
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}
