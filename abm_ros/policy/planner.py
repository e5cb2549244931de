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

ROLLED = ('terminal_distance', 'proximity', 'distance', 'disagreement', 'displacement', 'value')
ARRIVED = 0.7      # tolerances from the goal: surely there
_SOUGHT = {Aim.MOVE: 'displacement', Aim.HANDLE: 'proximity'}


@dataclass(frozen=True)
class PlannerConfig:
    """Settings of System B's deliberation; the horizon comes with the snapshot."""

    enabled: bool = setting(True, 'deliberate; otherwise act by habit, the policy alone')
    candidates: int = setting(48, 'plans per iteration', low=4, high=4096)
    proposals: int = setting(8, "of which the policy's own", low=0, high=1024)
    iterations: int = setting(4, 'refinements per plan', low=1, high=20)
    elites: int = setting(6, 'best plans that the next iteration is drawn from', low=1, high=1024)
    spread: float = setting(0.7, 'standard deviation of the first iteration', low=0.01, high=2.0)
    least_spread: float = setting(0.05, 'smallest standard deviation', low=0.0, high=1.0)
    noise: float = setting(0.3, "standard deviation added to the policy's proposals",
                           low=0.0, high=2.0)
    correlation: float = setting(0.7, 'of the noise from one step of a plan to the next: '
                                 'what wavers gets nowhere', low=0.0, high=0.99)
    inertia: float = setting(0.1, 'share of the mean kept between iterations', low=0.0, high=0.99)
    penalty: float = setting(0.5, 'cost of disagreement in units of a typical step',
                             low=0.0, high=100.0)
    effort: float = setting(0.1, 'cost of a full action on the way to a goal, in tolerances',
                            low=0.0, high=100.0)
    effort_at_goal: float = setting(
        3.0, 'the same while the goal is reached: what is not needed to stay there is left alone',
        low=0.0, high=100.0, formerly='holding')
    value: float = setting(20.0, "weight of the critics' value at a plan's end, against distances "
                           'in tolerances: what no plan reaches is sought', low=0.0, high=1000.0)
    offset_decay: float = setting(
        0.8, 'how much of the steady error of the predictions is allowed for, from one step of a '
        'plan to the next; 0 for the first step alone', low=0.0, high=1.0)
    wanted_events: float = setting(
        0.3, 'share of steps that move what the goal is about; below it, episodes of exploration '
        'are spent on moving it, the more the less there is', low=0.0, high=1.0)
    policy_acceptance: float = setting(
        0.2, 'disagreement on where the policy leads, in typical steps, up to which habit that '
        'arrives at the goal is followed without a search; 0 deliberates always',
        low=0.0, high=100.0, formerly='trust')
    handling: float = setting(
        0.5, 'share of the other episodes of exploration that are spent on acting at random where '
        'that is, if no goal is reached; the fewer the more are', low=0.0, high=1.0)

    def __post_init__(self) -> None:
        config.check(self)
        if self.elites + self.proposals + 1 >= self.candidates:
            raise ConfigError(
                f'PlannerConfig: candidates ({self.candidates}) must exceed elites + proposals '
                f'+ 1 ({self.elites} + {self.proposals} + 1)')


@dataclass(frozen=True)
class Objective:
    """What System M asks of System B: how much the goal, novelty and exploration count."""

    goal_weight: float = 1.0
    intrinsic_weight: float = 0.0
    exploration: float = 0.0

    @property
    def seeks_goal(self) -> bool:
        """Whether the goal counts for more than novelty."""
        return self.goal_weight > self.intrinsic_weight


