"""
The one codec between named arrays and standard messages.

A tensor message is a std_msgs/Float32MultiArray. The first layout dimension is a header whose
label reads `stamp=<seconds>.<nanoseconds>;key=value;...` and whose size is the total number of
floats; every further dimension is one field: label `name` (a vector) or `name[2,3]` (a tensor
of that shape), size its number of floats. Fields lie one after another in `data`.
"""

import functools
import math
import re
import sys
from array import array
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message
from std_msgs.msg import Float32MultiArray, MultiArrayDimension, MultiArrayLayout, UInt8MultiArray

from abm_ros.common.errors import NonFiniteError, SpecError
from abm_ros.common.spec import ObservationSpec, all_finite
from abm_ros.common.transition import Observation

# Digits are bounded: what does not fit an int64 is not a stamp or a shape of ours.
_LABEL = re.compile(r'([A-Za-z_][\w./-]*)(?:\[(\d{1,9}(?:,\d{1,9}){0,7})\])?', re.ASCII)
NANOSECONDS = 1_000_000_000
# How CDR of this machine's byte order begins.
NATIVE_CDR = bytes((0, sys.byteorder == 'little', 0, 0))
_MOST_LAYOUTS = 32
Shapes = tuple[tuple[str, tuple[int, ...]], ...]
Labels = tuple[tuple[str, int], ...]


class Packet(NamedTuple):
    """
    Named float32 arrays with the stamp of the sensor reading that they derive from.

    `attributes` are short strings beside the numbers (an episode number, a consumer's name).
    """

    stamp_ns: int
    arrays: Mapping[str, np.ndarray]
    attributes: Mapping[str, str] = MappingProxyType({})

    def array(self, name: str) -> np.ndarray:
        """Return one field; refuse by name when it is missing."""
        if name not in self.arrays:
            raise SpecError(f"field '{name}' is missing, got {sorted(self.arrays)}")
        return self.arrays[name]

    def scalars(self) -> dict[str, float]:
        """Return the first number of every field: what telemetry holds."""
        return {name: float(value[0]) for name, value in self.arrays.items()}

    def integer(self, name: str) -> int:
        """Return an attribute that must be an integer."""
        return _integer(self.attributes, name)


def _integer(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name, '')
    try:
        return int(text)
    except ValueError:
        raise SpecError(f"attribute '{name}': expected an integer, got {text!r}") from None


def encode(packet: Packet) -> Float32MultiArray:
    """
    Turn a packet into a message of its own.

    :raises NonFiniteError: an array holds NaN or infinity.
    """
    return Writer().write(packet)


class Writer:
    """
    Encodes the packets of one stream into one message that is used again and again.

    What `write` returns is valid until the next call; publishing serialises at once. At 20 Hz the
    caches are cold whenever a packet comes, and every object not made counts.
    """

    def __init__(self) -> None:
        self._shapes: Shapes | None = None
        self._message = Float32MultiArray()
        self._head = MultiArrayDimension()

    def write(self, packet: Packet) -> Float32MultiArray:
        """
        Return the message, holding this packet.

        :raises NonFiniteError: an array holds NaN or infinity.
        """
        parts = [value if type(value) is np.ndarray and value.dtype == np.float32
                 else np.asarray(value, np.float32) for value in packet.arrays.values()]
        shapes = tuple([(name, part.shape)
                        for name, part in zip(packet.arrays, parts, strict=True)])
        return self._fill(packet.stamp_ns, shapes, parts, packet.attributes)

    def scalars(self, stamp_ns: int, values: Mapping[str, float],
                attributes: Mapping[str, str]) -> Float32MultiArray:
        """
        Return the message, holding named numbers.

        :raises NonFiniteError: a number is NaN or infinite.
        """
        return self._fill(stamp_ns, tuple([(name, (1,)) for name in values]),
                          [array('f', values.values())], attributes)

    def observation(self, given: Observation, spec: ObservationSpec) -> Float32MultiArray:
        """
        Return the message, holding an observation's named fields and the desired goal.

        :raises NonFiniteError: a number is NaN or infinite.
        """
        return self._fill(given.stamp_ns, _shapes(spec), [given.vector, given.goal], {
            'episode': str(given.episode), 'step': str(given.step),
            'whole': '1' if given.whole else '0'})

    def _fill(self, stamp_ns: int, shapes: Shapes, parts: 'Sequence[np.ndarray | array[float]]',
              attributes: Mapping[str, str]) -> Float32MultiArray:
        data = array('f', b''.join([part.tobytes() for part in parts]))
        flat = np.frombuffer(data, np.float32)
        if not all_finite(flat):
            raise NonFiniteError(f'not finite: {_not_finite(flat, shapes)}')
        if shapes != self._shapes:
            self._shapes = shapes
            self._head = MultiArrayDimension(size=flat.size, stride=flat.size)
            self._message = Float32MultiArray(
                layout=MultiArrayLayout(dim=[self._head, *_fields(shapes)]))
        self._head.label = _header(stamp_ns, attributes)
        self._message.data = data
        return self._message


