"""
Tells one world from another by how well their models explain the last steps.

Beside the world that is believed, hypotheses run along: each world that is remembered, and a new
one whose actuator map is still unknown, once with a gain for each actuator (which few transitions
tell), once with any linear map. Each has a cumulative sum of log-likelihood ratios
against the believed one (Page 1954; Basseville and Nikiforov 1993, ch. 2 and 7): it begins anew
where it falls to 0, and the hypothesis is believed once it is over a threshold. What no map can
explain (a noisy television, a new region of goals, a model that is still young) gives no evidence,
for errors count against what is usual, and against what the ensemble doubts itself.
Sources: arXiv:1812.07671 (a mixture of worlds, recalled by likelihood), arXiv:2603.04029.
Shape letters: A action, V plain numbers.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from abm_ros.world_model.worlds.actuator_map import ActuatorMap, Outcome, log_likelihood
from abm_ros.world_model.worlds.config import WorldsConfig
from abm_ros.world_model.worlds.units import StepUnits

_LEAST_VARIANCE = 1e-3     # of an error, in squared usual steps
_OUTLIER = 9.0             # an error beyond this many variances counts as that many
_MOST = 1.0                # and none counts for more than predicting no change would give
_RECENT = 8                # actions that a repeated one is compared with
_ALIKE = 0.9               # share of the correlation of errors that is believed
# Predicts the plain numbers (N, V) after effective actions (N, A), from where the robot was, in
# their own units, and the ensemble's disagreement (N,) in typical steps.
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Belief:
    """
    What is believed of the world after a transition.

    `change` is the evidence that the world is another one, as a share of what would be believed;
    `began` is how many transitions ago the world that is believed began, 0 if it did not change.
    """

    world: int
    map: ActuatorMap
    change: float
    began: int = 0


@dataclass
class _Hypothesis:
    """
    Another world, its map, and the evidence for it since so many transitions.

    `cross` is the prior deviation of an actuator's effect in another's place, which a world that
    is not known yet is opened with; None for a known one, which has nothing to learn. A `rival`
    learned the same stretch as the world that is believed, in another way.
    """

    world: int
    map: ActuatorMap
    threshold: float
    cross: float | None = None
    evidence: float = 0.0
    steps: int = 0
    rival: bool = False


@dataclass
class WorldTracker:
    """
    Follows the worlds of one life.

    :param config: how a change is believed.
    :param size: A.
    """

    config: WorldsConfig
    size: int
    maps: dict[int, ActuatorMap] = field(default_factory=dict)    # by world, in order of last use
    world: int = 0

    def __post_init__(self) -> None:
        if not self.maps:
            self.maps = {0: ActuatorMap.identity(self.size)}
        self._next = max(self.maps) + 1
        self._usual: np.ndarray | None = None     # (V, V) squared error of a transition
        self._acted: deque[np.ndarray] = deque(maxlen=_RECENT)    # (A,), the newest actions
        self._units: StepUnits | None = None
        self._seen = self._age = 0       # transitions: ever, and since this world was entered
        self._others: list[_Hypothesis] = []
        self._begin_anew()

    @property
    def map(self) -> ActuatorMap:
        """The actuator map of the world that is believed."""
        return self.maps[self.world]

    def observe(self, predict: Predict, before: np.ndarray, action: np.ndarray,
                numbers: np.ndarray) -> Belief:
        """
        Take one transition.

        :param predict: the model's prediction from where the transition began.
        :param before: (V,) numbers where it began.
        :param action: (A,) executed.
        :param numbers: (V,) that came, in their own units.
        :return: what is believed now.
        """
        if self._units is None:
            self._units = StepUnits(len(numbers), self.config.error_memory)
        step = self._units.take(before, numbers)
        now = self._outcome(self.map, predict, step, action, numbers)
        if self._usual is None:
            self._usual = np.diag(np.minimum(np.square(now.error), _MOST))
        known = log_likelihood(now, self.config.tail)
        self._seen += 1
        self._age += 1
        news = self._news(action)
        for other in self._others:
            seen = self._outcome(other.map, predict, step, action, numbers)
            other.evidence += news * (log_likelihood(seen, self.config.tail) - known)
            other.steps += 1
            if other.cross is not None:
                other.map = other.map.updated(seen)
        if self.map.covariance.any():
            self.maps[self.world] = self.map.updated(now)
        found = self._judge()
        if found is None:
            self._calibrate(now.error)
            return Belief(self.world, self.map, self.change)
        return self._enter(found)

    def _outcome(self, believed: ActuatorMap, predict: Predict, step: np.ndarray,
                 action: np.ndarray, numbers: np.ndarray) -> Outcome:
        config, effective = self.config, believed.effective(action)
        probes = effective + config.probe * np.eye(self.size + 1, self.size, -1)   # none, each
        expected, disagreement = predict(probes.astype(np.float32))
        error = (numbers - expected[0]) / step
        jacobian = (expected[1:] - expected[0]).T / (config.probe * step[:, np.newaxis])
        usual = np.diag(np.square(error)) if self._usual is None else self._usual
        least = 0.25 * float(disagreement[0]) ** 2 + _LEAST_VARIANCE
        own = (1.0 - _ALIKE) * np.diag(np.diag(usual)) + _ALIKE * usual
        return believed.expect(action, error, jacobian,
                               2.0 * own + least * np.eye(len(error)))

    def _news(self, action: np.ndarray) -> float:
        """
        Return how much of a transition's evidence is new, in [0, 1].

        A model errs in the same way wherever the same is done: a repeated action proves nothing
        that it has not proved before.
        """
        apart = min((float(np.square(action - a).mean()) for a in self._acted), default=np.inf)
        self._acted.append(np.asarray(action, np.float64))
        return 1.0 - float(np.exp(-apart / self.config.repetition ** 2))

    def _judge(self) -> _Hypothesis | None:
        """Return the world to believe in from now on; None for the one that is believed."""
        config, believed = self.config, None
        for place, other in enumerate(self._others):
            if other.evidence > other.threshold and other.steps >= config.min_steps and (
                    believed is None or other.evidence > believed.evidence):
                believed = other
            elif not other.rival and (other.evidence <= 0.0 or other.steps > config.max_steps):
                self._others[place] = self._begun(other.world, other.cross)
        if self._age > config.settle_steps:
            self._others = [other for other in self._others if not other.rival]
        return believed if self._is_calibrated() else None

    def _is_calibrated(self) -> bool:
        """Tell whether the model is good enough for its errors to prove anything."""
        config, usual = self.config, self._usual
        return (self._seen > config.calibration_steps and usual is not None
                and float(np.diag(usual).mean()) < config.calibration_error)

    def _enter(self, chosen: _Hypothesis) -> Belief:
        """Believe a hypothesis, and begin all others anew."""
        number, config = chosen.world, self.config
        if chosen.cross is not None and self.world and self._age < config.settle_steps:
            number = self.world          # what was learned of it first was wrong
        else:
            self._age = 0
        self.maps.pop(number, None)      # the last used comes last
        self.maps[number] = chosen.map
        self._next = max(self._next, number + 1)
        self.world = number
        while len(self.maps) > config.max_worlds:
            del self.maps[next(w for w in self.maps if w not in (0, number))]
        rivals = [replace(other, evidence=other.evidence - chosen.evidence, rival=True)
                  for other in self._others if other is not chosen
                  and other.cross is not None and chosen.cross is not None]
        self._begin_anew()
        self._others += rivals
        return Belief(number, self.map, 1.0, chosen.steps)

    def _begin_anew(self) -> None:
        others = [(number, None) for number in self.maps if number != self.world]
        opened = [(self._next, cross) for cross in (0.0, self.config.cross_spread)]
        self._others = [self._begun(*other) for other in others + opened]

    def _begun(self, number: int, cross: float | None) -> _Hypothesis:
        config = self.config
        if cross is None:
            return _Hypothesis(number, self.maps[number], config.recall_evidence)
        prior = self.map.opened(config.gain_spread, cross, config.bias_spread)
        return _Hypothesis(number, prior, config.evidence, cross)

    def _calibrate(self, error: np.ndarray) -> None:
        """Follow the usual error while nothing speaks for another world."""
        young = self._seen <= self.config.calibration_steps
        if self._usual is None or (self.change > 0.2 and not young):
            return
        most = np.sqrt(np.minimum(_OUTLIER * np.diag(self._usual) + 0.05, _MOST))
        error = np.clip(error, -most, most)
        rate = max(1.0 / self.config.error_memory, 1.0 / (self._seen + 1))
        self._usual += rate * (np.outer(error, error) - self._usual)

    @property
    def change(self) -> float:
        """The evidence that the world is another one, as a share of what would be believed."""
        share = max((o.evidence / o.threshold for o in self._others), default=0.0)
        return float(min(max(share, 0.0), 1.0))

