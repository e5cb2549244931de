"""Any gymnasium goal environment as a body."""

import numpy as np
import pytest

gymnasium = pytest.importorskip('gymnasium')

from abm_ros.bodies.config import GymBodyConfig
from abm_ros.bodies.gym_body import GymBody
from abm_ros.common.errors import BodyError
from abm_ros.robot.description import read_body_tag, read_limits

Box = gymnasium.spaces.Box


class TinyGoal(gymnasium.Env):
    """A point in the plane; observation (5,), goal (2,), actions in [-1, 3] x [0, 0.5]."""

    dt = 0.125
    distance_threshold = 0.2

    def __init__(self, render_mode=None):
        self.render_mode = render_mode
        self.observation_space = gymnasium.spaces.Dict({
            'observation': Box(-9, 9, (5,)), 'achieved_goal': Box(-9, 9, (2,)),
            'desired_goal': Box(-9, 9, (2,))})
        self.action_space = Box(np.array([-1, 0], np.float32), np.array([3, 0.5], np.float32))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.action = np.zeros(2), np.zeros(2)
        self.goal = self.np_random.uniform(1, 2, 2)
        return self.look(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.action = np.asarray(action, float)
        self.place = self.place + 0.1 * self.action
        return self.look(), 0.0, False, False, {}

    def look(self):
        return {'observation': np.r_[self.place, self.action, 7.0], 'achieved_goal': self.place,
                'desired_goal': self.goal}


class Flat(TinyGoal):
    """No goal environment: its observation is a plain Box."""

    def __init__(self, render_mode=None):
        super().__init__(render_mode)
        self.observation_space = Box(-9, 9, (5,))


@pytest.fixture(scope='module', autouse=True)
def registered():
    gymnasium.register('TinyGoal-v0', TinyGoal, max_episode_steps=6, disable_env_checker=True)
    gymnasium.register('Flat-v0', Flat, disable_env_checker=True)
    yield
    for name in ('TinyGoal-v0', 'Flat-v0'):
        del gymnasium.registry[name]


def tiny(**settings):
    return GymBody(GymBodyConfig(env_id='TinyGoal-v0', **settings))


def test_channels_name_every_number_in_order():
    state = tiny().state()
    assert state.channels == (*(f'observation.{i}' for i in range(5)), 'achieved_goal.0',
                              'achieved_goal.1', 'desired_goal.0', 'desired_goal.1')
    assert state.position[4] == 7.0
    assert (state.position[7:] == state.goal).all()
    assert state.velocity is None
    assert state.effort is None
    assert state.tool_position is None  # the goal is 2-D


def test_commands_map_to_the_bounds_of_the_actions():
    body = tiny()
    for command, action in (([-1, -1], [-1, 0]), ([1, 1], [3, 0.5]), ([0, 0], [1, 0.25]),
                            ([9, -9], [3, 0])):
        state = body.step(np.array(command, float))
        assert state.position[2:4] == pytest.approx(action)


def test_episode_ends_at_the_limit_and_the_next_command_is_ignored():
    body = tiny()
    goal = body.state().goal
    states = [body.step(np.full(2, -1.0)) for _ in range(8)]
    assert [(s.episode, s.step) for s in states] == [
        *((0, i) for i in range(1, 7)), (1, 0), (1, 1)]
    assert (states[5].goal == goal).all()
    assert (states[6].goal != goal).all()
    assert (states[6].position[:4] == 0).all()


def test_success_by_distance_ends_the_episode():
    body = tiny(seed=2)
    state = body.state()
    while not state.success and state.episode == 0:
        aim = 10 * (state.goal - state.position[:2])
        command = np.array([2 * (aim[0] + 1) / 4 - 1, 4 * aim[1] - 1])
        state = body.step(np.clip(command, -1, 1))
        assert state.success == (np.linalg.norm(state.goal - state.position[:2]) <= 0.2)
    # 0.05 per step is too slow for y in 6 steps, so the end is the limit.
    assert state.episode == 1


def test_success_need_not_end_the_episode():
    class Ending(TinyGoal):
        """Terminates at success, and where the point leaves to the left."""

        def step(self, action):
            look, *_ = super().step(action)
            near = np.linalg.norm(self.place - self.goal) <= self.distance_threshold
            return look, 0.0, bool(near or self.place[0] < -0.05), False, {'is_success': near}

    gymnasium.register('Ending-v0', Ending, max_episode_steps=6, disable_env_checker=True)
    try:
        body = GymBody(GymBodyConfig(env_id='Ending-v0', ends_at_success=False))
        body._env.unwrapped.goal = np.array([0.3, 0.0])
        steps = [body.step(np.array([1.0, -1.0])) for _ in range(7)]
        assert [s.step for s in steps] == [1, 2, 3, 4, 5, 6, 0]
        assert [s.success for s in steps[:6]] == [True, False, False, False, False, False]
        # Any other termination ends it.
        lost = [body.step(np.array([-1.0, -1.0])) for _ in range(2)]
        assert [(s.episode, s.step) for s in lost] == [(1, 1), (2, 0)]
        body.close()
    finally:
        del gymnasium.registry['Ending-v0']


def test_same_seed_same_states():
    one, two, other = tiny(seed=4), tiny(seed=4), tiny(seed=5)
    rng = np.random.default_rng(0)
    for command in rng.uniform(-1, 1, (20, 2)):
        a, b = one.step(command), two.step(command)
        assert a.position.tobytes() == b.position.tobytes()
    assert (other.state().goal != tiny(seed=4).state().goal).all()


def test_description_holds_limits_and_tag():
    text = tiny().description()
    limits, tag = read_limits(text), read_body_tag(text)
    assert limits.joints == ('action_0', 'action_1')
    assert np.isinf(limits.lower).all()
    assert (limits.effort == 1).all()
    assert (tag.goal_tolerance, tag.horizon, tag.control_period_s) == (0.2, 6, 0.125)
    assert tag.goal_field == 'achieved_goal'
    assert [(f.name, f.channels, f.size) for f in tag.fields] == [
        ('observation', 'observation.', 5), ('achieved_goal', 'achieved_goal.', 2),
        ('desired_goal', 'desired_goal.', 2)]


@pytest.mark.parametrize('command', [np.zeros(3), np.array([0.0, np.nan])])
def test_bad_command_is_refused(command):
    body = tiny()
    with pytest.raises(BodyError, match='command'):
        body.step(command)
    assert body.state().step == 0


@pytest.mark.parametrize(('settings', 'text'), [
    ({'env_id': 'NoSuchEnvironment-v0'}, 'unknown environment'),
    ({'env_id': 'Flat-v0'}, 'not a goal environment'),
    ({'env_id': 'TinyGoal-v0', 'module': 'no_such_module'}, 'pip install no_such_module')])
def test_errors_are_one_clear_line(settings, text):
    with pytest.raises(BodyError, match=text) as caught:
        GymBody(GymBodyConfig(**settings))
    assert '\n' not in str(caught.value)


def test_a_module_that_fails_is_told_in_one_line(tmp_path, monkeypatch):
    (tmp_path / 'breaks_on_import.py').write_text("raise RuntimeError('no simulator\\nhere')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BodyError, match=r'breaks_on_import.*: no simulator here$'):
        GymBody(GymBodyConfig(env_id='TinyGoal-v0', module='breaks_on_import'))


def test_panda_reach():
    pytest.importorskip('panda_gym')
    body = GymBody(GymBodyConfig(env_id='PandaReach-v3', seed=1))
    # 20 substeps of 2 ms, threshold 5 cm, 50 steps: panda-gym's documentation.
    assert (body.control_period_s, body.goal_tolerance, body.horizon) == (0.04, 0.05, 50)
    state = body.step(np.array([1.0, 0.0, 0.0]))
    assert state.position.shape == (12,)
    assert state.tool_position == pytest.approx(state.position[6:9])
    for _ in range(50):  # a proportional controller reaches any goal
        if state.success:
            break
        state = body.step(np.clip(10 * (state.goal - state.tool_position), -1, 1))
    assert state.success
    after = body.step(np.zeros(3))
    assert (after.episode, after.step) == (1, 0)
    body.close()
