"""The motor gate's process against everything that may be published at it."""

import math
import threading
import time
from array import array

import numpy as np
import pytest

pytest.importorskip('rclpy')

from graph_harness import LATCHED, URDF, Observer, running, wait_until
from lifecycle_msgs.msg import Transition
from sensor_msgs.msg import JointState
from std_msgs.msg import (
    Float32MultiArray,
    Header,
    MultiArrayDimension,
    MultiArrayLayout,
    String,
)

from abm_ros.bringup.graph import NodeSpec

pytestmark = [pytest.mark.graph, pytest.mark.timeout(200)]

# As urdf/abm_arm.urdf says.
JOINTS = tuple(f'joint_{i}' for i in range(1, 8))
LOWER = np.array([-1.2, -0.4, -1.0, 0.4, -1.8, -0.4, -2.9])
UPPER = np.array([1.2, 1.5, 1.0, 2.3, 1.8, 1.8, 2.9])
VELOCITY = np.array([3.2, 3.2, 3.2, 3.2, 4.0, 4.0, 4.0])
HOME = np.array([0.0, 0.3, 0.0, 1.2, 0.0, 0.5, 0.0])
PERIOD_S = 0.05


class FakeWorld:
    """A body and a System M, published by the test itself."""

    def __init__(self, observer: Observer) -> None:
        node = observer.node
        self.observer = observer
        self.position = HOME.copy()
        self.beats: list[str] = ['real/task/open']
        self.follows = True
        self.velocity: list[float] = []
        self._lock = threading.Lock()
        self._joints = node.create_publisher(JointState, 'joint_states', 5)
        self._heart = node.create_publisher(Header, 'system_m/heartbeat', 5)
        self._action = node.create_publisher(Float32MultiArray, 'action', 5)
        self.description = node.create_publisher(String, 'robot_description', LATCHED)
        self.description.publish(String(data=URDF.read_text()))
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for tick in range(10**9):
            if self._ending.wait(0.01):
                return
            if self.follows and self.observer.commands:
                command = self.observer.commands[-1][1]
                if np.isfinite(command).all() and command.size == 7:
                    self.position = command
            self._joints.publish(JointState(
                header=Header(stamp=self.observer.node.get_clock().now().to_msg()),
                name=JOINTS, position=self.position.tolist(), velocity=self.velocity))
            if tick % 5 == 0:
                for text in list(self.beats):
                    self._heart.publish(Header(frame_id=text))

    def now_ns(self) -> int:
        return self.observer.node.get_clock().now().nanoseconds

    def send(self, message: Float32MultiArray) -> None:
        self._action.publish(message)

    def act(self, values=(0.3,) * 7, late_s: float = 0.0) -> None:
        self.send(action(values, self.now_ns() - round(late_s * 1e9)))

    def close(self) -> None:
        self._ending.set()
        self._thread.join(5.0)


def stamp(ns: int) -> str:
    return f'stamp={ns // 10**9}.{ns % 10**9:09d}'


def action(values, ns: int, label: str = 'action') -> Float32MultiArray:
    return labelled(values, stamp(ns) + ';episode=0;step=0', label)


def labelled(values, head: str, label: str, size: int | None = None) -> Float32MultiArray:
    size = len(values) if size is None else size
    message = Float32MultiArray(layout=MultiArrayLayout(dim=[
        MultiArrayDimension(label=head, size=size, stride=size),
        MultiArrayDimension(label=label, size=size, stride=size)]))
    message.data = array('f', values)
    return message


@pytest.fixture(scope='module')
def process(tmp_path_factory):
    folder = tmp_path_factory.mktemp('gate')
    spec = NodeSpec('motor_gate', {'port.action': 'action',
                                   'port.executed': 'motor_gate/executed'}, respawn=False)
    with running([spec], folder) as (processes, observer):
        world = FakeWorld(observer)
        world.processes = processes
        wait_until(lambda: observer.heard.get('motor_gate'), 'the gate')
        assert observer.change('motor_gate', Transition.TRANSITION_CONFIGURE)
        yield world
        world.close()


@pytest.fixture
def gate(process):
    """An armed gate that moves on good actions."""
    observer = process.observer
    process.beats[:], process.follows, process.velocity = ['real/task/open'], True, []
    if observer.state('motor_gate') == 'active':
        assert observer.change('motor_gate', Transition.TRANSITION_DEACTIVATE)
    assert observer.change('motor_gate', Transition.TRANSITION_ACTIVATE)
    opens(process)
    observer.commands.clear()
    yield process
    assert process.processes.pid('motor_gate') is not None, 'the gate died'