def _not_finite(flat: np.ndarray, shapes: Shapes) -> str:
    """Return the names of the fields that hold NaN or infinity."""
    bad, start = [], 0
    for name, shape in shapes:
        end = start + math.prod(shape)
        if not all_finite(flat[start:end]):
            bad.append(name)
        start = end
    return ', '.join(bad)


def _header(stamp_ns: int, attributes: Mapping[str, str]) -> str:
    seconds, rest = divmod(stamp_ns, NANOSECONDS)
    return f'stamp={seconds}.{rest:09d}' + ''.join(
        [f';{key}={value}' for key, value in attributes.items()])


@functools.lru_cache(maxsize=256)
def _fields(shapes: Shapes) -> tuple[MultiArrayDimension, ...]:
    """Return the dimensions of named fields; shared between messages, so never changed."""
    dims = []
    for name, shape in shapes:
        text = '' if len(shape) == 1 else f'[{",".join(map(str, shape))}]'
        size = math.prod(shape)
        dims.append(MultiArrayDimension(label=name + text, size=size, stride=size))
    return tuple(dims)


def attributes_of(message: Float32MultiArray | UInt8MultiArray) -> dict[str, str]:
    """Return the attributes of a message without decoding its numbers."""
    dims = message.layout.dim
    return _attributes(dims[0].label) if dims else {}


def _attributes(label: str) -> dict[str, str]:
    attributes = {}
    for pair in label.split(';')[1:]:
        key, _, attributes[key] = pair.partition('=')
    return attributes


def stamp_of(message: Float32MultiArray) -> int:
    """
    Return the stamp of a message in nanoseconds.

    :raises SpecError: the message carries none.
    """
    dims = message.layout.dim
    return _stamp(dims[0].label if dims else '')


def _stamp(label: str) -> int:
    seconds, _, rest = label.partition(';')[0].removeprefix('stamp=').partition('.')
    if not (label.startswith('stamp=') and len(seconds) <= 10 and len(rest) == 9
            and label.isascii() and seconds.isdecimal() and rest.isdecimal()):
        raise SpecError('the first layout dimension must be labelled stamp=<s>.<ns>, got '
                        f'{label or "no dimension"!r}')
    return int(seconds) * NANOSECONDS + int(rest)


def decode(message: Float32MultiArray, *, finite: bool = True) -> Packet:
    """
    Turn a message into a packet whose arrays are views of one buffer.

    :param finite: refuse NaN and infinity.
    :raises SpecError: labels, sizes and data do not fit together.
    :raises NonFiniteError: a field holds NaN or infinity.
    """
    stamp_ns, data, labels = _open(message)
    fields, total = _places(labels, message.layout.data_offset)
    if total != data.size:
        raise SpecError(f'{data.size} floats in the message, its fields name {total}')
    arrays = {name: data[part] if shape is None else data[part].reshape(shape)
              for name, part, shape in fields}
    if finite and not all_finite(data):
        bad = [name for name, value in arrays.items() if not all_finite(value)]
        raise NonFiniteError(f'not finite: {", ".join(bad)}')
    return Packet(stamp_ns, arrays, attributes_of(message))


def _open(message: Float32MultiArray) -> tuple[int, np.ndarray, Labels]:
    """Return the stamp, the numbers, and label and size of each field."""
    return (stamp_of(message), np.frombuffer(message.data, np.float32),
            tuple([(dim.label, dim.size) for dim in message.layout.dim[1:]]))


@functools.lru_cache(maxsize=256)
def _places(labels: Labels, offset: int) -> tuple[
        tuple[tuple[str, slice, tuple[int, ...] | None], ...], int]:
    """Return where fields of these labels and sizes lie, and where the last one ends."""
    places: dict[str, tuple[str, slice, tuple[int, ...] | None]] = {}
    start = offset
    for label, size in labels:
        match = _LABEL.fullmatch(label)
        if not match or match[1] in places:
            raise SpecError(f'field label {label!r} is malformed or appears twice')
        shape = tuple(map(int, match[2].split(','))) if match[2] else None
        if shape is not None and math.prod(shape) != size:
            raise SpecError(f"'{match[1]}': {size} floats do not fill shape {shape}")
        places[match[1]] = (match[1], slice(start, start + size), shape)
        start += size
    return tuple(places.values()), start


