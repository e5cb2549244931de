"""Finds the package's own data files (config, urdf, launch)."""

import os
import sys
from pathlib import Path

from abm_ros.common.errors import AbmError, ConfigError
from abm_ros.common.tables import read_text

PACKAGE = 'abm_ros'
_SOURCE_TREE = Path(__file__).resolve().parents[2]


def share_file(relative: str) -> Path:
    """
    Return the path of a data file: in the source tree, an ament prefix or sys.prefix.

    :raises ConfigError: the file is in none of them.
    """
    prefixes = [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    places = [_SOURCE_TREE] + [
        prefix / 'share' / PACKAGE for prefix in (*prefixes, Path(sys.prefix))]
    for place in places:
        if (place / relative).is_file():
            return place / relative
    raise ConfigError(f'{relative} is not installed with {PACKAGE}: looked in '
                      f'{", ".join(map(str, places))}; reinstall the package')


def table_text(path: str, default: str, error: type[AbmError] = ConfigError) -> str:
    """
    Return the text of a table: of the file at `path`, or of the package's own, `config/<default>`.

    :raises AbmError: of class `error`, it cannot be read.
    """
    try:
        file = Path(path).expanduser() if path else share_file(f'config/{default}')
    except RuntimeError as cause:   # ~somebody without a home
        raise error(f'{path}: {cause}') from cause
    return read_text(file, error)


def life_text(name: str) -> str:
    """
    Return the text of a script of a life: of a file, or of the package's own in config/lives.

    :raises ConfigError: there is none.
    """
    path = Path(name).expanduser()
    return read_text(path if path.is_file() else share_file(f'config/lives/{name}'), ConfigError)
