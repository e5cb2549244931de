"""Joint states read straight out of what DDS carries, against rclpy's own reading."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip('rclpy')

from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from abm_ros.ros.joint_states import DEPTH, JointStateReader
from abm_ros.ros.stamps import ns_to_time, time_to_ns

TEXT = st.text(st.characters(exclude_characters='\0', exclude_categories=['Cs']), max_size=9)
NUMBERS = st.lists(st.floats(width=64), max_size=5)


class Queue:
    """What a polled topic holds."""

    def __init__(self, *messages):
        self.blobs = [(serialize_message(m), 0.1 * i) for i, m in enumerate(messages)]

    def all(self):
        return self.blobs


def message(names, position=(), velocity=(), effort=(), frame='', stamp_ns=0):
    return JointState(header=Header(stamp=ns_to_time(stamp_ns), frame_id=frame), name=list(names),
                      position=list(position), velocity=list(velocity), effort=list(effort))


def same(some, others):
    return len(some) == len(others) and all(
        a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(some, others, strict=True))


@given(names=st.lists(TEXT, max_size=5), frame=TEXT, position=NUMBERS, velocity=NUMBERS,
       effort=NUMBERS, stamp_ns=st.integers(0, 2**61))
def test_it_reads_what_rclpy_reads(names, frame, position, velocity, effort, stamp_ns) -> None:
    reader = JointStateReader(Queue(
        message(names, position, velocity, effort, frame, stamp_ns)))
    for _ in range(2):      # names that are new, and names that are known
        (heard,) = reader.read()
        truth = deserialize_message(reader._polled.blobs[0][0], JointState)
        assert heard.stamp_ns == time_to_ns(truth.header.stamp)
        assert heard.names == tuple(truth.name)
        assert same(heard.position, truth.position)
        assert same(heard.velocity, truth.velocity)


def test_of_every_source_the_newest_counts_in_the_order_of_arrival() -> None:
    arm, gripper = ('a', 'b'), ('g',)
    reader = JointStateReader(Queue(
        message(arm, (1, 1), frame='x'), message(gripper, (2,)), message(()),
        message(arm, (3, 3), frame='another frame'), message(gripper, (4,)),
        message(arm, (5, 6), frame='x')))
    heard = reader.read()
    assert [h.names for h in heard] == [(), gripper, arm]
    assert [list(h.position) for h in heard] == [[], [4], [5, 6]]
    assert [h.age_s for h in heard] == pytest.approx([0.2, 0.4, 0.5])


def test_a_message_of_the_other_byte_order_is_read_by_rclpy() -> None:
    queue = Queue(message(('a',), (1.5,), stamp_ns=7))
    blob = bytearray(queue.blobs[0][0])
    blob[1] ^= 1                                            # says: the other byte order
    for start in (4, 8, 12, 20, 24, 32):                    # all numbers of four bytes
        blob[start:start + 4] = blob[start:start + 4][::-1]
    blob[36:44] = blob[36:44][::-1]
    queue.blobs = [(bytes(blob), 0.0)]
    (heard,) = JointStateReader(queue).read()
    assert (heard.stamp_ns, heard.names, heard.position) == (7, ('a',), (1.5,))


def test_a_slow_source_is_not_pushed_out_by_a_fast_one(node, ros) -> None:
    other = ros.create_node('robot')
    publisher = other.create_publisher(JointState, 'states', DEPTH)
    polled = node.poll(JointState, 'states', raw=True, depth=DEPTH)
    deadline = time.monotonic() + 20.0
    while publisher.get_subscription_count() < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    reader = JointStateReader(polled)
    found = {}
    publisher.publish(message(('g',), (0.5,)))
    for at in range(20):                                    # 20 ms of a robot of 1 kHz
        publisher.publish(message(('a',), (at,)))
    while found.get(('a',)) != (19.0,) and time.monotonic() < deadline:
        found.update((heard.names, heard.position) for heard in reader.read())
    assert found == {('g',): (0.5,), ('a',): (19.0,)}
    assert reader.read() == []
    other.destroy_node()
