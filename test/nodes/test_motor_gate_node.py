"""The gate's node in process: what happens to the last command between two actions."""

import time
from pathlib import Path

import numpy as np
import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')

from rclpy.parameter import Parameter
from std_msgs.msg import Float32MultiArray, Header, String

from abm_ros.common.errors import ConfigError
from abm_ros.nodes.motor_gate import MotorGate, MotorGateConfig
from abm_ros.ros import qos
from abm_ros.ros.codec import Packet, decode, encode
from abm_ros.ros.joint_states import JointStateHeard

URDF = (Path(__file__).resolve().parents[2] / 'urdf' / 'abm_arm.urdf').read_text()
JOINTS = [f'joint_{i}' for i in range(1, 8)]
UPPER = np.array([1.2, 1.5, 1.0, 2.3, 1.8, 1.8, 2.9])
LOWER = np.array([-1.2, -0.4, -1.0, 0.4, -1.8, -0.4, -2.9])
START = np.array([0.0, 0.3, 0.0, 1.2, 0.0, 0.5, 0.0])


class Bench:
    """The gate with its time in our hands and its commands in a list."""

    def __init__(self, interface: str, *more: str) -> None:
        arguments = ['--ros-args', '-p', f'command_interface:={interface}', *more]
        rclpy.init(args=arguments, domain_id=new_domain())
        self.gate = MotorGate()
        self.now_s = 1000.0
        self.gate._now_s = lambda: self.now_s   # type: ignore[method-assign]
        self.sent: list[np.ndarray] = []
        send = self.gate._send
        self.gate._send = lambda command, label: (  # type: ignore[method-assign]
            self.sent.append(np.array(command)), send(command, label))
        self.gate.trigger_configure()
        self.gate.trigger_activate()
        self.gate._on_description(String(data=URDF))

    @property
    def stamp_ns(self) -> int:
        return round(self.now_s * 1e9)

    def beat(self, text: str = 'one/task/open') -> None:
        self.gate._on_heartbeat(Header(frame_id=text))

    def joints(self, position, velocity=(), names=JOINTS, stamp_ns: int | None = None) -> None:
        heard = JointStateHeard(self.stamp_ns if stamp_ns is None else stamp_ns, tuple(names),
                                tuple(position), tuple(velocity), 0.0)
        self.gate.guarded('joint_states', self.gate._take_joints, heard)

    def act(self, action, stamp_ns: int | None = None) -> None:
        packet = Packet(self.stamp_ns if stamp_ns is None else stamp_ns,
                        {'action': np.array(action, np.float32)})
        self.gate.guarded('action', self.gate.on_action, encode(packet))

    def tick(self, seconds: float) -> None:
        self.now_s += seconds
        self.gate._watch()

    def close(self) -> None:
        self.gate.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def bench(request):
    made = Bench(*request.param)
    yield made
    made.close()


def of(*arguments):
    return pytest.mark.parametrize('bench', [arguments], indirect=True)


@of('velocity')
def test_a_velocity_never_carries_a_joint_beyond_its_limit_however_late_the_next_action(bench
                                                                                        ) -> None:
    """A velocity controller goes on with the last command until the deadman stops it."""
    position, speed = START.copy(), np.zeros(7)
    rng = np.random.default_rng(0)
    for _ in range(60):
        bench.beat()
        bench.joints(position)
        bench.act(np.ones(7) * (1.0 if rng.random() < 0.9 else -1.0))
        # The next action is late: up to and beyond the deadman (0.2 s). States come at 100 Hz.
        for _ in range(int(rng.integers(1, 30))):
            bench.beat()
            speed = bench.sent[-1]
            position = position + speed * 0.01
            bench.joints(position)
            bench.tick(0.01)
        assert (position <= UPPER + 1e-9).all(), position - UPPER
        assert (position >= LOWER - 1e-9).all(), LOWER - position


@of('effort')
@pytest.mark.parametrize('told', [(), (np.nan,) * 7, (0.0,) * 7])
def test_an_effort_pushes_no_joint_that_is_too_fast_though_no_velocity_is_told(bench, told
                                                                               ) -> None:
    """URDF: 3.2 rad/s for joint_1, 4.0 rad/s for joint_7."""
    fast = np.array([3.3, 0.0, 0.0, 0.0, 0.0, 0.0, 4.1])
    for step in range(2):
        bench.beat()
        bench.joints(START + fast * 0.05 * step, told)
        bench.now_s += 0.05
    bench.now_s -= 0.05
    bench.act([1.0] * 7)
    assert bench.sent[-1][[0, 6]].tolist() == [0.0, 0.0]
    assert (bench.sent[-1][1:6] > 0).all()


