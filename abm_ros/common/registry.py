"""
Registries: objects found by name, built in or added by entry points of other packages.

A package adds one to the group 'abm_ros.bodies' with this in its setup.py:
`entry_points={'abm_ros.bodies': ['mine = my_package.my_module:MyBody']}`.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from abm_ros.common.errors import ConfigError


def load(target: str, owner: str) -> Any:
    """
    Import and return an object.

    :param target: 'module:attribute'.
    :param owner: the name used in errors.
    :raises ConfigError: it cannot be imported; the exception of the import is the cause.
    """
    module, colon, attribute = target.partition(':')
    if not (module and colon and attribute):
        raise ConfigError(f"{owner} is '{target}', expected 'module:attribute'")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{owner} cannot be loaded from '{target}': {error}") from error


class Registry:
    """
    The objects of one kind; each is imported only when it is asked for.

    :param group: of the entry points, e.g. 'abm_ros.bodies'.
    :param builtin: name -> 'module:attribute'; no other package can take these names.
    """

    def __init__(self, group: str, builtin: Mapping[str, str]) -> None:
        self.group = group
        self._builtin = dict(builtin)

    def names(self) -> list[str]:
        """Return the known names: built-in ones first, then those of other packages."""
        added = {entry.name for entry in self._added()} - set(self._builtin)
        return [*self._builtin, *sorted(added)]

    def get(self, name: str) -> Any:
        """
        Import and return the object of this name.

        :raises ConfigError: the name is unknown, is claimed by two packages, or its object
            cannot be imported; the exception of the import is the cause.
        """
        return load(self._builtin.get(name) or self._target(name), f"{self.group}: '{name}'")

    def _target(self, name: str) -> str:
        # A package may be on the path twice, as an installation and as a checkout.
        found = {entry.value for entry in self._added() if entry.name == name}
        if not found:
            raise ConfigError(f"{self.group}: '{name}' is unknown, expected one of "
                              f"{', '.join(self.names())}; other packages add to them by entry "
                              'points of this group')
        if len(found) > 1:
            raise ConfigError(f"{self.group}: '{name}' is claimed by {', '.join(sorted(found))}; "
                              'uninstall or rename all but one')
        return found.pop()

    def _added(self) -> list[EntryPoint]:
        # Read at each call, since paths may change and no control path asks.
        return list(entry_points(group=self.group))
