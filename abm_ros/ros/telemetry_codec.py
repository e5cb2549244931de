"""
Between the telemetry of a node and its message on `<node>/signals`.

Numbers travel as fields of one float32 each, words as attributes of the header. What is not known
does not travel, and comes out as it went in: NaN or ''. Fields that the schema does not declare
come from a newer node and are left out.
"""

import math
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from rclpy.serialization import deserialize_message
from std_msgs.msg import Float32MultiArray

from abm_ros.common.errors import SpecError
from abm_ros.common.telemetry_fields import Declared, Telemetry, schema
from abm_ros.ros.codec import NATIVE_CDR, Packet, Writer, decode, opened, parse_attributes, places
from abm_ros.ros.stamps import parse_stamp

T = TypeVar('T', bound=Telemetry)
_MOST_LAYOUTS = 32


class TelemetryWriter:
    """Encodes the telemetry of one node into one message that is used again and again."""

    def __init__(self) -> None:
        self._writer = Writer()

    def write(self, stamp_ns: int, told: Telemetry) -> Float32MultiArray:
        """
        Return the message.

        :raises NonFiniteError: a number is infinite.
        """
        numbers: dict[str, float] = {}
        attributes: dict[str, str] = {}
        for item in schema(type(told)).items:
            value: Any = getattr(told, item.name)
            if item.type is dict:
                numbers.update(value)
            elif item.type is str and value:
                attributes[item.wire] = value.replace(';', ',')   # a ';' ends an attribute
            elif item.type is float and not math.isnan(value):
                numbers[item.wire] = value
                if item.exact:
                    attributes[item.wire] = f'{value:.0f}'
        return self._writer.fill(stamp_ns, tuple([(name, (1,)) for name in numbers]),
                                 [array('f', numbers.values())], attributes)


def decode_telemetry(message: Float32MultiArray, kind: type[T]) -> T:
    """
    Read the telemetry of a node.

    :param kind: its class.
    :raises SpecError: the message is malformed, or a field is of another type than declared.
    :raises NonFiniteError: a number is NaN or infinite.
    """
    packet = decode(message)
    return _made(kind, _numbers(kind, packet), packet.attributes)


def _numbers(kind: type[Telemetry], packet: Packet) -> dict[str, float]:
    """Return the numbers of a message that its class has a place for."""
    declared = schema(kind)
    for name, value in packet.arrays.items():
        if name in declared.numbers and value.size != 1:
            raise _wrong(kind, name, 'one number', f'{value.size} numbers')
        if name in declared.words and name not in declared.numbers:
            raise _wrong(kind, name, 'words', 'a number')
    return {name: float(value[0]) for name, value in packet.arrays.items()
            if name in declared.numbers or (declared.rest and value.size == 1)}


def _made(kind: type[T], numbers: Mapping[str, float], attributes: Mapping[str, str]) -> T:
    declared = schema(kind)
    values: dict[str, Any] = {}
    rest: dict[str, float] = {}
    for name, value in numbers.items():
        if name in declared.numbers:
            values[declared.numbers[name].name] = value
        else:
            rest[name] = value
    for name, text in attributes.items():
        if name in declared.words:
            values[declared.words[name].name] = text
        elif name in declared.numbers:
            values[declared.numbers[name].name] = _exactly(kind, declared.numbers[name], text)
    if declared.rest:
        values[declared.rest] = rest
    return kind(**values)


def _exactly(kind: type[Telemetry], item: Declared, text: str) -> float:
    """Return a number that travels in words."""
    if not (item.exact and text.isascii() and text.isdecimal() and len(text) <= 18):
        raise _wrong(kind, item.wire, 'a number', f'the words {text!r}')
    return float(text)


def _wrong(kind: type[Telemetry], name: str, expected: str, got: str) -> SpecError:
    return SpecError(f"telemetry of {kind.node or 'a node'}: field '{name}': expected {expected}, "
                     f'got {got}')


class TelemetryReader(Generic[T]):
    """
    Reads the telemetry of one node out of serialised messages.

    Two messages of a node differ in the header's label and in the numbers alone: what lies
    between is decoded once and then looked up, for making objects of it takes most of the time.
    """

    def __init__(self, kind: type[T]) -> None:
        """:param kind: the class of the node."""
        self._kind = kind
        # More than one, since CDR does not say what fills a text up to a multiple of 4.
        self._known: dict[bytes, Sequence[tuple[str, int]]] = {}

    def read(self, blob: bytes) -> T:
        """
        Return the telemetry that a message holds.

        :param blob: a Float32MultiArray in CDR (DDSI-RTPS 2.5, section 10), as DDS carries it.
        :raises SpecError: labels, sizes and data do not fit together, or a field is of another
            type than declared.
        :raises NonFiniteError: a number is NaN or infinite.
        """
        # Encapsulation, number of dimensions, length of the header's label with its NUL, the
        # label, fill to a multiple of 4, the header's size: so many floats end the message.
        end = 12 + int.from_bytes(blob[8:12], sys.byteorder)
        size = end + -end % 4
        count = blob[size:size + 4]
        data = max(0, len(blob) - 4 * int.from_bytes(count, sys.byteorder))
        layout = blob[:8] + blob[size:data]
        found = self._known.get(layout)
        numbers = () if found is None else memoryview(blob[data:]).cast('f')
        if found is None or not all(map(math.isfinite, numbers)):
            message = deserialize_message(blob, Float32MultiArray)
            told = decode_telemetry(message, self._kind)
            if blob[:4] == NATIVE_CDR and blob[data - 4:data] == count:
                self._learn(layout, message)
            return told
        label = blob[12:end - 1].decode(errors='replace')
        parse_stamp(label)
        return _made(self._kind, {name: numbers[start] for name, start in found},
                     parse_attributes(label))

    def _learn(self, layout: bytes, message: Float32MultiArray) -> None:
        if len(self._known) >= _MOST_LAYOUTS:
            self._known.clear()
        declared = schema(self._kind)
        fields, _ = places(opened(message)[2], message.layout.data_offset)
        self._known[layout] = [
            (name, part.start) for name, part, _ in fields
            if name in declared.numbers or (declared.rest and part.stop - part.start == 1)]
