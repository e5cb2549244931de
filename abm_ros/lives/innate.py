"""Innate models: what a life of a kind of body begins with, both Systems in one file."""

from pathlib import Path

from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot

KIND = 'innate'
_PARTS = ('system_a', 'system_b')


def save_innate(path: Path, system_a: Snapshot, system_b: Snapshot) -> None:
    """
    Write both models as one file, atomically.

    :raises SnapshotError: it cannot be written.
    """
    Snapshot(KIND, system_a.version, system_a.lineage, system_a.spec, {}, {}, {
        'system_a': system_a.to_bytes(), 'system_b': system_b.to_bytes()}).save(path)


def load_innate(path: Path) -> tuple[Snapshot, Snapshot]:
    """
    Read both models.

    :raises SnapshotError: missing, damaged, or no innate models.
    """
    source = Snapshot.load(path)
    if source.kind != KIND:
        raise SnapshotError(f"{path} holds a '{source.kind}', expected innate models as `abm "
                            'evolve` writes them')
    system_a, system_b = (Snapshot.from_bytes(source.blob(part)) for part in _PARTS)
    if (system_a.kind, system_b.kind) != _PARTS:
        raise SnapshotError(f'{path}: expected models of {" and ".join(_PARTS)}, got '
                            f'{system_a.kind} and {system_b.kind}')
    return system_a, system_b


def lay_innate(path: Path, models: Path) -> bool:
    """
    Let the learners of a graph begin with innate models; a life that has models keeps its own.

    :param models: the folder that the learners keep their models in.
    :return: whether they were laid there.
    :raises SnapshotError: as `load_innate`, or it cannot be written.
    """
    found = load_innate(path)
    if any((models / f'{part}.abm').exists() for part in _PARTS):
        return False
    for part, snapshot in zip(_PARTS, found, strict=True):
        snapshot.save(models / f'{part}.abm')
    return True
