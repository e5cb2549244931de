"""Files and folders that appear under their names only when they are complete."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from abm_ros.common.errors import StoreError


@contextmanager
def whole_file(target: Path, overwrite: bool = False) -> Iterator[Path]:
    """
    Yield a path to write a file or folder to; at the end it is renamed to the target.

    :param overwrite: an older file of this name is replaced; a folder never is.
    :raises StoreError: the target exists, or cannot be written.
    """
    part = target.with_name(f'{target.name}.part')
    try:
        if target.exists() and not overwrite:
            raise StoreError(f'{target}: exists already; choose another name or move it away')
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(part)
        yield part
        part.replace(target)
    except OSError as error:
        raise StoreError(f'{target}: cannot be written: {error.strerror or error}') from error
    finally:
        with suppress(OSError):
            _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