def opens(world) -> None:
    def tried() -> bool:
        world.act(np.random.default_rng().uniform(-0.3, 0.3, 7))
        time.sleep(0.03)
        return world.observer.value('motor_gate', 'open') == 1.0
    wait_until(tried, 'the gate to open for good actions', 10.0)


def shut(world) -> None:
    wait_until(lambda: world.observer.value('motor_gate', 'open') == 0.0, 'the gate to shut')


def check_safe(world) -> None:
    """Every command is finite, within the position limits, and no faster than joints may be."""
    commands = list(world.observer.commands)
    assert commands
    table = np.array([command for _, command in commands])
    assert np.isfinite(table).all()
    assert (table >= LOWER).all()
    assert (table <= UPPER).all()
    times = np.array([at for at, _ in commands])
    # Over a second or more, arrival jitter is small against the time that has passed.
    for first in range(len(table)):
        last = int(np.searchsorted(times, times[first] + 1.0))
        if last < len(table):
            moved = np.abs(table[last] - table[first])
            allowed = VELOCITY * (times[last] - times[first] + 0.25)
            assert (moved <= allowed).all()


HUGE = 10**30
HOSTILE = {
    'not a number': lambda ns: action([math.nan] * 7, ns),
    'one not a number': lambda ns: action([0.1] * 6 + [math.nan], ns),
    'infinite': lambda ns: action([math.inf] * 7, ns),
    'minus infinite': lambda ns: action([-math.inf] + [0.0] * 6, ns),
    'too short': lambda ns: action([1.0] * 6, ns),
    'too long': lambda ns: action([1.0] * 8, ns),
    'a matrix': lambda ns: labelled([1.0] * 14, stamp(ns), 'action[2,7]'),
    'no numbers': lambda ns: action([], ns),
    'an empty message': lambda ns: Float32MultiArray(),
    'no layout': lambda ns: Float32MultiArray(data=array('f', [1.0] * 7)),
    'another field': lambda ns: action([1.0] * 7, ns, 'reward'),
    'no stamp': lambda ns: labelled([1.0] * 7, 'now', 'action'),
    'stale': lambda ns: action([1.0] * 7, ns - 10 * 10**9),
    'a stamp of zero': lambda ns: action([1.0] * 7, 0),
    'from the future': lambda ns: action([1.0] * 7, ns + 10 * 10**9),
    'an endless stamp': lambda ns: labelled([1.0] * 7, f'stamp={10**400}.000000000', 'action'),
    'a stamp of 5000 digits': lambda ns: labelled(
        [1.0] * 7, f'stamp={"9" * 5000}.000000000', 'action'),
    'more floats announced': lambda ns: labelled([1.0] * 7, stamp(ns), 'action', size=70),
    'fewer floats announced': lambda ns: labelled([1.0] * 7, stamp(ns), 'action', size=3),
    'a huge shape': lambda ns: labelled([1.0] * 7, stamp(ns), f'action[{HUGE}]'),
    'a shape of 5000 digits': lambda ns: labelled([1.0] * 7, stamp(ns), f'action[{"9" * 5000}]'),
    'an offset beyond the end': lambda ns: offset(action([1.0] * 7, ns), 2**31),
    'a garbage label': lambda ns: labelled([1.0] * 7, stamp(ns), '\x01;=][\x7f'),
    'an unfinished label': lambda ns: labelled([1.0] * 7, stamp(ns), 'action[7'),
    'a field twice': lambda ns: twice(ns),
}


def offset(message, value):
    message.layout.data_offset = value
    return message


def twice(ns):
    message = action([1.0] * 14, ns)
    message.layout.dim[1].size = 7
    message.layout.dim.append(message.layout.dim[1])
    return message


@pytest.mark.parametrize('what', HOSTILE)
def test_an_unfit_action_moves_nothing_and_locks_nobody_out(gate, what):
    shut(gate)
    time.sleep(0.1)
    before = gate.observer.commands[-1][1]
    for _ in range(5):
        gate.send(HOSTILE[what](gate.now_ns()))
        time.sleep(0.01)
    gate.observer.fresh('motor_gate', 2)
    assert (gate.observer.commands[-1][1] == before).all()
    assert gate.observer.value('motor_gate', 'open') == 0.0
    assert gate.observer.states['motor_gate'] == 'active'
    # A good action afterwards is executed: nobody can shut System B out by talking nonsense.
    opens(gate)
    check_safe(gate)


