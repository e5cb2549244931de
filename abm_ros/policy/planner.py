"""
Planning in System A's latent space by the cross-entropy method over its ensemble.

One call of the rollout graph per iteration. numpy and onnxruntime only.
Sources: Rubinstein 1999 (CEM); Chua et al. 2018 (ensembles of trajectories); Hansen et al. 2022
(policy proposals, warm start, value at the end); Pinneri et al. 2020 (noise that is correlated
in time, elites that stay among the candidates).
"""

import time
from dataclasses import dataclass
from math import inf

import numpy as np

from abm_ros.common import config
from abm_ros.common.config import setting
from abm_ros.common.errors import ConfigError, SnapshotError
from abm_ros.common.snapshot import Snapshot, session, trial
from abm_ros.policy.exploration import Aim
from abm_ros.world_model.worlds.actuator_map import ActuatorMap

ROLLED = ('terminal_distance', 'proximity', 'distance', 'disagreement', 'displacement', 'value')
# Missing where the task told nothing yet, or where System B does not predict what it tells.
_TOLD_COST = 'told_cost'
_SOUGHT = {Aim.MOVE: 'displacement', Aim.HANDLE: 'proximity'}


@dataclass(frozen=True)
class PlannerConfig:
    """Settings of the planner; its horizon is that of the snapshot."""

    enabled: bool = setting(True, 'search for plans; otherwise the policy acts alone')
    candidates: int = setting(48, 'plans per iteration', low=4, high=4096)
    proposals: int = setting(8, 'of these, plans of the policy', low=0, high=1024)
    iterations: int = setting(4, 'refinements per plan', low=1, high=20)
    elites: int = setting(6, 'best plans that the next iteration is drawn from', low=1, high=1024)
    spread: float = setting(0.7, 'standard deviation of the first iteration', low=0.01, high=2.0)
    least_spread: float = setting(0.05, 'smallest standard deviation', low=0.0, high=1.0)
    noise: float = setting(0.3, "standard deviation added to the policy's proposals",
                           low=0.0, high=2.0)
    correlation: float = setting(0.7, 'correlation of the noise from one step of a plan to the '
                                 'next', low=0.0, high=0.99)
    inertia: float = setting(0.1, 'share of the mean kept between iterations', low=0.0, high=0.99)
    penalty: float = setting(0.5, 'cost of disagreement in units of a typical step',
                             low=0.0, high=100.0)
    effort: float = setting(0.1, 'cost of a full action on the way to a goal, in tolerances',
                            low=0.0, high=100.0)
    effort_at_goal: float = setting(
        3.0, 'the same while the goal is reached, so that the arm rests there',
        low=0.0, high=100.0, formerly='holding')
    value: float = setting(20.0, "weight of the critics' value at a plan's end, against "
                           'distances in tolerances', low=0.0, high=1000.0)
    offset_decay: float = setting(
        0.8, 'factor of the model bias from one step of a plan to the next; with 0 only the first '
        'step is corrected', low=0.0, high=1.0)
    policy_acceptance: float = setting(
        0.2, "disagreement on the end of the policy's plan, in typical steps, up to which it is "
        'followed without a search if it ends at the goal; 0 always searches',
        low=0.0, high=100.0, formerly='trust')
    arrival: float = setting(0.7, 'distance to the goal, in tolerances, at which it counts as '
                             'reached while planning', low=0.0, high=1.0)

    def __post_init__(self) -> None:
        config.check(self)
        if self.elites + self.proposals + 1 >= self.candidates:
            raise ConfigError(
                f'PlannerConfig: candidates ({self.candidates}) must exceed elites + proposals '
                f'+ 1 ({self.elites} + {self.proposals} + 1)')


@dataclass(frozen=True)
class Objective:
    """The weights that System M sets for System B: goal, novelty, exploration."""

    goal_weight: float = 1.0
    intrinsic_weight: float = 0.0
    exploration: float = 0.0

    @property
    def seeks_goal(self) -> bool:
        """Whether the goal has more weight than novelty."""
        return self.goal_weight > self.intrinsic_weight


@dataclass(frozen=True)
class PlanRequest:
    """Where a plan begins, and its aim."""

    latent: np.ndarray                  # (Z,)
    goal: np.ndarray                    # (G,), in its own units
    objective: Objective = Objective()
    # (Z,), added to the prediction of the first step, and less to those of later steps.
    offset: np.ndarray | float = 0.0
    aim: Aim = Aim.PURSUE
    arrived: bool = False               # the goal is reached here and is to be kept
    told: bool = False                  # the goal has no place, see `ObservationSpec`
    actuators: ActuatorMap | None = None   # what actions do in this world; None: what they say

    def effective(self, plans: np.ndarray) -> np.ndarray:
        """Return what plans (N, H, A) do, as actions of the model."""
        return plans if self.actuators is None else self.actuators.effective(plans)

    def intended(self, plans: np.ndarray) -> np.ndarray:
        """Return the plans (N, H, A) that do what actions of the model say."""
        return plans if self.actuators is None else self.actuators.intended(plans)