class ScalarReader:
    """
    Reads the named numbers of one stream out of serialised messages.

    Two messages of a stream differ in the header's label and in the numbers alone: what lies
    between is decoded once and then looked up, for making objects of it takes most of the time.
    """

    def __init__(self) -> None:
        # More than one, since CDR does not say what fills a text up to a multiple of 4.
        self._known: dict[bytes, Sequence[tuple[str, int]]] = {}

    def read(self, blob: bytes) -> tuple[dict[str, float], dict[str, str]]:
        """
        Return the first number of every field, and the attributes.

        :param blob: a Float32MultiArray in CDR (DDSI-RTPS 2.5, section 10), as DDS carries it.
        :raises SpecError: labels, sizes and data do not fit together.
        :raises NonFiniteError: a field holds NaN or infinity.
        """
        # Encapsulation, number of dimensions, length of the header's label with its NUL, the
        # label, fill to a multiple of 4, the header's size: so many floats end the message.
        end = 12 + int.from_bytes(blob[8:12], sys.byteorder)
        size = end + -end % 4
        count = blob[size:size + 4]
        data = max(0, len(blob) - 4 * int.from_bytes(count, sys.byteorder))
        layout = blob[:8] + blob[size:data]
        places = self._known.get(layout)
        numbers = () if places is None else memoryview(blob[data:]).cast('f')
        if places is None or not all(map(math.isfinite, numbers)):
            message = deserialize_message(blob, Float32MultiArray)
            packet = decode(message)
            values = packet.scalars()
            if blob[:4] == NATIVE_CDR and blob[data - 4:data] == count:
                self._learn(layout, message)
            return values, dict(packet.attributes)
        label = blob[12:end - 1].decode(errors='replace')
        _stamp(label)
        return {name: numbers[start] for name, start in places}, _attributes(label)

    def _learn(self, layout: bytes, message: Float32MultiArray) -> None:
        if len(self._known) >= _MOST_LAYOUTS:
            self._known.clear()
        places, _ = _places(_open(message)[2], message.layout.data_offset)
        self._known[layout] = [(name, part.start) for name, part, _ in places]


def encode_bytes(blob: bytes, attributes: Mapping[str, str]) -> UInt8MultiArray:
    """Wrap a model snapshot; the attributes ride in the layout as in tensor messages."""
    label = 'blob' + ''.join(f';{key}={value}' for key, value in attributes.items())
    dim = MultiArrayDimension(label=label, size=len(blob), stride=len(blob))
    message = UInt8MultiArray(layout=MultiArrayLayout(dim=[dim]))
    message.data = array('B', blob)
    return message


def time_to_ns(stamp: Time) -> int:
    """Return a message stamp in nanoseconds."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def ns_to_time(stamp_ns: int) -> Time:
    """Return nanoseconds as a message stamp."""
    seconds, rest = divmod(stamp_ns, NANOSECONDS)
    return Time(sec=seconds, nanosec=rest)


def decode_observation(message: Float32MultiArray, spec: ObservationSpec, *,
                       finite: bool = True) -> Observation:
    """
    Read an observation of the given layout; its arrays are views of one buffer.

    :param finite: refuse NaN and infinity.
    :raises SpecError: a field is missing or of the wrong size.
    :raises NonFiniteError: a number is NaN or infinite.
    """
    stamp_ns, data, labels = _open(message)
    if labels != _labels(spec) or message.layout.data_offset or data.size != (
            spec.size + spec.goal_size):
        raise SpecError(f'observation: expected the fields {_labels(spec)}, got {labels} over '
                        f'{data.size} numbers')
    if finite and not all_finite(data):
        raise NonFiniteError(f'observation: not finite: {_not_finite(data, _shapes(spec))}')
    attributes = attributes_of(message)
    return Observation(stamp_ns, data[:spec.size], data[spec.size:],
                       _integer(attributes, 'episode'), _integer(attributes, 'step'),
                       attributes.get('whole') == '1')


@functools.lru_cache(maxsize=8)
def _shapes(spec: ObservationSpec) -> Shapes:
    """Return name and shape of each field of an observation's message, in order."""
    return (*((field.name, field.dims) for field in spec.fields),
            ('desired_goal', (spec.goal_size,)))


@functools.lru_cache(maxsize=8)
def _labels(spec: ObservationSpec) -> Labels:
    """Return label and size of each field of an observation's message, in order."""
    return tuple((dim.label, dim.size) for dim in _fields(_shapes(spec)))
