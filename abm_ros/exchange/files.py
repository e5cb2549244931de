"""Files and folders that appear under their names only when they are complete."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from abm_ros.core.errors import StoreError


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """
    Yield a path to write to; what is there at the end becomes the target, a file or a folder.

    :raises StoreError: the target exists, or cannot be written.
    """
    if target.exists():
        raise StoreError(f'{target}: exists already; choose another name or move it away')
    part = target.with_name(f'{target.name}.part')
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(part)
        yield part
        part.replace(target)
    except OSError as error:
        raise StoreError(f'{target}: cannot be written: {error.strerror or error}') from error
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