@pytest.mark.parametrize('interface', ['velocity', 'effort'])
def test_commands_that_go_on_must_leave_room_for_as_long_as_they_go_on(interface) -> None:
    with pytest.raises(ConfigError, match=r'coast_s: 0.3 s is too short .* 0.32 s'):
        MotorGateConfig(command_interface=interface, deadman_s=0.3)
    MotorGateConfig(command_interface=interface, deadman_s=0.28)
    MotorGateConfig(command_interface=interface, deadman_s=300.0, lock_step=True)
    MotorGateConfig(command_interface='position', deadman_s=2.0)


@of('velocity')
def test_shut_means_zero_velocity(bench) -> None:
    bench.beat()
    bench.joints(START)
    bench.act([0.5] * 7)
    assert (bench.sent[-1] > 0).all()
    for _ in range(30):
        bench.beat()
        bench.joints(START)
        bench.tick(0.01)
    assert (bench.sent[-1] == 0).all()


@of('position')
def test_the_deadman_holds_the_last_target(bench) -> None:
    bench.beat()
    bench.joints(START)
    bench.act([1.0] * 7)
    target = bench.sent[-1]
    assert (np.abs(target - START) > 1e-3).all()
    for _ in range(60):
        bench.beat()
        bench.joints(START)
        bench.tick(0.01)
    assert len(bench.sent) > 3
    assert (bench.sent[-1] == target).all()


@of('position')
def test_an_action_that_comes_twice_moves_once(bench) -> None:
    bench.beat()
    bench.joints(START)
    bench.act([0.5] * 7)
    count = len(bench.sent)
    bench.now_s += 0.01
    bench.act([0.5] * 7, stamp_ns=round(1000.0 * 1e9))
    assert len(bench.sent) == count


@of('velocity')
@pytest.mark.parametrize(('late_s', 'told'), [(0.02, True), (0.05, False), (0.2, False)])
def test_an_action_that_came_after_the_next_reading_is_not_what_moved_the_arm_till_then(
        bench, late_s, told) -> None:
    executed: list[object] = []
    bench.gate.emit = lambda port, message: executed.append(message)
    bench.beat()
    bench.joints(START)
    bench.act([0.5] * 7, stamp_ns=bench.stamp_ns - round(late_s * 1e9))
    assert len(bench.sent) == 1
    assert bool(executed) == told


@of('position')
@pytest.mark.parametrize('late_s', [0.31, 5.0, -0.31, -5.0])
def test_actions_that_derive_from_another_time_move_nothing(bench, late_s) -> None:
    bench.beat()
    bench.joints(START)
    bench.act([1.0] * 7, stamp_ns=bench.stamp_ns - round(late_s * 1e9))
    assert bench.sent == []
    assert bench.gate.refused == 1


@of('position')
def test_without_fresh_joint_states_the_gate_shuts(bench) -> None:
    bench.beat()
    bench.joints(START)
    bench.act([0.1] * 7)
    bench.now_s += 0.51
    bench.beat()
    bench.act([1.0] * 7, stamp_ns=bench.stamp_ns)
    bench.tick(0.0)
    assert (bench.sent[-1] == bench.sent[0]).all()


@of('position')
def test_a_refused_joint_state_does_not_count_as_fresh_nor_set_the_time(bench) -> None:
    bench.beat()
    bench.joints(START)
    bench.now_s += 0.4
    bench.beat()
    bench.joints([np.nan] * 7)
    bench.act([0.1] * 7, stamp_ns=round(1000.0 * 1e9))
    assert bench.sent == []      # 0.4 s old against max_action_age_s 0.3: stale by the clock
    bench.now_s += 0.2
    bench.beat()
    bench.act([0.1] * 7)
    assert bench.sent == []


@of('trajectory')
def test_a_trajectory_is_a_position_with_time(bench) -> None:
    bench.beat()
    bench.joints(START)
    bench.act([0.5] * 7)
    # 0.5 x 0.8 x velocity x 0.05 s
    np.testing.assert_allclose(bench.sent[-1] - START, np.array([3.2] * 4 + [4.0] * 3) * 0.02,
                               rtol=1e-5)


@of('effort', '-p', 'joints:=[joint_3,joint_1]')
def test_only_the_chosen_joints_are_commanded_in_the_order_chosen(bench) -> None:
    bench.beat()
    bench.joints(START, np.zeros(7))
    bench.act([0.5, -1.0])
    np.testing.assert_allclose(bench.sent[-1], [22.5, -60.0])   # of 45 Nm and 60 Nm


@of('position')
def test_an_unexpected_fault_shuts_the_gate_until_it_is_armed_again(bench) -> None:
    bench.beat()
    bench.joints(START)
    bench.gate.guarded('anything', lambda: 1 / 0)
    bench.act([1.0] * 7)
    assert bench.sent == []
    bench.gate.trigger_deactivate()
    bench.gate.trigger_activate()
    bench.beat()
    bench.act([1.0] * 7)
    assert (bench.sent[-1] != START).all()


