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
from std_msgs.msg import Float32MultiArray, MultiArrayDimension, MultiArrayLayout, UInt8MultiArray

from abm_ros.common.errors import NonFiniteError, SpecError
from abm_ros.common.spec import all_finite
from abm_ros.ros.stamps import parse_stamp, stamp_text

# Digits are bounded: what does not fit an int64 is not a shape of ours.
_LABEL = re.compile(r'([A-Za-z_][\w./-]*)(?:\[(\d{1,9}(?:,\d{1,9}){0,7})\])?', re.ASCII)
# How CDR of this machine's byte order begins.
NATIVE_CDR = bytes((0, sys.byteorder == 'little', 0, 0))
Shapes = tuple[tuple[str, tuple[int, ...]], ...]
Labels = tuple[tuple[str, int], ...]
# Of each field: its name, where it lies in the data, and its shape where the label tells one.
Places = tuple[tuple[str, slice, tuple[int, ...] | None], ...]


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

    def integer(self, name: str) -> int:
        """Return an attribute that must be an integer."""
        return integer(self.attributes, name)


def integer(attributes: Mapping[str, str], name: str) -> int:
    """
    Return an attribute that must be an integer.

    :raises SpecError: it is missing or none.
    """
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
        return self.fill(packet.stamp_ns, shapes, parts, packet.attributes)

    def fill(self, stamp_ns: int, shapes: Shapes, parts: 'Sequence[np.ndarray | array[float]]',
             attributes: Mapping[str, str]) -> Float32MultiArray:
        """
        Return the message, holding numbers whose names and shapes are known.

        :param parts: float32 numbers that fill the shapes, one part after another.
        :raises NonFiniteError: a number is NaN or infinite.
        """
        data = array('f', b''.join([part.tobytes() for part in parts]))
        flat = np.frombuffer(data, np.float32)
        if not all_finite(flat):
            raise NonFiniteError(f'not finite: {not_finite(flat, shapes)}')
        if shapes != self._shapes:
            self._shapes = shapes
            self._head = MultiArrayDimension(size=flat.size, stride=flat.size)
            self._message = Float32MultiArray(
                layout=MultiArrayLayout(dim=[self._head, *dimensions(shapes)]))
        self._head.label = _header(stamp_ns, attributes)
        self._message.data = data
        return self._message


def not_finite(flat: np.ndarray, shapes: Shapes) -> str:
    """Return the names of the fields that hold NaN or infinity."""
    bad, start = [], 0
    for name, shape in shapes:
        end = start + math.prod(shape)
        if not all_finite(flat[start:end]):
            bad.append(name)
        start = end
    return ', '.join(bad)


def _header(stamp_ns: int, attributes: Mapping[str, str]) -> str:
    return stamp_text(stamp_ns) + ''.join(
        [f';{key}={value}' for key, value in attributes.items()])


@functools.lru_cache(maxsize=256)
def dimensions(shapes: Shapes) -> tuple[MultiArrayDimension, ...]:
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
    return parse_attributes(dims[0].label) if dims else {}


def parse_attributes(label: str) -> dict[str, str]:
    """Return the attributes that a header's label holds."""
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
    return parse_stamp(dims[0].label if dims else '')


def decode(message: Float32MultiArray, *, finite: bool = True) -> Packet:
    """
    Turn a message into a packet whose arrays are views of one buffer.

    :param finite: refuse NaN and infinity.
    :raises SpecError: labels, sizes and data do not fit together.
    :raises NonFiniteError: a field holds NaN or infinity.
    """
    stamp_ns, data, labels = opened(message)
    fields, total = places(labels, message.layout.data_offset)
    if total != data.size:
        raise SpecError(f'{data.size} floats in the message, its fields name {total}')
    arrays = {name: data[part] if shape is None else data[part].reshape(shape)
              for name, part, shape in fields}
    if finite and not all_finite(data):
        bad = [name for name, value in arrays.items() if not all_finite(value)]
        raise NonFiniteError(f'not finite: {", ".join(bad)}')
    return Packet(stamp_ns, arrays, attributes_of(message))


def opened(message: Float32MultiArray) -> tuple[int, np.ndarray, Labels]:
    """Return the stamp, the numbers, and label and size of each field."""
    return (stamp_of(message), np.frombuffer(message.data, np.float32),
            tuple([(dim.label, dim.size) for dim in message.layout.dim[1:]]))


@functools.lru_cache(maxsize=256)
def places(labels: Labels, offset: int) -> tuple[Places, int]:
    """
    Return where fields of these labels and sizes lie, and where the last one ends.

    :raises SpecError: a label is malformed, appears twice, or its shape has another size.
    """
    found: dict[str, tuple[str, slice, tuple[int, ...] | None]] = {}
    start = offset
    for label, size in labels:
        match = _LABEL.fullmatch(label)
        if not match or match[1] in found:
            raise SpecError(f'field label {label!r} is malformed or appears twice')
        shape = tuple(map(int, match[2].split(','))) if match[2] else None
        if shape is not None and math.prod(shape) != size:
            raise SpecError(f"'{match[1]}': {size} floats do not fill shape {shape}")
        found[match[1]] = (match[1], slice(start, start + size), shape)
        start += size
    return tuple(found.values()), start


def encode_bytes(blob: bytes, attributes: Mapping[str, str]) -> UInt8MultiArray:
    """Wrap a model snapshot; the attributes ride in the layout as in tensor messages."""
    label = 'blob' + ''.join(f';{key}={value}' for key, value in attributes.items())
    dim = MultiArrayDimension(label=label, size=len(blob), stride=len(blob))
    message = UInt8MultiArray(layout=MultiArrayLayout(dim=[dim]))
    message.data = array('B', blob)
    return message
