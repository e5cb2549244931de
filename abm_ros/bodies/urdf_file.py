"""
URDF files for the simulator: as it can read them, with every mesh that they name found.

A mesh of `package://name/...` is looked for in the folders of `package_path`, in the ament index
(`share` of what AMENT_PREFIX_PATH names), and in the folders above the URDF file.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from abm_ros.common.errors import BodyError

_FILE = re.compile(r'(<(?:mesh|texture)\b[^>]*?\bfilename\s*=\s*)(["\'])(.*?)\2')
_SCHEME = re.compile(r'(\w+)://(.*)')
_PACKAGE_SCHEMES = ('package', 'model')


@contextlib.contextmanager
def loadable(text: str, path: Path, package_path: Sequence[str] = ()) -> Iterator[Path]:
    """
    Lend the path of a copy of a URDF whose meshes are named by absolute paths.

    :param text: what the file holds.
    :param path: where it lies; relative names of meshes count from there.
    :param package_path: folders of packages, or packages.
    :raises BodyError: a mesh is not there; names it and where it was looked for.
    """
    def absolute(found: re.Match[str]) -> str:
        place = _find(found[3], path, package_path)
        return f'{found[1]}{found[2]}{place}{found[2]}'

    with tempfile.TemporaryDirectory(prefix='abm_ros_') as folder:
        copy = Path(folder) / path.name
        copy.write_text(_FILE.sub(absolute, text), encoding='utf-8')
        yield copy


def _find(name: str, path: Path, package_path: Sequence[str]) -> Path:
    scheme = _SCHEME.fullmatch(name)
    if scheme is None or scheme[1] == 'file':
        place = path.resolve().parent / (scheme[2] if scheme else name)
        if not place.is_file():
            raise BodyError(f"'{path.name}' names the mesh '{name}', expected it at {place}")
        return place
    if scheme[1] not in _PACKAGE_SCHEMES:
        raise BodyError(f"'{path.name}' names the mesh '{name}', expected a path, file:// or "
                        'package://')
    package, _, rest = scheme[2].partition('/')
    for folder in _packages(package, path, package_path):
        if (folder / rest).is_file():
            return folder / rest
    raise BodyError(
        f"'{path.name}' names the mesh '{name}': no package '{package}' with it in "
        f'package_path ({", ".join(package_path) or "empty"}), AMENT_PREFIX_PATH or above the '
        'file; source the workspace that has it, or give --package-path FOLDER_OF_PACKAGES')


def _packages(package: str, path: Path, package_path: Sequence[str]) -> Iterator[Path]:
    """Yield the folders where a package may be, those that were named first."""
    for folder in map(Path, package_path):
        yield folder.expanduser().resolve() / package
        if folder.resolve().name == package:
            yield folder.expanduser().resolve()
    for prefix in filter(None, os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)):
        yield Path(prefix) / 'share' / package
    for folder in path.resolve().parents:
        yield folder / package
        if folder.name == package:
            yield folder