@of('position')
def test_a_shut_gate_tells_why_and_whether_it_waits_to_be_armed(bench) -> None:
    bench.beat()
    bench.joints(START)
    bench.act([1.0] * 7)
    told = bench.gate.telemetry()
    assert (told.open, told.tripped, told.shut) == (1.0, 0.0, '')
    bench.tick(0.25)     # longer than the deadman
    told = bench.gate.telemetry()
    assert (told.open, told.tripped, told.shut) == (0.0, 0.0, 'no fresh action')
    bench.beat('stranger/task/open')
    bench.tick(0.1)
    told = bench.gate.telemetry()
    assert told.tripped == 1.0
    assert 'from incarnation one to stranger' in told.shut


@of('position')
def test_what_keeps_the_arm_safe_is_fixed_at_run_time(bench) -> None:
    result = bench.gate.set_parameters([Parameter('deadman_s', value=100.0)])[0]
    assert not result.successful
    assert 'start-up' in result.reason


@of('position', '-p', 'lock_step:=true', '-p', 'max_action_age_s:=100.0')
def test_in_lock_step_an_action_that_overtook_its_joint_state_waits_for_it(bench) -> None:
    bench.now_s += 5.0
    bench.beat()
    bench.joints(START)
    moved = START + 0.01
    bench.now_s += 0.05
    sent = len(bench.sent)
    bench.act([0.0] * 7)
    assert len(bench.sent) == sent
    bench.joints(moved)
    bench.tick(0.0)
    assert bench.sent[-1] == pytest.approx(moved)   # no action: the target is where the arm is


@of('position', '-p', 'lock_step:=true', '-p', 'readers:=[reader]')
def test_in_lock_step_nothing_moves_before_what_was_executed_reaches_its_readers(bench) -> None:
    def moved() -> bool:
        bench.now_s += 0.05
        bench.beat()
        bench.joints(START)
        bench.act([1.0] * 7)
        return bool(bench.gate._commands)

    bystander, reader = rclpy.create_node('bystander'), rclpy.create_node('reader')
    taken: list[Float32MultiArray] = []
    bystander.create_subscription(Float32MultiArray, 'motor_gate/executed', print, qos.RECORD)
    assert not any(moved() or time.sleep(0.02) for _ in range(20))
    reader.create_subscription(Float32MultiArray, 'motor_gate/executed', taken.append, qos.RECORD)
    deadline = time.monotonic() + 20.0
    while not moved() and time.monotonic() < deadline:
        time.sleep(0.02)
    while not taken and time.monotonic() < deadline:
        rclpy.spin_once(reader, timeout_sec=0.1)
    assert decode(taken[0]).stamp_ns == bench.stamp_ns   # the first one of all
    bystander.destroy_node()
    reader.destroy_node()


@of('position')
def test_an_arm_and_a_gripper_in_messages_of_their_own_keep_the_gate_open(bench) -> None:
    arm, gripper = slice(0, 6), slice(6, 7)
    sent = []
    for _ in range(20):
        bench.beat()
        bench.joints(START[arm], names=JOINTS[arm])
        bench.joints([], names=[])
        bench.joints(START[gripper], names=JOINTS[gripper])
        bench.act([0.5] * 7)
        sent.append(len(bench.sent))
        bench.now_s += 0.05
    assert sent == list(range(1, 21))
    assert bench.gate.refused == 0
    for _ in range(12):                  # the gripper falls silent, the arm goes on
        bench.beat()
        bench.joints(START[arm], names=JOINTS[arm])
        bench.act([0.5] * 7)
        bench.now_s += 0.05
    bench.tick(0.0)
    assert bench.gate.telemetry().shut == 'no fresh joint state of joint_7'


@of('position')
def test_after_a_clock_was_set_back_the_gate_opens_at_once(bench) -> None:
    bench.beat()
    bench.joints(START)
    bench.act([0.5] * 7)
    ahead_ns = bench.stamp_ns
    for step in range(5):
        bench.now_s += 0.05
        bench.beat()
        stamp_ns = (1 + step) * 50_000_000          # the simulator was reset
        bench.joints(START, stamp_ns=stamp_ns)
        bench.act([1.0] * 7, stamp_ns=ahead_ns)     # decided before that
        before = len(bench.sent)
        bench.act([0.5] * 7, stamp_ns=stamp_ns)
        assert len(bench.sent) == before + 1
    assert bench.gate.telemetry().clock_jumps == 1
    assert bench.gate.refused == 5


@of('position')
def test_stamps_of_zero_stand_for_the_time_of_arrival(bench) -> None:
    bench.beat()
    bench.joints(START, stamp_ns=0)
    bench.act([0.5] * 7, stamp_ns=bench.gate.get_clock().now().nanoseconds)
    assert len(bench.sent) == 1
