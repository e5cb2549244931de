"""The profile that Fast DDS reads: without the look-up of types, which crashes (decision 0051)."""

from collections.abc import MutableMapping
from pathlib import Path

from abm_ros.common.share import share_file

_VARIABLE = 'FASTDDS_DEFAULT_PROFILES_FILE'
_FORMERLY = 'FASTRTPS_DEFAULT_PROFILES_FILE'
_IN_FOLDER = 'DEFAULT_FASTDDS_PROFILES.xml'


def choose_profile(environment: MutableMapping[str, str], folder: Path) -> None:
    """
    Name our profile in the environment, unless the user has one.

    :param environment: of this process, before rclpy is initialised.
    :param folder: the working directory, where Fast DDS looks for a profile too.
    :raises ConfigError: our profile is not installed.
    """
    if not (environment.get(_VARIABLE) or environment.get(_FORMERLY)
            or (folder / _IN_FOLDER).exists()):
        environment[_VARIABLE] = str(share_file('config/fastdds.xml'))
