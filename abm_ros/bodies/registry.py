"""
The kinds of bodies by name; other packages add theirs to the group `abm_ros.bodies`.

In 'bullet:reach:camera' the kind is 'bullet'; the kind itself reads the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from abm_ros.bodies.types import Body
from abm_ros.common import names
from abm_ros.common.errors import BodyError, ConfigError
from abm_ros.common.registry import Registry

BODIES = Registry('abm_ros.bodies', {'bullet': 'abm_ros.bodies.kinds:BULLET',
                                     'gym': 'abm_ros.bodies.kinds:GYM'})
# Settings that benchmarks and graph set on every body.
_NEEDED = ('seed', 'ends_at_success')


def _no_variants(rest: str) -> dict[str, Any]:
    if rest:
        raise BodyError(f"there is no '{rest}' of this kind, expected nothing after it")
    return {}


@dataclass(frozen=True)
class BodyKind:
    """
    A kind of body; the object must be fast to import.

    :param config: a frozen dataclass of `common.config.setting`s with at least `seed` and
        `ends_at_success`. Fields named as in `bringup.graph.body_settings` (`urdf`, `gui`,
        `interface`, `tool_link`, `control_rate_hz`) get what the user of the graph chose.
    :param make: makes the body of a configuration, and imports its simulator only then.
    :param forms: how its names are written, for help and errors.
    :param parse: turns the rest of a name into settings; raises BodyError or ValueError for an
        unknown one.
    :param interface: 'position', 'velocity' or 'effort' if its commands are always of that kind;
        '' takes the graph's `command_interface`.
    :param node: name of its node in the graph.
    """

    config: type[Any]
    make: Callable[[Any], Body]
    forms: str
    parse: Callable[[str], Mapping[str, Any]] = _no_variants
    interface: str = ''
    node: str = names.BODY

    def __post_init__(self) -> None:
        missing = [name for name in _NEEDED if name not in self.settings]
        if missing:
            raise ConfigError(f'{self.config.__name__}: a body needs the setting '
                              f'{", ".join(missing)}; declare it with setting(...)')

    @property
    def settings(self) -> frozenset[str]:
        """Names of its settings."""
        return frozenset(item.name for item in fields(self.config))


def kind_of(body: str) -> tuple[BodyKind, Mapping[str, Any]]:
    """
    Return the kind of a named body and the settings that the name stands for.

    :raises BodyError: no such kind, or the kind knows no such body.
    :raises ConfigError: the entry of another package cannot be used.
    """
    name, _, rest = body.partition(':')
    if name not in BODIES.names():
        raise BodyError(f"body '{body}': expected {forms()}")
    kind = BODIES.get(name)
    if not isinstance(kind, BodyKind):
        raise ConfigError(f"{BODIES.group}: '{name}' is {kind!r}, expected a BodyKind")
    try:
        return kind, kind.parse(rest)
    except (BodyError, ValueError) as error:
        raise BodyError(f"body '{body}': {error}") from error


def forms() -> str:
    """Return the forms of bodies' names; entries that cannot be used are left out."""
    found = []
    for name in BODIES.names():
        try:
            found.append(BODIES.get(name).forms)
        except ConfigError:
            continue
    return ', '.join(found)
