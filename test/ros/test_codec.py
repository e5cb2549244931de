"""The codec: what goes in comes out, and whatever else comes in is refused in one error tree."""

import math
from array import array

import numpy as np
import pytest

pytest.importorskip('rclpy')

from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import (
    Float32MultiArray,
    MultiArrayDimension,
    MultiArrayLayout,
    UInt8MultiArray,
)

from abm_ros.common.errors import NonFiniteError, SpecError
from abm_ros.ros.codec import Packet, attributes_of, decode, encode, encode_bytes, stamp_of

NAMES = st.from_regex(r'[A-Za-z_][A-Za-z0-9_./-]{0,12}', fullmatch=True)
SHAPES = st.lists(st.integers(0, 4), min_size=1, max_size=3)
KEYS = st.from_regex(r'[a-z_]{1,8}', fullmatch=True)
TEXTS = st.text(st.characters(codec='utf-8', exclude_characters=';\x00'), max_size=10)
STAMPS = st.integers(0, 4 * 10**18)


@given(st.dictionaries(NAMES, SHAPES, max_size=5), st.dictionaries(KEYS, TEXTS, max_size=3),
       STAMPS, st.integers(0, 2**32 - 1))
def test_a_packet_survives_the_wire(shapes, attributes, stamp, seed) -> None:
    rng = np.random.default_rng(seed)
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    wire = serialize_message(encode(Packet(stamp, arrays, attributes)))
    packet = decode(deserialize_message(wire, Float32MultiArray))
    assert packet.stamp_ns == stamp
    assert dict(packet.attributes) == attributes
    assert list(packet.arrays) == list(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(packet.arrays[name], value)


def test_the_layout_is_what_the_documentation_says() -> None:
    message = encode(Packet(5_000_000_007, {'q': [1.0, 2.0], 'm': np.zeros((2, 3))},
                            {'episode': '4'}))
    assert [(d.label, d.size) for d in message.layout.dim] == [
        ('stamp=5.000000007;episode=4', 8), ('q', 2), ('m[2,3]', 6)]
    assert list(message.data) == [1.0, 2.0] + [0.0] * 6


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_neither_sent_nor_taken(bad) -> None:
    with pytest.raises(NonFiniteError, match='b'):
        encode(Packet(0, {'a': [1.0], 'b': [bad]}))
    message = encode(Packet(0, {'a': [1.0], 'b': [1.0]}))
    message.data[1] = bad
    with pytest.raises(NonFiniteError, match='b'):
        decode(message)
    assert not np.isfinite(decode(message, finite=False).array('b')).all()


LABELS = st.one_of(
    st.text(max_size=30), st.from_regex(r'stamp=\d+\.\d{9}(;[a-z]=.)*', fullmatch=True),
    st.from_regex(r'[a-z]+\[\d{1,30}(,\d{1,30})*\]', fullmatch=True),
    st.sampled_from(['a', 'a[2]', 'a[2,2]', 'stamp=1.000000000', 'a[', 'a[]', 'a[-1]',
                     f'stamp={"9" * 5000}.000000000', f'a[{"9" * 5000}]', 'a[\u0663]',
                     'stamp=\u0661.000000000']))
DIMS = st.builds(lambda label, size: MultiArrayDimension(label=label, size=size, stride=size),
                 LABELS, st.integers(0, 6) | st.integers(0, 2**32 - 1))


@settings(max_examples=300)
@given(st.lists(DIMS, max_size=4), st.lists(st.floats(width=32), max_size=8),
       st.integers(0, 3) | st.integers(0, 2**32 - 1))
def test_garbage_is_refused_or_fits(dims, data, offset) -> None:
    message = Float32MultiArray(layout=MultiArrayLayout(dim=dims, data_offset=offset))
    message.data = array('f', data)
    try:
        packet = decode(message)
    except SpecError:
        return
    assert sum(value.size for value in packet.arrays.values()) == len(data) - offset
    assert all(np.isfinite(value).all() for value in packet.arrays.values())
    assert 0 <= packet.stamp_ns < 2**64


def test_missing_things_are_named() -> None:
    packet = Packet(0, {'a': np.array([1.0, 2.0])}, {'n': '5', 'x': '5.5'})
    with pytest.raises(SpecError, match="'c'"):
        packet.array('c')
    assert packet.integer('n') == 5
    for name in ('x', 'y'):
        with pytest.raises(SpecError, match=f"'{name}'"):
            packet.integer(name)


def test_a_message_without_a_stamp_is_refused() -> None:
    for message in (Float32MultiArray(), Float32MultiArray(data=array('f', [1.0]))):
        with pytest.raises(SpecError, match='stamp'):
            stamp_of(message)


@given(st.binary(max_size=300), st.dictionaries(KEYS, TEXTS, max_size=3))
def test_a_snapshot_survives_the_wire(blob, attributes) -> None:
    wire = serialize_message(encode_bytes(blob, attributes))
    message = deserialize_message(wire, UInt8MultiArray)
    assert bytes(message.data) == blob
    assert attributes_of(message) == attributes
