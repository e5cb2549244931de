"""Declaration of telemetry: the fields of a class, and the common fields of all nodes."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from math import inf, isfinite, isinf, isnan, nan
from numbers import Real
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from abm_ros.common.errors import SpecError

_KEY = 'abm_telemetry'


@dataclass(frozen=True)
class Declared:
    """
    The declaration of one field.

    `wire` is its name in a message. `unknown` says when a number is NaN, beside the time before
    its node is heard. `exact` numbers are also sent as words, since float32 is exact only up to 16
    million.
    """

    name: str
    type: type
    description: str
    wire: str
    unit: str = ''
    low: float = 0.0
    high: float = inf
    unknown: str = ''
    exact: bool = False


def number(description: str, *, unit: str = '', low: float = 0.0, high: float = inf,
           unknown: str = '', exact: bool = False) -> Any:
    """
    Declare a number.

    :param description: one line for the documentation.
    :param unit: SI unit, '' when it has none.
    :param low: smallest value that a sound node reports.
    :param high: largest value.
    :param unknown: when a node that is heard does not know the number.
    :param exact: a count that must stay exact beyond 16 million.
    """
    return field(default=nan, metadata={_KEY: Declared(
        '', float, description, '', unit, low, high, unknown, exact)})


def words(description: str, *, wire: str = '') -> Any:
    """
    Declare words.

    :param wire: their name in a message, if it differs from the field's.
    """
    return field(default='', metadata={_KEY: Declared('', str, description, wire)})


def by_name(description: str) -> Any:
    """Declare a mapping for numbers whose names are known only at run time."""
    return field(default_factory=lambda: MappingProxyType({}), metadata={
        _KEY: Declared('', dict, description, '')})


@dataclass(frozen=True)
class Telemetry:
    """
    Fields that every node reports.

    :raises SpecError: a field is of another type.
    """

    node: ClassVar[str] = ''

    refused: float = number('Messages and settings that were refused since the start.')
    faults: float = number('Exceptions in callbacks since the start.')
    state: str = words('Lifecycle state.')
    incarnation: str = words('Id of the process; of a node that was restarted, a later one.')
    process: str = words('Machine and process id, by which System M ends it.')

    def __post_init__(self) -> None:
        for item in schema(type(self)).items:
            value: Any = getattr(self, item.name)
            if not _fits(item, value):    # what comes off the wire does
                object.__setattr__(self, item.name, _checked(type(self), item, value))


def _fits(item: Declared, value: Any) -> bool:
    """Tell whether a value needs no conversion."""
    if item.type is float:
        return type(value) is float and not isinf(value)
    return item.type is str and type(value) is str


def _checked(kind: type[Telemetry], item: Declared, value: Any) -> Any:
    """Return a field's value in its own type."""
    if item.type is float and isinstance(value, Real):
        return float(value) if isfinite(value) else nan
    if item.type is str and isinstance(value, str):
        return value
    if item.type is dict and isinstance(value, Mapping) and all(
            isinstance(v, Real) and _may_be_added(kind, name) for name, v in value.items()):
        return MappingProxyType({name: float(v) for name, v in value.items() if isfinite(v)})
    expected = {float: 'a number', str: 'words',
                dict: 'numbers by names of letters, digits and _ that no field has'}[item.type]
    raise SpecError(f"telemetry of {kind.node or 'a node'}: field '{item.name}': expected "
                    f'{expected}, got {value!r}')


def _may_be_added(kind: type[Telemetry], name: Any) -> bool:
    """Tell whether a number of this name may be sent beside the declared ones."""
    return (isinstance(name, str) and name.isascii() and name.isidentifier()
            and name not in schema(kind).numbers)


class Schema(NamedTuple):
    """
    The fields of a class, in the order of the message: a node's own come first.

    `numbers` and `words` are those of each kind by their names in a message; `rest` is the field
    that takes numbers of any other name, '' for none.
    """

    items: tuple[Declared, ...]
    numbers: Mapping[str, Declared]
    words: Mapping[str, Declared]
    rest: str


_SCHEMAS: dict[type, Schema] = {}    # cached, since every message needs it


def schema(kind: type[Telemetry]) -> Schema:
    """Return the schema of a class."""
    if kind not in _SCHEMAS:
        parent = kind.__mro__[1]
        inherited = schema(parent).items if issubclass(parent, Telemetry) else ()
        theirs = {item.name for item in inherited}
        items = (*(_declaration(f) for f in fields(kind) if f.name not in theirs), *inherited)
        _SCHEMAS[kind] = Schema(
            items, {item.wire: item for item in items if item.type is float},
            {item.wire: item for item in items if item.type is str},
            next((item.name for item in items if item.type is dict), ''))
    return _SCHEMAS[kind]


def _declaration(item: 'Field[Any]') -> Declared:
    told: Declared = item.metadata[_KEY]
    return replace(told, name=item.name, wire=told.wire or item.name)


def known(value: float, otherwise: float) -> float:
    """Return a number, or a default if it is unknown."""
    return otherwise if isnan(value) else value
