"""
System B acting: latent in, action out, planned ahead (decision 0010).

Real-time iteration has two halves. `act` only reads the plan that was prepared for the expected
latent. `prepare` runs right after the action was sent and plans from the latent that the model
predicts next. Source: Diehl et al. 2005. numpy and onnxruntime only.
"""

from dataclasses import dataclass
from math import inf, nan

import numpy as np

from abm_ros.common.config import setting
from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec, all_finite, check_array
from abm_ros.policy.acting_model import ActingModel
from abm_ros.policy.babble import Babble
from abm_ros.policy.exploration import Aim, ExplorationConfig, ExplorationSchedule
from abm_ros.policy.model_bias import BiasConfig, BiasEstimator
from abm_ros.policy.planner import Objective, PlannerConfig, PlanRequest
from abm_ros.world_model.worlds.actuator_map import ActuatorMap

_MOST = np.float32(1.0)


@dataclass(frozen=True)
class ControllerConfig(PlannerConfig, ExplorationConfig, BiasConfig):
    """Settings of System B acting."""

    babble_correlation: float = setting(0.4, 'correlation of babbling between two steps',
                                        low=0.0, high=0.99)
    handle_proximity: float = setting(0.6, 'proximity above which the object is handled',
                                      low=-1.0, high=1.0)
    handle_steps: int = setting(5, 'steps for which one action of handling is repeated',
                                low=1, high=1000)

    def __post_init__(self) -> None:
        PlannerConfig.__post_init__(self)
        BiasConfig.__post_init__(self)