class Planner:
    """
    Plans with the graphs of one System B snapshot.

    :param settings: how much to search.
    :param source: the snapshot.
    :raises SnapshotError: its graphs do not load.
    """

    foretells: bool     # whether it is predicted where the task tells success

    def __init__(self, settings: PlannerConfig, source: Snapshot) -> None:
        self._config = settings
        try:
            self.horizon = int(source.meta['horizon'])
            latent = np.zeros(int(source.meta['latent']), np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f'system_b snapshot cannot be planned with: {error}') from error
        self._shape = self.horizon, source.spec.action_size
        rollout, propose = session(source.blob('rollout')), session(source.blob('proposal'))
        self._decay = (settings.offset_decay ** np.arange(self.horizon)).astype(
            np.float32)[:, np.newaxis, np.newaxis]
        here = PlanRequest(latent, np.zeros(source.spec.goal_size, np.float32))
        plans = np.zeros((2, *self._shape), np.float32)
        self.foretells = any(made.name == _TOLD_COST for made in rollout.get_outputs())
        trial(rollout, {**self._start(here, 2), **self._error(here), 'actions': plans},
              dict.fromkeys((*ROLLED, _TOLD_COST) if self.foretells else ROLLED, (2,)))
        trial(propose, {**self._start(here, 2), 'noise': plans}, {'actions': plans.shape})
        self._rollout, self._propose = rollout.run, propose.run
        steps = np.arange(self.horizon)
        alike = settings.correlation ** np.abs(steps[:, None] - steps)
        self._colour = np.linalg.cholesky(alike).astype(np.float32)     # (H, H)

    def habit(self, request: PlanRequest) -> np.ndarray | None:
        """
        Return the policy's plan if it is accepted, else None (decision 0026).

        It is accepted if it ends at the goal and the ensemble agrees on its end: of two
        controllers, the cheaper one acts where it is certain (Daw et al. 2005).

        :return: (H, A) float32 in [-1, 1], or None.
        """
        cfg = self._config
        if not cfg.policy_acceptance:
            return None
        start = self._start(request, 1)
        quiet = np.zeros((1, *self._shape), np.float32)
        plans: np.ndarray = self._propose(['actions'], {**start, 'noise': quiet})[0]
        plans = request.intended(plans)
        away, disagreement = self._rollout(
            ['terminal_distance', 'disagreement'],
            {**start, **self._error(request), 'actions': request.effective(plans)})
        arrives = (away[0] <= cfg.arrival
                   and disagreement[0] <= cfg.policy_acceptance * self.horizon)
        return plans[0] if arrives else None

    def plan(self, rng: np.random.Generator, request: PlanRequest, warm: np.ndarray | None = None,
             deadline_s: float = inf) -> np.ndarray:
        """
        Search for a good sequence of actions.

        :param warm: (H, A), the last plan, shifted by a step; None if there is none.
        :param deadline_s: by `time.monotonic`; after it no further iteration begins, since a plan
            that is less refined is better than a late one (decision 0014).
        :return: (H, A) float32 in [-1, 1].
        """
        cfg, shape = self._config, self._shape
        here = {**self._start(request, cfg.candidates), **self._error(request)}
        mean = np.zeros(shape, np.float32) if warm is None else warm
        spread = np.full(shape, cfg.spread, np.float32)
        rest = np.zeros((1, *shape), np.float32)
        given = np.concatenate([rest, self._proposals(rng, request)])
        for i in range(cfg.iterations):
            if i and time.monotonic() >= deadline_s:
                break
            drawn = self._colour @ rng.standard_normal(
                (cfg.candidates - len(given) - 1, *shape), np.float32)
            plans = np.concatenate([given, mean[np.newaxis], mean + spread * drawn])
            np.clip(plans, -1.0, 1.0, out=plans)
            cost = self._cost_of(plans, here, request)
            elites = plans[np.argsort(cost, kind='stable')[:cfg.elites]]
            mean = cfg.inertia * mean + (1 - cfg.inertia) * elites.mean(axis=0)
            spread = np.maximum(elites.std(axis=0), cfg.least_spread)
            given = np.concatenate([rest, elites])
        best: np.ndarray = elites[0]
        return best

    @staticmethod
    def _start(request: PlanRequest, count: int) -> dict[str, np.ndarray]:
        """Return the inputs of a rollout for this many plans."""
        return {'latent': np.repeat(request.latent[np.newaxis], count, 0),
                'goal': np.repeat(request.goal[np.newaxis], count, 0)}

    def _error(self, request: PlanRequest) -> dict[str, np.ndarray]:
        """Return the offsets (H, 1, Z) to add to predictions."""
        return {'offset': self._decay * (np.zeros_like(request.latent) + request.offset)}

    def _cost_of(self, plans: np.ndarray, here: dict[str, np.ndarray],
                 request: PlanRequest) -> np.ndarray:
        """Return the cost (N,) of plans (N, H, A)."""
        cfg, objective = self._config, request.objective
        inputs = {**here, 'actions': request.effective(plans)}
        if request.aim in _SOUGHT:
            return np.negative(self._rollout([_SOUGHT[request.aim]], inputs)[0])
        # Where the goal has no place, what the task is expected to tell stands for the way to it.
        placeless = request.told and request.aim is not Aim.SEARCH
        far = _TOLD_COST if placeless and self.foretells else 'distance'
        distance, disagreement, value = self._rollout([far, 'disagreement', 'value'], inputs)
        effort = cfg.effort_at_goal if request.arrived else cfg.effort
        spent = effort * np.square(plans).mean(axis=2).sum(axis=1)
        if request.aim is Aim.SEARCH:
            value = np.zeros_like(value)
        elif placeless and not self.foretells:
            distance = np.zeros_like(distance)
        return np.asarray(objective.goal_weight * (distance + spent - cfg.value * value)
                          + (cfg.penalty - objective.intrinsic_weight) * disagreement)

    def _proposals(self, rng: np.random.Generator, request: PlanRequest) -> np.ndarray:
        """Return plans (M, H, A) of the policy, the first without noise."""
        count = self._config.proposals
        noise = self._config.noise * rng.standard_normal((count, *self._shape), np.float32)
        if count == 0:
            return noise
        noise[0] = 0.0
        plans: np.ndarray = self._propose(
            ['actions'], {**self._start(request, count), 'noise': noise})[0]
        return request.intended(plans)
