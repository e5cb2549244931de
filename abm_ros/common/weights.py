"""The part of a snapshot that a learner continues from: settings and arrays of weights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
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


def mixed(one: Snapshot, others: Sequence[Snapshot], share: float) -> Snapshot:
    """
    Return a snapshot whose weights are moved from one's towards the mean of others'.

    Its graphs are still those of the one: whoever restores it makes them anew.

    :param others: at least one, learned from the one: of the same shapes.
    :param share: of the way, in [0, 1].
    :raises SnapshotError: weights cannot be read, or do not fit each other.
    """
    start = _read(one)
    ends = [_read(other) for other in others]
    for end in ends:
        if {n: a.shape for n, a in end.items()} != {n: a.shape for n, a in start.items()}:
            raise SnapshotError(f'{one.kind} weights do not fit each other: expected snapshots '
                                'of one lineage')
    moved = {name: (array + share * (np.mean([end[name] for end in ends], axis=0) - array)
                    ).astype(array.dtype) for name, array in start.items()}
    return replace(one, blobs={**one.blobs, **pack(moved)})


def _read(source: Snapshot) -> dict[str, np.ndarray]:
    try:
        return dict(load_safetensors(source.blob(BLOB)))
    except SnapshotError:
        raise
    except Exception as error:  # safetensors raises a type of its own without a common base
        raise SnapshotError(f'{source.kind} weights cannot be read: {error}') from error


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
    arrays, kind = _read(source), source.kind
    got = {name: tuple(array.shape) for name, array in arrays.items()}
    if got != dict(shapes):
        wrong = sorted(n for n in {*got, *shapes} if got.get(n) != shapes.get(n))
        raise SnapshotError(f'{kind} weights do not fit their config: {", ".join(wrong[:5])}')
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise SnapshotError(f'{kind} weights are not finite')
    # In one order: safetensors gives any, and sums over all gradients depend on it.
    return {name: np.asarray(arrays[name], np.float32) for name in shapes}