class Controller:
    """
    Acts, and prepares the next action.

    :param spec: what goals and actions look like.
    :param settings: of acting, the planner's among them.
    :param rng: source of babbling, exploration and plans: the only randomness.
    """

    def __init__(self, spec: ObservationSpec, settings: ControllerConfig,
                 rng: np.random.Generator) -> None:
        self._spec = spec
        self._settings = settings
        # Separate generators, so that none changes the numbers of another.
        noise, self._rng, whim, self._rng_for_all = rng.spawn(4)
        self._exploration = ExplorationSchedule(spec, whim, settings)
        self._babble = Babble(noise, spec.action_size, settings.babble_correlation)
        self._goal, self._begins = np.zeros(spec.goal_size, np.float32), True
        self._noise: np.ndarray | None = None     # drawn in advance, off the control path
        self._model: ActingModel | None = None
        self._bias = BiasEstimator(self._settings)
        self._last: tuple[np.ndarray, np.ndarray, np.ndarray, Objective] | None = None
        self._plan: np.ndarray | None = None
        self._actuators: ActuatorMap | None = None
        # The action that is repeated, and for how many more steps.
        self._repeated, self._repeats = np.zeros(spec.action_size, np.float32), 0
        self.version = -1
        self.deliberates = False    # whether the plan for the next step was searched for
        self.aim = Aim.PURSUE       # of the next action; PURSUE without a model

    def load(self, snapshot: Snapshot) -> None:
        """
        Act with this snapshot from the next preparation on.

        :raises SnapshotError: as `open`.
        """
        self.adopt(self.open(snapshot))

    def open(self, snapshot: Snapshot) -> ActingModel:
        """
        Open a snapshot without acting with it; takes milliseconds and may run in another thread.

        :raises SnapshotError: not System B's, of another spec, or its graphs do not load.
        """
        if snapshot.kind != 'system_b' or snapshot.spec != self._spec:
            raise SnapshotError(f'System B cannot act with this {snapshot.kind} snapshot: '
                                'expected system_b and the same observation spec')
        return ActingModel(snapshot, self._settings)

    def adopt(self, model: ActingModel) -> None:
        """
        Act with an opened snapshot from the next preparation on.

        :raises SnapshotError: it is of another spec than this.
        """
        if model.spec != self._spec:
            raise SnapshotError('System B cannot act with a model that was opened for another '
                                'observation spec: it is left out')
        if self._model is not None and model.world != self._model.world:
            self._last = self._plan = None      # they hold latents of another System A
            self._bias = BiasEstimator(self._settings)
        self._bias.forget()
        # Another process may have learned it, or this one before it was restarted.
        foretells = model.planner is not None and model.planner.foretells
        self._exploration.foretold = foretells
        self._model = model
        self.version = model.version

    def act(self, latent: np.ndarray, lineage: str, goal: np.ndarray, new_episode: bool,
            objective: Objective, actuators: ActuatorMap | None = None) -> np.ndarray:
        """
        Return the action for now, without a search.

        :param latent: (Z,) float32 from System A; (0,) if there is none.
        :param lineage: of the System A that made the latent.
        :param goal: (G,) in its own units.
        :param new_episode: the body was reset, so the prepared plan is void.
        :param actuators: what actions do in this world; None if they do what they say.
        :return: (A,) float32 in [-1, 1]: the first action of the prepared plan; the policy's if no
            plan fits; babbling without a model of this lineage.
        :raises SpecError: a wrong shape or a non-finite number.
        """
        goal = check_array('goal', goal, (self._spec.goal_size,))
        self._goal, self._begins = goal, new_episode
        self._actuators = actuators
        noise, self._noise = self._draw_noise(), None
        model = self._model
        if model is None or lineage != model.world or latent.shape != (model.latent,):
            self._last = self._plan = None
            self._bias.reset()
            return noise
        latent = check_array('latent', latent, (model.latent,))
        if new_episode:
            self._bias.reset()
            self._repeats = 0
        self._bias.observe(latent)
        stale = (new_episode or self._last is None
                 or goal.tobytes() != self._last[1].tobytes())
        if stale or self._plan is None:
            self._plan = None
            action = model.policy(None, {'latent': latent[np.newaxis],
                                         'goal': goal[np.newaxis]})[0][0]
            if actuators is not None:
                action = actuators.intended(action)
        else:
            action = self._plan[0]
        if objective.exploration > 0:
            if self.aim is Aim.BABBLE:
                action = noise
            elif self._repeats:
                action = self._repeated
            else:
                action = (1.0 - objective.exploration) * action + objective.exploration * noise
        action = np.maximum(np.minimum(action, _MOST), -_MOST)
        if not all_finite(action):   # a broken policy must not reach the motors
            action = noise
        self._last = (latent, goal, action, objective)
        return action

    def act_for_all(self, latent: np.ndarray, lineage: str, goal: np.ndarray,
                    objective: Objective) -> np.ndarray:
        """
        Return actions for many states at once: the policy's, since a search takes one at a time.

        :param latent: (N, Z) float32 from System A.
        :param lineage: of the System A that made the latents.
        :param goal: (N, G) in its own units.
        :return: (N, A) float32 in [-1, 1]; at random without a model of this lineage.
        :raises SpecError: a wrong shape or a non-finite number.
        """
        count, model = len(latent), self._model
        goal = check_array('goal', goal, (count, self._spec.goal_size))
        noise = 2.0 * self._rng_for_all.random((count, self._spec.action_size), np.float32) - _MOST
        if model is None or lineage != model.world or latent.shape[1:] != (model.latent,):
            return noise
        latent = check_array('latent', latent, (count, model.latent))
        action = model.policy(None, {'latent': latent, 'goal': goal})[0]
        if objective.exploration > 0:
            action = (1.0 - objective.exploration) * action + objective.exploration * noise
        action = np.maximum(np.minimum(action, _MOST), -_MOST)
        return np.where(np.isfinite(action), action, noise).astype(np.float32, copy=False)

    def watch(self, achieved: np.ndarray, *, success: bool) -> None:
        """Take what a teacher achieved (G,), and whether that was shown to be a success."""
        if success and self._spec.told:
            self._exploration.watch(achieved)

    def _draw_noise(self) -> np.ndarray:
        return self._babble.step() if self._noise is None else self._noise

    def prepare(self, achieved: np.ndarray, deadline_s: float = inf,
                success: bool | None = None, reward: float = nan) -> None:
        """
        Plan for the next control step; call it right after the action was sent.

        :param achieved: (G,) in its own units, of the observation that was acted on.
        :param deadline_s: end of the search, by `time.monotonic`.
        :param success: what the task told of that observation, None for nothing.
        :param reward: likewise, nan for nothing.
        """
        self._noise = self._draw_noise()
        self._exploration.observe(achieved, self._goal, begins=self._begins, success=success,
                                  reward=reward)
        self.deliberates, self.aim = False, Aim.PURSUE
        model = self._model
        if (self._last is None or model is None or model.planner is None
                or not self._settings.enabled):
            return
        latent, goal, action, objective = self._last
        actuators = self._actuators
        effective = action if actuators is None else actuators.effective(action)
        expected, proximity, numbers = model.predict(
            ['next', 'proximity', 'observation'],
            {'latent': latent[np.newaxis], 'action': effective[np.newaxis]})
        self._bias.expect(expected[0], achieved, action)
        offset = self._bias.estimate()
        warm = None
        if self._plan is not None and len(self._plan) == model.planner.horizon:
            warm = np.concatenate([self._plan[1:], self._plan[-1:]])
        if objective.exploration > 0:
            self.aim = self._exploration.aim
        self._repeat(self._noise, handles=self.aim is Aim.HANDLE, proximity=float(proximity[0]))
        told = self._spec.told
        if self.aim is Aim.SEARCH:
            goal = self._exploration.place
        here = PlanRequest(expected[0] + offset, goal, objective, offset, self.aim,
                         self._is_there(numbers[0], goal), told, actuators)
        pursues = (here.aim is Aim.PURSUE and objective.seeks_goal and not here.arrived
                   and not told)
        self._plan = model.planner.habit(here) if pursues else None
        if self._plan is None:
            self.deliberates = True
            self._plan = model.planner.plan(self._rng, here, warm, deadline_s)

    def _is_there(self, numbers: np.ndarray, goal: np.ndarray) -> bool:
        """Tell whether the goal is reached; one that is hidden or has no place never is."""
        if self._spec.goal_hidden or self._spec.told:
            return False
        return bool(self._spec.reached(numbers[self._spec.goal_slice], goal,
                                       self._settings.arrival))

    def _repeat(self, action: np.ndarray, *, handles: bool, proximity: float) -> None:
        """Continue the repeated action, or begin a new one if the object is near enough."""
        self._repeats = max(self._repeats - 1, 0) if handles else 0
        if handles and not self._repeats and proximity > self._settings.handle_proximity:
            self._repeated, self._repeats = action, self._settings.handle_steps
