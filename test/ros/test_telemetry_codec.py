"""Telemetry on the wire: what a node tells comes out, and what it cannot mean is refused."""

import math
from array import array

import numpy as np
import pytest

pytest.importorskip('rclpy')

from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Float32MultiArray, MultiArrayDimension, MultiArrayLayout

from abm_ros.common.errors import NonFiniteError, SpecError
from abm_ros.common.telemetry import (
    KINDS,
    EpisodicMemoryTelemetry,
    LearnerTelemetry,
    MotorGateTelemetry,
    SystemMTelemetry,
)
from abm_ros.common.telemetry_fields import Telemetry, schema
from abm_ros.ros.codec import Packet, encode
from abm_ros.ros.telemetry_codec import TelemetryReader, TelemetryWriter, decode_telemetry

NUMBERS = st.floats(-1e6, 1e6, width=32) | st.just(math.nan)
TEXTS = st.text(st.characters(codec='utf-8', exclude_characters=';\x00'), max_size=10)
STAMPS = st.integers(0, 4 * 10**18)
OTHERS = st.dictionaries(st.from_regex(r'of_others_[a-z]{1,8}', fullmatch=True),
                         st.floats(-1e6, 1e6, width=32), max_size=3)


@st.composite
def tellings(draw) -> Telemetry:
    """Return telemetry of any node with any numbers and words."""
    kind = draw(st.sampled_from([*KINDS.values(), Telemetry, LearnerTelemetry]))
    values = {str: TEXTS, float: NUMBERS, dict: OTHERS}
    return kind(**{item.name: draw(st.integers(0, 2**50) if item.exact else values[item.type])
                   for item in schema(kind).items})


def same(one: Telemetry, other: Telemetry) -> bool:
    """Tell whether all fields are equal; what is unknown equals what is unknown."""
    return type(one) is type(other) and repr(one) == repr(other)


@given(st.lists(tellings(), min_size=1, max_size=5), STAMPS)
def test_what_a_node_tells_survives_the_wire_in_layouts_known_and_new(told, stamp) -> None:
    writer, readers = TelemetryWriter(), {}
    for number, one in enumerate(told * 2):
        message = writer.write(stamp + number, one)
        reader = readers.setdefault(type(one), TelemetryReader(type(one)))
        assert same(decode_telemetry(message, type(one)), one)
        assert same(reader.read(serialize_message(message)), one)


# Names that users plot and other programs read; a renamed one breaks them.
ON_THE_WIRE = {
    'sensory_gate': {'energy', 'effort_ratio', 'effort_peak', 'observations', 'clock_jumps',
                     'goals_refused', 'described', 'charging', 'looming', 'cue', 'demonstration',
                     'peer', 'demonstrations', 'demonstrations_refused'},
    'system_a': {'latents', 'prediction_error', 'uncertainty', 'world', 'worlds', 'world_age',
                 'change', 'doubt', 'worlds_opened', 'worlds_recalled', 'worlds_relearned',
                 'dreamed', 'dreams_refused', 'dream_error'},
    'system_a_learner': {'effective_rank', 'observation_rank', 'loss', 'updates', 'received',
                         'rounds', 'asked', 'version', 'gain'},
    'system_b': {'episodes', 'successes', 'version', 'success_rate', 'deliberation',
                 'action_spread'},
    'system_b_learner': {'critic_loss', 'actor_loss', 'updates', 'received', 'rounds', 'asked',
                         'version', 'gain'},
    'episodic_memory': {'recorded', 'served', 'batches', 'trouble', 'acknowledged', 'pending',
                        'damaged_chunks', 'transitions', 'forgotten', 'novelty', 'imagined',
                        'imagined_served', 'shown', 'shown_refused'},
    'motor_gate': {'open', 'commands', 'held', 'clock_jumps', 'tripped', 'corrected'},
    'system_m': {'switches', 'degraded', 'gate_shut_ms', 'full_ms', 'pain'}}


@pytest.mark.parametrize('node', sorted(ON_THE_WIRE))
def test_names_on_the_wire_are_those_that_users_know(node) -> None:
    kind = KINDS[node]
    told = kind(**dict.fromkeys((item.name for item in schema(kind).numbers.values()), 1.0))
    if node == 'system_m':
        told = SystemMTelemetry(1, 1, 'active', 'i', 'here 1', 1, 1, 1, 1, {'pain': 1.0})
    dims = TelemetryWriter().write(0, told).layout.dim
    assert {dim.label for dim in dims[1:]} == ON_THE_WIRE[node] | {'refused', 'faults'}
    assert {dim.size for dim in dims[1:]} == {1}


def test_words_travel_in_the_header_and_numbers_that_are_not_known_do_not_travel() -> None:
    message = TelemetryWriter().write(5_000_000_007, MotorGateTelemetry(
        open=0, commands=3, shut='held; by the operator', state='active', incarnation='a1'))
    assert [dim.label for dim in message.layout.dim] == [
        'stamp=5.000000007;shut=held, by the operator;state=active;incarnation=a1',
        'open', 'commands']
    assert list(message.data) == [0.0, 3.0]


def test_a_reason_and_a_number_of_one_name_are_two_fields() -> None:
    told = EpisodicMemoryTelemetry(trouble=1, trouble_reason='the disk is full')
    message = TelemetryWriter().write(0, told)
    assert message.layout.dim[0].label.endswith(';trouble=the disk is full')
    assert same(decode_telemetry(message, EpisodicMemoryTelemetry), told)


