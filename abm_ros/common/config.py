"""
Configuration: frozen dataclasses whose fields carry description, unit and bounds.

A component declares its settings once, with `setting(...)`. The same declaration checks them,
becomes the ROS parameters of its node, and fills the tables of the documentation.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, make_dataclass
from typing import Any, TypeVar

from abm_ros.common.errors import ConfigError

T = TypeVar('T')
_KEY = 'abm_setting'
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setting:
    """The declaration of a configuration field, beside its type and default."""

    description: str
    unit: str = ''
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    runtime: bool = False
    formerly: str = ''


def setting(default: Any, description: str, *, unit: str = '', low: float | None = None,
            high: float | None = None, choices: tuple[str, ...] = (),
            runtime: bool = False, formerly: str = '') -> Any:
    """
    Declare a configuration field.

    :param default: default value: bool, int, float, str, or a tuple of str or float.
    :param description: one line for the parameter's description.
    :param unit: SI unit, '' when it has none.
    :param low: smallest value allowed (for tuples: of each element).
    :param high: largest value allowed.
    :param choices: the strings allowed; empty allows any.
    :param runtime: whether it may change while the component runs.
    :param formerly: its name in the last release, which is still taken, with a warning.
    """
    info = Setting(description, unit, low, high, choices, runtime, formerly)
    return field(default=default, metadata={_KEY: info})


def setting_of(item: 'Field[Any]') -> Setting:
    """Return the declaration of a dataclass field made by `setting`."""
    try:
        return item.metadata[_KEY]
    except KeyError:
        raise ConfigError(f"field '{item.name}' was not declared with setting(...)") from None


def check_value(owner: str, item: 'Field[Any]', value: Any) -> Any:
    """
    Check one value against its declaration and return it in the field's own type.

    :raises ConfigError: wrong type, not finite, out of bounds or not among the choices.
    """
    info, default = setting_of(item), item.default
    name = f'{owner}.{item.name}'
    if isinstance(default, tuple):
        if isinstance(value, str) or not hasattr(value, '__iter__'):
            raise ConfigError(f'{name}: expected a list, got {value!r}')
        kind = float if default and isinstance(default[0], float) else str
        return tuple(_check_scalar(name, info, kind, v) for v in value)
    return _check_scalar(name, info, type(default), value)


def _check_scalar(name: str, info: Setting, kind: type, value: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        # Beyond 2^53 a float is not exact, and float() refuses 10^400.
        value = float(value) if abs(value) <= 2 ** 53 else (
            math.inf if value > 0 else -math.inf)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise ConfigError(f'{name}: expected {kind.__name__}, got {value!r}')
    if isinstance(value, int | float) and not isinstance(value, bool):
        low = -float('inf') if info.low is None else info.low
        high = float('inf') if info.high is None else info.high
        if not low <= value <= high or value in (float('inf'), -float('inf')):
            unit = f' {info.unit}' if info.unit else ''
            raise ConfigError(f'{name}: {value!r} is out of bounds, '
                              f'expected a finite value in [{low:g}, {high:g}]{unit}')
    if info.choices and value not in info.choices:
        known = ', '.join(choice or "'' (none)" for choice in info.choices)
        raise ConfigError(f'{name}: {value!r} is unknown, expected one of {known}')
    return value


def check(config: Any) -> None:
    """
    Check every field of a frozen dataclass; call it from `__post_init__`.

    :raises ConfigError: naming the field, the bound and the value.
    """
    owner = type(config).__name__
    for item in fields(config):
        checked = check_value(owner, item, getattr(config, item.name))
        object.__setattr__(config, item.name, checked)


def from_mapping(cls: type[T], values: Mapping[str, Any]) -> T:
    """
    Build a configuration from a mapping; take former names and refuse unknown keys.

    :raises ConfigError: a key is unknown, or a value is refused.
    """
    values = renamed(cls, values)
    known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f'{cls.__name__}: unknown key {", ".join(map(repr, unknown))}, '
                          f'expected some of {", ".join(sorted(known))}')
    return cls(**values)


def renamed(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with former names replaced by today's, each with a warning."""
    today = dict(values)
    for item in fields(cls):
        former = setting_of(item).formerly
        if former and former in today:
            value = today.pop(former)
            today.setdefault(item.name, value)
            _LOG.warning(deprecation(cls.__name__, item))
    return today


def deprecation(owner: str, item: 'Field[Any]') -> str:
    """Return the warning about a setting that was given by its former name."""
    return (f"{owner}: '{setting_of(item).formerly}' is now called '{item.name}'; the former name "
            'is dropped in the next release')


def combined(name: str, *parts: type) -> type:
    """Return a configuration that has the fields of several, those of the first ones first."""
    return make_dataclass(name, [], bases=parts, namespace={'__post_init__': check}, frozen=True)


def section(cls: type[T], whole: Any) -> T:
    """Return the configuration of a part from a larger one that has all its fields."""
    return cls(**{item.name: getattr(whole, item.name)
                  for item in fields(cls)})  # type: ignore[arg-type]
