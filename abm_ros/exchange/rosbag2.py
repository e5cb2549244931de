"""The folders that `ros2 bag record` writes: `metadata.yaml` and the files that it names."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from abm_ros.common.errors import StoreError

METADATA = 'metadata.yaml'


def is_bag(path: Path) -> bool:
    """Tell whether a folder was written by `ros2 bag record`, even if incomplete."""
    return (path / METADATA).exists() or bool(_stored(path, '.mcap') or _stored(path, '.db3'))


def files_of(path: Path) -> list[Path]:
    """
    Return the MCAP files of a bag, in their order; a single file is returned as it is.

    :raises StoreError: it is stored as SQLite or compressed as a whole, or lacks a file.
    """
    if path.is_file():
        if path.suffix == '.db3':
            raise _sqlite(path)
        return [path]
    if not (path / METADATA).exists():
        raise _without_metadata(path)
    told = _information(path / METADATA)
    if told.get('storage_identifier') == 'sqlite3':
        raise _sqlite(path)
    if told.get('compression_mode', '').lower() not in ('', 'none'):
        raise _unsupported(path, f'compressed by rosbag2 ({told["compression_mode"].lower()})',
                           [path])
    files = [path / Path(str(name)).name for name in told.get('relative_file_paths') or ()]
    missing = [file.name for file in files if not file.is_file()]
    if missing or not files:
        raise StoreError(f'{path}: expected the files that {METADATA} names, '
                         f'lacks {", ".join(missing) or "any"}')
    return files


def _stored(folder: Path, suffix: str) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix == suffix)


def _information(path: Path) -> dict[str, Any]:
    try:
        told = yaml.safe_load(path.read_text(encoding='utf-8'))['rosbag2_bagfile_information']
        return dict(told)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise StoreError(f"{path}: expected rosbag2's metadata: "
                         f'{" ".join(str(error).split())}') from error


def _without_metadata(path: Path) -> StoreError:
    """Return a hint for a recording without metadata."""
    files = _stored(path, '.mcap')
    if not files:
        return _sqlite(path)
    way = (f'import the file itself, {files[0]}' if len(files) == 1 else
           f'write it by: {shlex.join(["ros2", "bag", "reindex", "-s", "mcap", str(path)])}')
    return StoreError(f'{path}: has no {METADATA}, which a recording gets when it ends; {way}')


def _sqlite(path: Path) -> StoreError:
    """Return the command that converts a bag of SQLite files, with or without metadata."""
    bag = path if path.is_dir() else path.parent
    if (bag / METADATA).exists():
        return _unsupported(path, 'SQLite (.db3)', [bag])
    return _unsupported(path, 'SQLite (.db3)', [path] if path.is_file() else
                        _stored(path, '.db3'))


def _unsupported(path: Path, what: str, sources: Sequence[Path]) -> StoreError:
    command = shlex.join(['rosbags-convert', '--src', *map(str, sources), '--dst',
                          f'{sources[0].resolve().stem}_mcap', '--dst-storage', 'mcap'])
    return StoreError(f"{path}: is stored as {what}, expected MCAP; convert it by: pip install "
                      f"'rosbags>=0.11' && {command}")