class Planner:
    """
    Plans with the graphs of one System B snapshot.

    :param settings: how much to search.
    :param source: the snapshot.
    :raises SnapshotError: its graphs do not load.
    """

    def __init__(self, settings: PlannerConfig, source: Snapshot) -> None:
        self._config = settings
        try:
            self.horizon = int(source.config['plan_horizon'])
            latent = np.zeros((1, int(source.meta['latent'])), np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f'system_b snapshot cannot be planned with: {error}') from error
        self._action = source.spec.action_size
        rollout, propose = session(source.blob('rollout')), session(source.blob('proposal'))
        start = {'latent': latent, 'goal': np.zeros((1, source.spec.goal_size), np.float32)}
        plans = np.zeros((2, self.horizon, self._action), np.float32)
        self._decay = (settings.offset_decay ** np.arange(self.horizon)).astype(
            np.float32)[:, np.newaxis, np.newaxis]
        trial(rollout, {**start, 'actions': plans, 'offset': self._decay * latent},
              dict.fromkeys(ROLLED, (2,)))
        trial(propose, {**start, 'noise': plans}, {'actions': plans.shape})
        self._rollout, self._propose = rollout.run, propose.run
        steps = np.arange(self.horizon)
        alike = settings.correlation ** np.abs(steps[:, None] - steps)
        self._colour = np.linalg.cholesky(alike).astype(np.float32)     # (H, H)

    def habit(self, latent: np.ndarray, goal: np.ndarray,
              offset: np.ndarray | float = 0.0) -> np.ndarray | None:
        """
        Return what the policy would do where it suffices; None where one had better deliberate.

        It suffices where the ensemble agrees on where it leads, and that is the goal: of the two
        controllers, the cheaper one acts where it is certain (Daw et al. 2005). Parameters are
        those of `plan`.

        :return: (H, A) float32 in [-1, 1], or None.
        """
        if not self._config.policy_acceptance:
            return None
        start, here = self._from(latent, goal, offset)
        quiet = np.zeros((1, self.horizon, self._action), np.float32)
        plans: np.ndarray = self._propose(['actions'], {**start, 'noise': quiet})[0]
        away, disagreement = self._rollout(['terminal_distance', 'disagreement'],
                                           {**here, 'actions': plans})
        accepted = self._config.policy_acceptance * self.horizon
        arrives = away[0] <= ARRIVED and disagreement[0] <= accepted
        return plans[0] if arrives else None

    def plan(self, rng: np.random.Generator, latent: np.ndarray, goal: np.ndarray,
             objective: Objective, warm: np.ndarray | None, offset: np.ndarray | float = 0.0,
             aim: Aim = Aim.PURSUE, deadline_s: float = inf, *, arrived: bool = False
             ) -> np.ndarray:
        """
        Search for a good sequence of actions.

        :param latent: (Z,) where to begin.
        :param goal: (G,) in its own units.
        :param warm: (H, A) the last plan, already shifted; None for none.
        :param offset: (Z,) to add to the prediction of the first step, and ever less to later
            ones.
        :param aim: what is sought.
        :param deadline_s: of `time.monotonic`, after which no further iteration begins: what the
            first one found is better than a plan that comes too late.
        :param arrived: the goal is reached where the plan begins, and has to be held.
        :return: (H, A) float32 in [-1, 1].
        """
        cfg, shape = self._config, (self.horizon, self._action)
        effort = cfg.effort_at_goal if arrived else cfg.effort
        start, here = self._from(latent, goal, offset)
        mean = np.zeros(shape, np.float32) if warm is None else warm
        spread = np.full(shape, cfg.spread, np.float32)
        rest = np.zeros((1, *shape), np.float32)
        given = np.concatenate([rest, self._proposals(rng, start)])
        for i in range(cfg.iterations):
            if i and time.monotonic() >= deadline_s:
                break
            drawn = self._colour @ rng.standard_normal(
                (cfg.candidates - len(given) - 1, *shape), np.float32)
            plans = np.concatenate([given, mean[np.newaxis], mean + spread * drawn])
            np.clip(plans, -1.0, 1.0, out=plans)
            cost = self._cost_of(plans, here, objective, aim, effort)
            elites = plans[np.argsort(cost, kind='stable')[:cfg.elites]]
            mean = cfg.inertia * mean + (1 - cfg.inertia) * elites.mean(axis=0)
            spread = np.maximum(elites.std(axis=0), cfg.least_spread)
            given = np.concatenate([rest, elites])
        best: np.ndarray = elites[0]
        return best

    def _from(self, latent: np.ndarray, goal: np.ndarray, offset: np.ndarray | float
              ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return what proposals begin with, and what rollouts do."""
        start = {'latent': latent[np.newaxis], 'goal': goal[np.newaxis]}
        return start, {**start, 'offset': self._decay * (np.zeros_like(latent) + offset)}

    def _cost_of(self, plans: np.ndarray, start: dict[str, np.ndarray], objective: Objective,
                 aim: Aim, effort: float) -> np.ndarray:
        """Return the cost (N,) of plans (N, H, A), a full action costing this effort."""
        cfg = self._config
        inputs = {**start, 'actions': plans}
        if aim is not Aim.PURSUE:
            return np.negative(self._rollout([_SOUGHT[aim]], inputs)[0])
        distance, disagreement, value = self._rollout(
            ['distance', 'disagreement', 'value'], inputs)
        spent = effort * np.square(plans).mean(axis=2).sum(axis=1)
        return np.asarray(objective.goal_weight * (distance + spent - cfg.value * value)
                          + (cfg.penalty - objective.intrinsic_weight) * disagreement)

    def _proposals(self, rng: np.random.Generator, start: dict[str, np.ndarray]) -> np.ndarray:
        """Return plans (M, H, A) that the policy would follow, the first without noise."""
        count = self._config.proposals
        noise = self._config.noise * rng.standard_normal((count, self.horizon, self._action),
                                                         np.float32)
        if count == 0:
            return noise
        noise[0] = 0.0
        plans: np.ndarray = self._propose(['actions'], {**start, 'noise': noise})[0]
        return plans