@pytest.mark.parametrize('size', [1e9, -1e9, 3.4e38])
def test_a_huge_action_moves_no_faster_than_a_full_one(gate, size):
    end_s = time.monotonic() + 1.5
    while time.monotonic() < end_s:
        gate.act([size] * 7)
        time.sleep(PERIOD_S)
    check_safe(gate)


def test_a_flood_moves_no_faster_than_the_joints_may_and_starves_nothing(gate):
    rng = np.random.default_rng(1)
    end_s, sign = time.monotonic() + 2.5, 1.0
    while time.monotonic() < end_s:
        sign = -sign if rng.random() < 0.02 else sign
        gate.act([1e9 * sign] * 7)
        time.sleep(0.002)
    check_safe(gate)
    gate.observer.fresh('motor_gate')
    shut(gate)   # the deadman still works after the flood


def test_garbage_between_good_actions(gate):
    rng = np.random.default_rng(2)
    makers = list(HOSTILE.values())
    end_s = time.monotonic() + 2.0
    while time.monotonic() < end_s:
        gate.send(makers[int(rng.integers(len(makers)))](gate.now_ns()))
        gate.act(rng.uniform(-1, 1, 7))
        time.sleep(0.01)
    check_safe(gate)


def test_without_actions_the_gate_shuts_and_holds(gate):
    shut(gate)
    time.sleep(0.1)
    start = len(gate.observer.commands)
    wait_until(lambda: len(gate.observer.commands) > start + 10, 'a published hold')
    held = np.array([command for _, command in gate.observer.commands[start:]])
    assert (held == held[0]).all()


def stays_shut(world) -> None:
    """Good actions do not open the gate and move nothing."""
    shut(world)
    time.sleep(0.2)
    start = len(world.observer.commands)
    for _ in range(20):
        world.act([0.5] * 7)
        time.sleep(0.03)
    moved = np.array([command for _, command in world.observer.commands[start:]])
    assert len(moved) > 3
    assert (moved == moved[0]).all()
    assert world.observer.value('motor_gate', 'open') == 0.0


def keep_acting(world, seconds: float = 0.5) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        world.act([0.1] * 7)
        time.sleep(0.02)


@pytest.mark.parametrize('beats', [
    [], ['real/task/shut'], ['second/task/open'], ['real/task/open', 'second/task/open'],
    ['real/task/open', 'second/task/shut'], ['garbage'], ['real/task/open/open'],
    ['/task/open'], ['real/task/OPEN']],
    ids=['none', 'shut', 'another', 'two open', 'two', 'garbage', 'long', 'no id', 'case'])
def test_only_the_one_living_system_m_opens_the_gate(gate, beats):
    gate.beats[:] = beats
    keep_acting(gate)
    stays_shut(gate)


def test_a_second_system_m_trips_the_gate_until_it_is_armed_again(gate):
    gate.beats.append('second/task/open')
    keep_acting(gate)
    gate.beats[:] = ['real/task/open']
    keep_acting(gate)
    stays_shut(gate)
    gate.observer.change('motor_gate', Transition.TRANSITION_DEACTIVATE)
    gate.observer.change('motor_gate', Transition.TRANSITION_ACTIVATE)
    opens(gate)


def test_a_heartbeat_that_was_late_may_come_back(gate):
    gate.beats.clear()
    keep_acting(gate, 0.6)
    shut(gate)
    gate.beats[:] = ['real/task/open']
    opens(gate)


@pytest.mark.parametrize('text', [
    '', 'not xml', '<robot name="x"/>', '<!DOCTYPE a><robot/>',
    '<robot name="x"><joint name="joint_1" type="revolute"/></robot>'],
    ids=['empty', 'text', 'no joint', 'dtd', 'no limits'])
def test_a_bad_description_changes_nothing(gate, text):
    gate.description.publish(String(data=text))
    gate.observer.fresh('motor_gate', 2)
    opens(gate)
    gate.description.publish(String(data=URDF.read_text()))
    check_safe(gate)


def test_velocities_that_are_not_numbers_count_as_missing(gate):
    """joint_state_broadcaster writes NaN for interfaces that a joint does not have."""
    gate.velocity = [math.nan] * 7
    keep_acting(gate, 1.0)   # longer than joint_timeout_s
    assert gate.observer.value('motor_gate', 'open') == 1.0
