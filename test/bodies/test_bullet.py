"""The arm in PyBullet."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip('pybullet')

from abm_ros.agent.life import Life
from abm_ros.bodies.bullet import BulletArm
from abm_ros.bodies.config import BulletArmConfig
from abm_ros.bodies.disturbance import Disturbance
from abm_ros.common.errors import BodyError
from abm_ros.common.share import share_file
from abm_ros.robot.description import read_body_tag, read_limits
from abm_ros.robot.motor_guard import MotorConfig

HOME = np.array([0.0, 0.5, 0.0, 1.6, 0.0, 0.9, 0.0])


@pytest.fixture
def arm():
    made = []

    def make(**settings):
        made.append(BulletArm(BulletArmConfig(**settings)))
        return made[-1]
    yield make
    for body in made:
        body.close()


def flail(body, steps, seed=3):
    """Return the states of a random walk of the position target, 0.15 rad per step at most."""
    rng, limits = np.random.default_rng(seed), body.limits
    target, states = HOME.copy(), []
    for _ in range(steps):
        target = np.clip(target + rng.uniform(-0.15, 0.15, 7), limits.lower, limits.upper)
        states.append(body.step(target))
    return states


def same(a, b):
    for item in dataclasses.fields(a):
        x, y = getattr(a, item.name), getattr(b, item.name)
        if isinstance(x, np.ndarray):
            if x.tobytes() != y.tobytes():
                return False
        elif x != y:
            return False
    return True


@pytest.mark.parametrize('task', ['reach', 'push'])
def test_one_seed_and_commands_give_bit_identical_states(arm, task):
    settings = {'task': task, 'seed': 5, 'camera_size': 16, 'horizon': 20}
    one = flail(arm(**settings), 60)
    two = flail(arm(**settings), 60)
    assert all(same(a, b) for a, b in zip(one, two, strict=True))
    assert not same(one[0], arm(**{**settings, 'seed': 6}).state())


def test_last_state_of_an_episode_shows_the_old_goal(arm):
    body = arm(horizon=4)
    first = body.state()
    states = [body.step(HOME) for _ in range(6)]
    assert [(s.episode, s.step) for s in states] == [
        (0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (1, 1)]
    assert (states[3].goal == first.goal).all()
    assert (states[4].goal != first.goal).all()
    assert (states[5].goal == states[4].goal).all()


def test_success_ends_the_episode_and_the_arm_goes_on(arm):
    body = arm(goal_tolerance=0.25, horizon=1000)
    states = flail(body, 400)
    ends = [i for i, s in enumerate(states[:-1]) if s.success]
    assert ends
    for i in ends:
        distance = np.linalg.norm(states[i].tool_position - states[i].goal)
        assert distance <= 0.25
        assert (states[i + 1].episode, states[i + 1].step) == (states[i].episode + 1, 0)
        # 12 substeps at 4 rad/s move no joint farther than 0.2 rad: there is no teleport.
        assert np.abs(states[i + 1].position - states[i].position).max() < 0.25


def test_success_need_not_end_the_episode(arm):
    states = flail(arm(goal_tolerance=0.25, horizon=50, ends_at_success=False), 150)
    assert any(s.success for s in states)
    assert [(s.episode, s.step) for s in states] == [
        divmod(n, 51) for n in range(1, 151)]


def test_position_command_is_reached_and_stays_in_limits(arm):
    body = arm()
    target = HOME + [0.1, -0.1, 0.1, 0.1, -0.1, 0.1, 0.1]
    for _ in range(10):
        state = body.step(target)
    assert state.position == pytest.approx(target, abs=5e-3)
    limits = read_limits(share_file('urdf/abm_arm.urdf').read_text())
    for _ in range(60):
        state = body.step(np.full(7, 1e9))
        assert (np.abs(state.effort) <= limits.effort * (1 + 1e-9)).all()
    assert (state.position <= limits.upper + 0.02).all()


def test_velocity_interface_moves_at_the_speed_commanded(arm):
    body = arm(interface='velocity')
    command = np.array([0.4, 0, 0, 0, 0, 0, 0.0])
    for _ in range(20):
        state = body.step(command)
    assert state.position[0] == pytest.approx(0.4 * 20 / 20, rel=0.05)
    assert state.velocity[0] == pytest.approx(0.4, rel=0.05)


def test_effort_interface_falls_under_gravity_and_turns_with_torque(arm):
    body = arm(interface='effort')
    for _ in range(4):
        state = body.step(np.array([2.0, 0, 0, 0, 0, 0, 0]))
    assert state.position[0] > 0.01
    assert state.position[1] > HOME[1] + 0.01  # the shoulder sinks forward


@pytest.mark.parametrize('command', [np.zeros(6), np.full(7, np.nan), np.full(7, np.inf)])
def test_bad_command_is_refused_and_moves_nothing(arm, command):
    body = arm()
    before = body.state()
    with pytest.raises(BodyError, match='command'):
        body.step(command)
    assert body.state() is before


@pytest.mark.parametrize(('gain', 'expected'), [(1.0, 0.2), (-1.0, -0.2), (0.5, 0.1), (0.0, 0.0)])
def test_gain_scales_and_flips_the_motion(arm, gain, expected):
    body = arm()
    change = Disturbance.neutral(7)
    change.gain[0] = gain
    body.set_disturbance(change)
    command = HOME.copy()
    command[0] = 0.2
    for _ in range(20):  # the command is held, so the joint must come to rest
        state = body.step(command)
    assert state.position[0] == pytest.approx(expected, abs=5e-3)
    assert state.position[1:] == pytest.approx(HOME[1:], abs=5e-3)


def test_bias_shifts_the_reading_and_not_the_arm(arm):
    body, plain = arm(), arm()
    change = Disturbance.neutral(7)
    change.bias[2] = 0.3
    body.set_disturbance(change)
    shifted, state = body.step(HOME), plain.step(HOME)
    assert shifted.position - state.position == pytest.approx([0, 0, 0.3, 0, 0, 0, 0], abs=1e-12)
    assert (shifted.tool_position == state.tool_position).all()


def test_payload_loads_the_shoulder_by_its_weight_times_its_lever(arm):
    body = arm()
    for _ in range(20):
        light = body.step(HOME)
    change = Disturbance.neutral(7)
    change.payload_kg = 2.0
    body.set_disturbance(change)
    for _ in range(20):
        heavy = body.step(HOME)
    lever = heavy.tool_position[0]  # joint 2 lies at x = 0; the mass hangs a little above the tip
    assert abs(heavy.effort[1] - light.effort[1]) == pytest.approx(2.0 * 9.81 * lever, rel=0.1)
    body.set_disturbance(Disturbance.neutral(7))
    for _ in range(20):
        again = body.step(HOME)
    assert again.effort[1] == pytest.approx(light.effort[1], rel=0.02)


@pytest.mark.parametrize('change', [
    Disturbance(np.ones(6), np.zeros(7)), Disturbance(np.ones(7), np.full(7, np.nan)),
    Disturbance(np.ones(7), np.zeros(7), -1.0)])
def test_bad_disturbance_is_refused(arm, change):
    with pytest.raises(BodyError, match='disturbance'):
        arm().set_disturbance(change)


def green(image):
    red, high, blue = (image[..., i].astype(int) for i in range(3))
    return (high > red + 60) & (high > blue + 60)


def test_camera_shows_the_goal_marker_and_may_be_moved(arm):
    body = arm(camera_size=64)
    image = body.state().image
    assert image.shape == (64, 64, 3)
    assert image.dtype == np.uint8
    rows, _ = np.nonzero(green(image))
    assert 3 <= len(rows) <= 200
    change = Disturbance.neutral(7)
    change.camera_offset_m[2] = 0.1
    body.set_disturbance(change)
    moved = np.nonzero(green(body.step(HOME).image))
    assert moved[0].mean() > rows.mean() + 1  # a higher camera sees it lower


def test_battery_drains_in_motion_and_charges_at_rest(arm):
    body = arm(battery_life_s=20.0, battery_charge_s=4.0, battery_start=0.5)
    moved = flail(body, 40)[-1].energy
    # 2 s of motion cost 2 / 20, and at most twice that under full load.
    assert 0.5 - 0.2 <= moved <= 0.5 - 0.1 + 1e-9
    target = np.array(HOME)
    for _ in range(20):
        state = body.step(target)
    resting = state.energy
    for _ in range(20):
        state = body.step(target)
    assert state.energy == pytest.approx(resting + 1.0 / 4.0, abs=1e-9)


def test_the_table_holds_the_arm(arm):
    body = arm()
    down = HOME + [0, 0.7, 0, 0, 0, 0, 0]
    pressed = [body.step(down) for _ in range(20)]
    assert min(state.tool_position[2] for state in pressed) > -0.01
    assert np.abs(pressed[-1].effort).max() > 3 * np.abs(arm().step(HOME).effort).max()


def test_push_puts_puck_and_goal_apart_on_the_table(arm):
    body = arm(task='push', horizon=2, goal_tolerance=0.05)
    for state in [body.state(), *(body.step(HOME) for _ in range(60))]:
        if state.step == 0:
            assert state.object_position[2] == pytest.approx(0.025, abs=5e-3)
            assert state.goal[2] == 0.025
            assert np.linalg.norm(state.object_position - state.goal) >= 0.09
            assert not state.success


def test_tool_moves_the_puck(arm):
    pin = pytest.importorskip('pinocchio')
    body = arm(task='push', horizon=10_000, seed=1)
    start = body.state().object_position
    rest = np.linalg.norm([body.step(HOME).object_position - start for _ in range(20)][-1])
    assert rest < 2e-3
    side = np.array([0.0, -0.1 if start[1] > 0 else 0.1, 0.0])
    for height, offsets in ((0.15, [1.0]), (0.04, [1.0]), (0.04, np.linspace(1.0, -0.5, 40))):
        for offset in offsets:
            goal = [start[0], start[1], height] + offset * side
            aim, distance = inverse(pin, goal)
            assert distance < 0.01
            for _ in range(20 if len(offsets) == 1 else 1):
                state = body.step(aim)
    moved = state.object_position - start
    assert np.linalg.norm(moved[:2]) > 0.02
    assert moved[1] * side[1] < 0  # away from the side that the tool came from


def test_description_carries_the_tag_and_limits(arm):
    body = arm(task='push', horizon=30, control_rate_hz=10)
    tag = read_body_tag(body.description())
    assert (tag.goal_tolerance, tag.horizon, tag.control_period_s) == (0.05, 30, 0.1)
    assert tag.goal_field == 'object_position'
    assert [(f.name, f.channels, f.size) for f in tag.fields] == [
        ('object_position', 'object_position.', 3)]
    assert read_body_tag(arm().description()).goal_field == 'tool_position'
    assert read_limits(body.description()).joints == body.command_joints


def test_goals_are_in_the_box_and_reachable_by_inverse_kinematics(arm):
    pin = pytest.importorskip('pinocchio')
    config = BulletArmConfig()
    rng = np.random.default_rng(0)
    goals = rng.uniform(config.reach_low, config.reach_high, (40, 3))
    corners = np.array(np.meshgrid(*zip(config.reach_low, config.reach_high, strict=True)))
    for goal in [*goals, *corners.reshape(3, -1).T]:
        assert inverse(pin, goal)[1] < 0.01, goal
    body = arm(horizon=1)
    for _ in range(50):
        goal = body.step(HOME).goal
        assert (goal >= config.reach_low).all()
        assert (goal <= config.reach_high).all()


def inverse(pin, goal):
    """Return joints (7,) within the limits and how near (m) they bring the tool to the goal."""
    model = pin.buildModelFromUrdf(str(share_file('urdf/abm_arm.urdf')))
    data, frame = model.createData(), model.getFrameId('tool')
    q = HOME.copy()
    for _ in range(200):
        pin.computeJointJacobians(model, data, q)
        pin.updateFramePlacements(model, data)
        error = goal - data.oMf[frame].translation
        jacobian = pin.getFrameJacobian(model, data, frame, pin.LOCAL_WORLD_ALIGNED)[:3]
        if np.linalg.norm(error) < 2e-3:
            break
        step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + 1e-3 * np.eye(3), error)
        q = np.clip(q + np.clip(step, -0.2, 0.2), model.lowerPositionLimit,
                    model.upperPositionLimit)
    return q, float(np.linalg.norm(error))


def test_random_flailing_seldom_reaches(arm):
    states = flail(arm(seed=1), 1600)
    ended = [s for s in states if s.success or s.step == 50]
    assert len(ended) >= 30
    assert np.mean([s.success for s in ended]) <= 0.25


def test_gui_without_a_display_is_refused(arm, monkeypatch):
    monkeypatch.setattr('sys.platform', 'linux')
    monkeypatch.delenv('DISPLAY', raising=False)
    with pytest.raises(BodyError, match='no display'):
        arm(gui=True)


def test_who_observes_by_camera_is_told_the_distance_but_no_place(arm):
    body = arm(observes='camera', seed=3)
    life = Life(body, MotorConfig())
    assert [f.name for f in life.spec.fields if not f.hidden] == ['joint_position', 'camera']
    assert (life.spec.goal_field, life.spec.goal_size) == ('goal_distance', 1)
    state = body.state()
    assert state.image.shape == (128, 128, 3)
    distance = np.linalg.norm(state.tool_position - state.goal)
    assert state.goal_distance == pytest.approx(distance)

    class Still:
        def act(self, observation):
            return np.zeros(7, np.float32)

        def executed(self, stamp_ns, action):
            pass
    seen = next(life.live(Still())).observation
    assert seen.goal.tolist() == [0.0]
    assert seen.vector[life.spec.goal_slice] == pytest.approx(distance, rel=1e-6)
    picture = seen.vector[life.spec.slice_of('camera')].reshape(3, 64, 64)
    # The marker is the one green thing.
    assert (picture[1] - picture[[0, 2]].max(0) > 0.3).sum() >= 3