def test_an_exact_count_goes_on_beyond_what_a_float32_counts_to() -> None:
    count = 2**24 + 1
    assert float(np.float32(count)) != count
    message = TelemetryWriter().write(0, EpisodicMemoryTelemetry(acknowledged=count))
    assert decode_telemetry(message, EpisodicMemoryTelemetry).acknowledged == count
    message.layout.dim[0].label = 'stamp=0.000000000'     # of a node that does not say it in words
    assert decode_telemetry(message, EpisodicMemoryTelemetry).acknowledged == 2**24


def both(message: Float32MultiArray, kind: type[Telemetry]) -> list[object]:
    """Return what each of the two ways of reading makes of a message, twice."""
    def outcome(read) -> object:
        try:
            return repr(read())
        except Exception as error:
            return type(error), str(error)
    wire, reader = serialize_message(message), TelemetryReader(kind)
    return [outcome(lambda: decode_telemetry(deserialize_message(wire, Float32MultiArray), kind)),
            *(outcome(lambda: reader.read(wire)) for _ in range(2))]


def test_fields_of_a_newer_node_are_left_out_and_missing_ones_are_not_known() -> None:
    message = encode(Packet(0, {'open': [1.0], 'of_tomorrow': [1.0, 2.0]}, {'mood': 'good'}))
    told = decode_telemetry(message, MotorGateTelemetry)
    assert same(told, MotorGateTelemetry(open=1.0))
    assert math.isnan(told.commands)
    assert both(message, MotorGateTelemetry) == [repr(told)] * 3


@pytest.mark.parametrize(('arrays', 'attributes', 'says'), [
    ({'open': [1.0, 2.0]}, {}, "motor_gate.*'open'.*one number, got 2 numbers"),
    ({'open': []}, {}, "motor_gate.*'open'.*one number, got 0 numbers"),
    ({'open': np.ones((2, 2))}, {}, "motor_gate.*'open'.*one number, got 4 numbers"),
    ({}, {'open': 'yes'}, "motor_gate.*'open'.*a number, got the words 'yes'"),
    ({'shut': [1.0]}, {}, "motor_gate.*'shut'.*words, got a number")])
def test_a_field_of_another_type_is_refused_by_node_and_name(arrays, attributes, says) -> None:
    message = encode(Packet(0, {'held': [1.0], **arrays}, attributes))
    with pytest.raises(SpecError, match=says):
        decode_telemetry(message, MotorGateTelemetry)
    outcomes = both(message, MotorGateTelemetry)
    assert outcomes == [outcomes[0]] * 3


@pytest.mark.parametrize('text', ['', '-1', '1.5', '9' * 5000, '\u0663'])
def test_a_count_in_words_is_a_count(text) -> None:
    message = encode(Packet(0, {'acknowledged': [1.0]}, {'acknowledged': text}))
    with pytest.raises(SpecError, match=r"episodic_memory.*'acknowledged'"):
        decode_telemetry(message, EpisodicMemoryTelemetry)


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_on_the_wire_is_refused_by_name_in_a_known_layout_too(bad) -> None:
    reader = TelemetryReader(MotorGateTelemetry)
    message = encode(Packet(0, {'open': [1.0], 'held': [1.0]}))
    assert reader.read(serialize_message(message)).held == 1.0
    message.data[1] = bad
    with pytest.raises(NonFiniteError, match='held'):
        reader.read(serialize_message(message))
    message.data[1], message.layout.dim[0].label = 1.0, 'stump=0.000000000'
    with pytest.raises(SpecError, match='stump'):
        reader.read(serialize_message(message))


def test_the_fill_of_a_text_that_cdr_leaves_open_does_not_matter() -> None:
    reader = TelemetryReader(MotorGateTelemetry)
    wire = serialize_message(encode(Packet(0, {'tripped': [3.0], 'commands': [5.0]}, {})))
    for fill in (b'\0\0\0', b'xyz', b'\0\0\0', b'xyz'):    # after 'commands', 9 bytes with its NUL
        at = wire.rindex(b'commands\0') + 9
        told = reader.read(wire[:at] + fill + wire[at + 3:])
        assert (told.tripped, told.commands) == (3.0, 5.0)


LABELS = st.one_of(
    st.text(max_size=30), st.from_regex(r'stamp=\d+\.\d{9}(;[a-z]=.)*', fullmatch=True),
    st.from_regex(r'[a-z]+\[\d{1,30}(,\d{1,30})*\]', fullmatch=True),
    st.sampled_from(['open', 'open[2]', 'shut', 'held', 'stamp=1.000000000', 'open[', 'a[]',
                     'stamp=1.000000000;open=1', 'stamp=1.000000000;shut=1', 'a[-1]',
                     f'stamp={"9" * 5000}.000000000', f'a[{"9" * 5000}]', 'a[\u0663]',
                     'stamp=\u0661.000000000']))
DIMS = st.builds(lambda label, size: MultiArrayDimension(label=label, size=size, stride=size),
                 LABELS, st.integers(0, 6) | st.integers(0, 2**32 - 1))


@settings(max_examples=300)
@given(st.lists(DIMS, max_size=4), st.lists(st.floats(width=32), max_size=8),
       st.integers(0, 3) | st.integers(0, 2**32 - 1))
def test_garbage_on_the_wire_is_refused_as_garbage_in_a_message_is(dims, data, offset) -> None:
    message = Float32MultiArray(layout=MultiArrayLayout(dim=dims, data_offset=offset))
    message.data = array('f', data)
    outcomes = both(message, MotorGateTelemetry)
    assert outcomes == [outcomes[0]] * 3
    assert isinstance(outcomes[0], str) or issubclass(outcomes[0][0], SpecError)


def test_signals_of_any_name_travel_with_system_m() -> None:
    told = SystemMTelemetry(switches=2, signals={'pain': 0.5, 'of_another_package': 0.25})
    message = TelemetryWriter().write(0, told)
    assert same(decode_telemetry(message, SystemMTelemetry), told)
