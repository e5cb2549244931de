"""The folders that `ros2 bag record` writes: `metadata.yaml` and the files that it names."""

from pathlib import Path
from typing import Any

import yaml

from abm_ros.common.errors import StoreError

METADATA = 'metadata.yaml'


def files_of(path: Path) -> list[Path]:
    """
    Return the MCAP files of a bag, in their order; a file stands for itself.

    :raises StoreError: it is stored as SQLite or compressed as a whole, or lacks a file.
    """
    if path.is_file():
        if path.suffix == '.db3':
            raise _unsupported(path, 'SQLite (.db3)')
        return [path]
    told = _information(path / METADATA)
    if told.get('storage_identifier') == 'sqlite3':
        raise _unsupported(path, 'SQLite (.db3)')
    if told.get('compression_mode', '').lower() not in ('', 'none'):
        raise _unsupported(path, f'compressed by rosbag2 ({told["compression_mode"].lower()})')
    files = [path / Path(str(name)).name for name in told.get('relative_file_paths') or ()]
    missing = [file.name for file in files if not file.is_file()]
    if missing or not files:
        raise StoreError(f'{path}: expected the files that {METADATA} names, '
                         f'lacks {", ".join(missing) or "any"}')
    return files


def _information(path: Path) -> dict[str, Any]:
    try:
        told = yaml.safe_load(path.read_text(encoding='utf-8'))['rosbag2_bagfile_information']
        return dict(told)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise StoreError(f"{path}: expected rosbag2's metadata: "
                         f'{" ".join(str(error).split())}') from error


def _unsupported(path: Path, what: str) -> StoreError:
    bag = path if path.is_dir() else path.parent
    return StoreError(
        f'{path}: is stored as {what}, expected MCAP; convert it by: pip install rosbags && '
        f'rosbags-convert --src {bag} --dst {bag.resolve().name}_mcap --dst-storage mcap')
