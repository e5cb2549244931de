"""
The motor guard under anything that may be thrown at them.

The properties are checked from outside: commands against the limits and the clock, never
against the guard's own state.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ros.common.errors import ConfigError, NonFiniteError, SpecError
from abm_ros.robot.description import JointLimits
from abm_ros.robot.motor_guard import MotorConfig, MotorGuard

LOWER, UPPER = np.array([-1.0, 0.0, -2.5]), np.array([1.0, 0.3, 2.5])
VELOCITY, EFFORT = np.array([2.0, 0.5, 4.0]), np.array([10.0, 20.0, 5.0])
LIMITS = JointLimits(('a', 'b', 'c'), LOWER, UPPER, VELOCITY, EFFORT)
PERIOD_S = 0.05
ANY = st.floats(allow_nan=True, allow_infinity=True, width=64)
ACTIONS = st.lists(ANY, min_size=0, max_size=5)
GOOD = st.lists(st.floats(-3, 3), min_size=3, max_size=3)
INSIDE = st.tuples(st.floats(-0.9, 0.9), st.floats(0.03, 0.27), st.floats(-2.4, 2.4))


def guard(interface: str = 'position', **more) -> MotorGuard:
    return MotorGuard(MotorConfig(command_interface=interface, **more), LIMITS)


def measured(start, interface: str = 'position', velocity=(0.0, 0.0, 0.0), **more) -> MotorGuard:
    made = guard(interface, **more)
    made.measure(np.array(start), np.array(velocity), 0.0)
    return made


def finite(action: list[float]) -> bool:
    with np.errstate(over='ignore'):
        return len(action) == 3 and bool(np.isfinite(np.array(action, np.float32)).all())


@settings(max_examples=150)
@given(start=INSIDE, follows=st.sampled_from((0.0, 1.0, -1.0)), events=st.lists(st.tuples(
    ACTIONS | GOOD, st.floats(-0.1, 0.3)), max_size=30))
@pytest.mark.filterwarnings('ignore:overflow')
def test_positions_never_leave_the_limits_nor_outrun_the_joints(start, follows, events) -> None:
    made, here = measured(start), np.array(start)
    now_s = 100.0
    path = [(now_s, made.standstill())]
    for action, wait_s in events:
        now_s += wait_s     # a clock that jumps back gives no extra motion either
        if finite(action):
            motion = made.act(np.array(action), now_s)
            assert (np.abs(motion.executed) <= 1.0).all()
            path.append((now_s, motion.command))
            here = np.clip(here + follows * (motion.command - here), LOWER, UPPER)
            made.measure(here, np.zeros(3), 0.0)
        else:
            with pytest.raises(SpecError):
                made.act(np.array(action), now_s)
            assert (made.standstill() == path[-1][1]).all(), 'refused, and moved all the same'
    times = np.array([at for at, _ in path])
    commands = np.array([command for _, command in path])
    assert np.isfinite(commands).all()
    assert (commands >= LOWER).all()
    assert (commands <= UPPER).all()
    # In any window: what the velocity limit allows in it, and one period's motion in store.
    forward_s = np.concatenate([[0.0], np.maximum(np.diff(times), 0.0).cumsum()])
    first, last = np.triu_indices(len(path), 1)
    allowed = VELOCITY * (forward_s[last] - forward_s[first] + PERIOD_S)[:, None]
    assert (np.abs(commands[last] - commands[first]) <= allowed + 1e-6).all()


@given(start=INSIDE, count=st.integers(1, 200))
def test_a_flood_within_no_time_moves_one_period_at_most(start, count) -> None:
    made = measured(start)
    before = made.standstill()
    for _ in range(count):
        command = made.act(np.array([1e9, -1e9, 1e9]), 5.0).command
        made.measure(command, np.zeros(3), 0.0)
    assert (np.abs(command - before) <= VELOCITY * PERIOD_S + 1e-9).all()


def test_a_full_action_uses_the_configured_share_of_the_velocity() -> None:
    made = measured([0.0, 0.1, 0.0], velocity_scale=0.5)
    motion = made.act(np.array([1.0, -0.5, 0.2]), 0.0)
    # 0.5 x 2.0 rad/s x 0.05 s = 0.05 rad, and so on.
    np.testing.assert_allclose(motion.command, [0.05, 0.1 - 0.00625, 0.02])
    np.testing.assert_allclose(motion.executed, [1.0, -0.5, 0.2], rtol=1e-6)


def test_executed_tells_what_the_limit_left_of_the_action() -> None:
    made = measured([0.96, 0.1, 0.0])
    motion = made.act(np.array([1.0, 0.0, 0.0]), 0.0)
    assert motion.command[0] == pytest.approx(0.98)          # 1.0 less the margin of 0.02
    # A full step is 0.8 x 2.0 rad/s x 0.05 s.
    assert motion.executed[0] == pytest.approx(0.02 / 0.08, abs=1e-5)


@given(position=st.lists(st.floats(-4, 4), min_size=3, max_size=3), action=GOOD)
def test_velocities_stay_within_their_limit_and_point_inwards_at_the_edge(position, action
                                                                         ) -> None:
    made = measured(position, 'velocity')
    command = made.act(np.array(action), 0.0).command
    assert (np.abs(command) <= VELOCITY).all()
    arrives = np.array(position) + command * PERIOD_S
    wants_up, wants_down = command > 0, command < 0
    assert (arrives[wants_up] <= UPPER[wants_up] + 1e-9).all()
    assert (arrives[wants_down] >= LOWER[wants_down] - 1e-9).all()


@given(position=st.lists(st.floats(-4, 4), min_size=3, max_size=3),
       velocity=st.lists(st.floats(-9, 9), min_size=3, max_size=3), action=GOOD)
def test_efforts_stay_within_their_limit_and_never_push_outwards(position, velocity, action
                                                                 ) -> None:
    made = measured(position, 'effort', velocity)
    command = made.act(np.array(action), 0.0).command
    assert (np.abs(command) <= EFFORT).all()
    assert (command[np.array(position) >= UPPER] <= 0).all() or (
        np.array(velocity)[np.array(position) >= UPPER] < 0).any()
    too_fast = np.abs(velocity) >= VELOCITY
    assert (command[too_fast] * np.array(velocity)[too_fast] <= 0).all(), 'pushes on'


def wheel(low: float = -np.inf, inputs: bool = False) -> JointLimits:
    return JointLimits(('w',), np.array([low]), np.array([-low]), np.array([1.0]),
                       np.array([2.0]), inputs)


@pytest.mark.parametrize('tells', ['velocity', 'zeros', 'nan', 'nothing'])
@pytest.mark.parametrize('end', [np.inf, 3.0])
@pytest.mark.parametrize('wraps', [False, True])
def test_a_pushed_mass_stays_within_its_speed_whatever_the_driver_tells(tells, end, wraps) -> None:
    """A mass of 1 kg m^2 under 2 Nm; in closed form a period adds 2 x 0.05 = 0.1 rad/s."""
    made = MotorGuard(MotorConfig(command_interface='effort'), wheel(-end))
    x = v = fastest = 0.0
    for step in range(400):
        told = {'velocity': [v], 'zeros': [0.0], 'nan': [np.nan], 'nothing': []}[tells]
        seen = (x + np.pi) % (2 * np.pi) - np.pi if wraps and np.isinf(end) else x
        made.measure([seen], told, step * PERIOD_S)
        push = float(made.act(np.array([1.0]), step * PERIOD_S).command[0]) if made.ready else 0.0
        x, v = x + v * PERIOD_S + push * PERIOD_S ** 2 / 2, v + push * PERIOD_S
        fastest = max(fastest, v)
    # 0.8 of the limit of 1 rad/s, the push that ends there, and one that positions tell of late.
    assert 0.7 < fastest <= 0.8 + 2 * 0.1 + 1e-9
    if np.isinf(end):
        assert x > 10.0     # it went on turning: no spurious speed where the angle wraps


def test_an_effort_waits_until_it_is_known_how_fast_a_joint_is() -> None:
    made = MotorGuard(MotorConfig(command_interface='effort'), wheel())
    assert not made.ready
    made.measure([0.0], [], 10.0)
    for at_s in (10.0, 10.005):          # the same state, or one too near to tell anything
        made.measure([0.1], [], at_s)
        assert not made.ready
        with pytest.raises(SpecError, match='how fast'):
            made.act(np.ones(1), at_s)
    made.measure([0.02], [], 10.02)      # 1 rad/s, the limit
    assert made.act(np.ones(1), 10.02).command.tolist() == [0.0]
    assert made.act(-np.ones(1), 10.02).command.tolist() == [-2.0]
    made.measure([5.0], [], 20.0)        # a gap: nobody knows
    assert not made.ready
    assert MotorGuard(MotorConfig(command_interface='effort'), wheel(inputs=True)).ready


@pytest.mark.parametrize('interface', ['velocity', 'effort'])
def test_a_standstill_is_zero_where_a_command_is_a_motion(interface) -> None:
    assert guard(interface).standstill().tolist() == [0, 0, 0]


def test_a_standstill_is_where_the_arm_is_and_nothing_before_that_is_known() -> None:
    made = guard()
    assert made.standstill() is None
    assert not made.ready
    with pytest.raises(SpecError, match='joint state'):
        made.act(np.zeros(3), 0.0)
    made.measure(np.array([0.1, 0.2, 0.3]), np.zeros(3), 0.0)
    np.testing.assert_allclose(made.standstill(), [0.1, 0.2, 0.3], rtol=1e-6)
    made.measure(np.array([0.0, 0.1, 0.0]), np.zeros(3), 0.0)   # sagging moves no set-point
    np.testing.assert_allclose(made.standstill(), [0.1, 0.2, 0.3], rtol=1e-6)


def test_what_standstill_returns_is_not_the_guards_own() -> None:
    made = measured([0.1, 0.2, 0.3])
    made.standstill()[:] = 99
    np.testing.assert_allclose(made.standstill(), [0.1, 0.2, 0.3], rtol=1e-6)


@pytest.mark.parametrize('interface', ['position', 'velocity', 'effort', 'trajectory'])
@pytest.mark.parametrize('bad', [[np.nan, 0, 0], [np.inf, 0, 0], [0, 0], [0] * 4, [], 0.0,
                                 [[0, 0, 0]]])
def test_an_unfit_action_is_refused_before_it_is_clamped(interface, bad) -> None:
    made = measured([0.0, 0.1, 0.0], interface)
    before = made.standstill()
    with pytest.raises(SpecError):
        made.act(np.array(bad, float), 0.0)
    assert (made.standstill() == before).all()


def test_a_bad_joint_state_leaves_the_last_good_one() -> None:
    made = measured([0.1, 0.2, 0.3])
    with pytest.raises(NonFiniteError, match='position'):
        made.measure(np.array([np.nan, 0.1, 0.0]), np.zeros(3), 0.0)
    with pytest.raises(SpecError, match='position'):
        made.measure(np.array([0.1, 0.0]), np.zeros(3), 0.0)
    with pytest.raises(SpecError, match='velocity'):
        made.measure(np.array([0.9, 0.1, 0.0]), np.array([np.inf, 0, 0]), 0.0)
    np.testing.assert_allclose(made.act(np.zeros(3), 0.0).command, [0.1, 0.2, 0.3], atol=1e-6)


def test_a_continuous_joint_needs_no_position_to_be_turned() -> None:
    wheel = JointLimits(('w',), np.array([-np.inf]), np.array([np.inf]), np.array([3.0]),
                        np.array([1.0]))
    made = MotorGuard(MotorConfig(command_interface='velocity', velocity_scale=1.0), wheel)
    assert made.ready
    assert made.act(np.array([0.5]), 0.0).command.tolist() == [1.5]


@pytest.mark.parametrize('interface', ['position', 'velocity'])
def test_no_joint_is_as_fast_as_a_placeholder_says(interface) -> None:
    limits = JointLimits(('slow', 'fast'), np.full(2, -9.0), np.full(2, 9.0),
                         np.array([1.0, 100.0]), np.ones(2))
    made = MotorGuard(MotorConfig(command_interface=interface, max_velocity=2.0), limits)
    made.measure(np.zeros(2), np.zeros(2), 0.0)
    motion = made.act(np.ones(2), 0.0)
    period = made.config.control_period_s if interface == 'position' else 1.0
    np.testing.assert_allclose(motion.command, [0.8 * period, 1.6 * period])
    np.testing.assert_allclose(motion.executed, [1.0, 1.0])


def test_inputs_of_a_simulated_body_keep_their_scale() -> None:
    limits = JointLimits(('input',), np.array([-np.inf]), np.array([np.inf]), np.array([100.0]),
                         np.ones(1), inputs=True)
    made = MotorGuard(MotorConfig(command_interface='velocity', max_velocity=2.0,
                                  velocity_scale=1.0), limits)
    assert made.act(np.ones(1), 0.0).command.tolist() == [100.0]


def test_a_margin_leaves_a_short_joint_most_of_its_room() -> None:
    finger = JointLimits(('finger', 'wheel'), np.array([0.0, -np.inf]), np.array([0.04, np.inf]),
                         np.array([0.2, 1.0]), np.ones(2))
    made = MotorGuard(MotorConfig(), finger)
    ends = []
    for toward in (1.0, -1.0):
        made.measure([0.02, 0.0], [], 0.0)
        for step in range(100):
            made.measure(made.act(np.full(2, toward), step * PERIOD_S).command, [], 0.0)
        ends.append(made.standstill()[0])
    np.testing.assert_allclose(ends, [0.036, 0.004])


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(ConfigError, match='velocity_scale'):
        MotorConfig(velocity_scale=1.5)


@given(st.lists(GOOD, min_size=1, max_size=30), st.floats(0.01, 1.0),
       st.sampled_from(('position', 'velocity')))
def test_the_envelope_bounds_every_motion_and_the_executed_action_tells(
        actions, share, interface) -> None:
    made = measured((0.0, 0.1, 0.0), interface)
    made.envelope(share)
    before, now_s = made.standstill(), 100.0
    for action in actions:
        now_s += PERIOD_S
        motion = made.act(np.array(action), now_s)
        speed = (motion.command if interface == 'velocity'
                 else (motion.command - before) / PERIOD_S)
        assert (np.abs(speed) <= share * VELOCITY + 1e-9).all()
        if interface == 'velocity':
            # A full action is velocity_scale, 0.8, of the limit, whatever the envelope.
            assert np.allclose(motion.executed, motion.command / (0.8 * VELOCITY), atol=1e-6)
        before = motion.command
    made.envelope(1.0)
    np.testing.assert_array_equal(made.limits.velocity, VELOCITY)


def wrapped(angle: float) -> float:
    """The same angle as many drivers tell it, in [-pi, pi]."""
    return float(np.arctan2(np.sin(angle), np.cos(angle)))


@pytest.mark.parametrize('wraps', [False, True])
@pytest.mark.parametrize('way', [1.0, -1.0])
def test_a_continuous_joint_crosses_pi_as_any_other_angle(wraps, way) -> None:
    """The controller takes the shorter way; a driver may also count turns."""
    made = MotorGuard(MotorConfig(), wheel())
    angle = 3.0 * way
    full = 0.8 * PERIOD_S                    # of 1 rad/s
    for step in range(400):                  # 16 rad: two and a half turns
        told = wrapped(angle) if wraps else angle
        made.measure([told], [], step * PERIOD_S)
        motion = made.act(np.array([way]), step * PERIOD_S)
        assert motion.executed[0] == pytest.approx(way, abs=1e-5)
        assert motion.command[0] - told == pytest.approx(way * full), 'not on the near side'
        error = motion.command[0] - angle
        angle += error - 2 * np.pi * round(error / (2 * np.pi)) if wraps else error
    assert angle == pytest.approx(3.0 * way + 400 * way * full)


def test_what_is_held_stays_on_the_near_side_after_the_driver_wrapped() -> None:
    made = MotorGuard(MotorConfig(), wheel())
    made.measure([3.13], [], 0.0)
    assert made.act(np.ones(1), 0.0).command[0] == pytest.approx(3.17)
    made.measure([wrapped(3.17)], [], 0.05)
    assert made.standstill()[0] == pytest.approx(3.17 - 2 * np.pi)


def test_joints_measured_at_different_times_are_as_fast_as_each_of_them_is() -> None:
    """An arm is told every 50 ms, its gripper every 200 ms; both move at 1 rad/s."""
    limits = JointLimits(('arm', 'finger'), np.full(2, -50.0), np.full(2, 50.0), np.full(2, 1.0),
                         np.ones(2))
    made = MotorGuard(MotorConfig(command_interface='effort'), limits)
    for step in range(20):
        times = (0.05 * step, 0.2 * (step // 4))
        made.measure(times, [], times)
    assert made.act(np.ones(2), 1.0).command.tolist() == [0.0, 0.0]     # both at their limit
