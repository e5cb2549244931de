"""Goal environments as people write them, each with one peculiarity; importing registers them."""

import time

import gymnasium
import numpy as np

Box = gymnasium.spaces.Box


class Point(gymnasium.Env):
    """A point in the plane that moves by 0.1 per step; the goal is reached within 0.05."""

    def __init__(self, render_mode=None):
        self.metadata = {'render_modes': ['rgb_array'], 'render_fps': 20}
        self.render_mode = render_mode
        plane = Box(-np.inf, np.inf, (2,), np.float32)
        self.observation_space = gymnasium.spaces.Dict(
            observation=plane, achieved_goal=plane, desired_goal=plane)
        self.action_space = Box(-1, 1, (2,), np.float32)
        self.moves = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = np.zeros(2)
        self.goal = self.np_random.uniform(-1, 1, 2)
        return self.look(), {}

    def step(self, action):
        self.moves += 1
        self.place = np.clip(self.place + 0.1 * np.ravel(action)[:2], -2, 2)
        return self.look(), -1.0, False, False, {}

    def look(self):
        place = self.place.astype(np.float32)
        return {'observation': place, 'achieved_goal': place.copy(),
                'desired_goal': self.goal.astype(np.float32)}

    @property
    def distance(self):
        return float(np.linalg.norm(self.place - self.goal))

    def render(self):
        return np.zeros((32, 32, 3), np.uint8)


class Wide(Point):
    """Tells `success`, as mazes do, within 0.45 of the goal."""

    def step(self, action):
        *answer, _ = super().step(action)
        return (*answer, {'success': self.distance <= 0.45})


class Both(Point):
    """Tells `is_success` as an array of numbers, as vectorised environments do, and `success`."""

    def step(self, action):
        *answer, _ = super().step(action)
        return (*answer, {'is_success': np.array([0.0], np.float32), 'success': True})


class Lever(Point):
    """Success is a third number beyond 0.75, of which the goal tells nothing."""

    def __init__(self, render_mode=None):
        super().__init__(render_mode)
        self.observation_space = gymnasium.spaces.Dict(
            self.observation_space.spaces | {
                'observation': Box(-np.inf, np.inf, (3,), np.float32)})
        self.action_space = Box(-1, 1, (3,), np.float32)

    def reset(self, *, seed=None, options=None):
        self.lever = 0.0
        return super().reset(seed=seed)

    def step(self, action):
        self.lever = float(np.clip(self.lever + 0.1 * np.ravel(action)[2], -1, 1))
        *answer, _ = super().step(action)
        return (*answer, {'is_success': self.lever > 0.75})

    def look(self):
        seen = super().look()
        return seen | {'observation': np.append(seen['observation'], np.float32(self.lever))}


class Paid(Lever):
    """Pays for the lever, and tells no success."""

    def step(self, action):
        seen, _, *ends, _ = super().step(action)
        return (seen, self.lever, *ends, {})


class Unpaid(Point):
    def step(self, action):
        seen, _, *more = super().step(action)
        return (seen, np.nan, *more)


class OldReset(Point):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0]


class SeedlessReset(Point):
    def reset(self):
        return super().reset()


class OldStep(Point):
    def step(self, action):
        look, reward, end, _, info = super().step(action)
        return look, reward, end, info


class NoInfo(Point):
    def step(self, action):
        return (*super().step(action)[:4], None)


class Unstable(Point):
    """Raises in its 20th step of a life, in two lines."""

    def step(self, action):
        answer = super().step(action)
        if self.moves >= 20:
            raise RuntimeError('unstable simulation:\nbad qacc')
        return answer


class Hanging(Point):
    """Never comes back from its first step."""

    def step(self, action):
        time.sleep(3600)


class NotANumber(Point):
    def step(self, action):
        look, *rest = super().step(action)
        return ({**look, 'achieved_goal': look['achieved_goal'] * np.nan}, *rest)


class OtherSize(Point):
    def step(self, action):
        look, *rest = super().step(action)
        return ({**look, 'observation': np.zeros(3, np.float32)}, *rest)


class LacksGoal(Point):
    def reset(self, *, seed=None, options=None):
        look, info = super().reset(seed=seed)
        return {'observation': look['observation']}, info


class NoPicture(Point):
    def render(self):
        return None


class Discrete(Point):
    def __init__(self, render_mode=None):
        super().__init__(render_mode)
        self.action_space = gymnasium.spaces.Discrete(4)


class Flat(Point):
    def __init__(self, render_mode=None):
        super().__init__(render_mode)
        self.observation_space = Box(-9, 9, (4,), np.float32)


for _kind in (Point, *Point.__subclasses__(), Paid):
    gymnasium.register(f'Odd/{_kind.__name__}-v0', entry_point=_kind, max_episode_steps=30)
