"""
Tells one world from another by how well their models explain the last steps.

Beside the world that is believed, hypotheses run along: each world that is remembered, and a new
one whose actuator map is still unknown, once with a gain for each actuator (which few transitions
tell), once with any linear map. Each has a cumulative sum of log-likelihood ratios against the
believed one (Page 1954; Basseville and Nikiforov 1993, ch. 2 and 7): it begins anew
where it falls to 0, and the hypothesis is believed once it is over a threshold. What no map can
explain (a noisy television, a new region of goals, a model that is still young) gives no evidence,
for errors count against what is usual, and against what the ensemble doubts itself. What a model
does not know of one place looks like a reading that is off, so there places count (`repeats`).
Sources: arXiv:1812.07671 (a mixture of worlds, recalled by likelihood), arXiv:2603.04029.
Shape letters: A action, V plain numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from abm_ros.common.errors import SnapshotError
from abm_ros.common.spec import FieldSpec
from abm_ros.world_model.worlds.actuator_map import ActuatorMap, Outcome, log_likelihood
from abm_ros.world_model.worlds.belief import Belief
from abm_ros.world_model.worlds.config import WorldsConfig
from abm_ros.world_model.worlds.expectation import Predict, Scale, Seen, expect
from abm_ros.world_model.worlds.hypothesis import Change, Hypothesis, contrast
from abm_ros.world_model.worlds.readings import ReadingBank
from abm_ros.world_model.worlds.repeats import RECENT_PLACES, Places, Repeats
from abm_ros.world_model.worlds.scene import FRAMES, Cameras
from abm_ros.world_model.worlds.units import StepUnits
from abm_ros.world_model.worlds.usual import UsualError

_SUSPECT = 0.4             # share of the evidence from which on errors are not usual ones
_FEWEST = 2                # transitions that can make a world believed: one blow proves nothing
_ACTIONS = 8               # actions that one is compared with: a repeated one proves little
_ALIKE = 0.9               # share of the correlation of errors that is believed
_MOVES = 0.1               # mean square of a motion, in usual ones, in which a picture counts
_SAME = 0.3                # entries of actuator maps of the same world differ by less than this


@dataclass
class WorldTracker:
    """
    Follows the worlds of one life.

    :param config: how a change is believed.
    :param size: A.
    :param readings: (V,) which plain numbers may read too large or too small; () for none.
    :param images: the fields of cameras, which may be moved.
    """

    config: WorldsConfig
    size: int
    readings: np.ndarray = field(default_factory=lambda: np.zeros(0))
    images: tuple[FieldSpec, ...] = ()
    maps: dict[int, ActuatorMap] = field(default_factory=dict)    # by world, in order of last use
    world: int = 0

    def __post_init__(self) -> None:
        if not self.maps:
            self.maps = {0: ActuatorMap.identity(self.size, len(self.readings))}
        self._next = max(self.maps) + 1
        self.cameras = Cameras(self.images)
        self._scenes: dict[int, tuple[int, ...]] = {}     # by world, from where it was seen
        self._usual = UsualError(self.config)
        self._actions = Repeats(self.config.repetition, _ACTIONS)
        self._places = Places()
        self._units: StepUnits | None = None
        self._age = 0                    # transitions since this world was entered
        self._haste = 0.0                # worlds of late that were left again at once
        self._others: list[Hypothesis] = []
        self._parent = self.map          # what a new world is thought to differ from
        self._doubtful = np.flatnonzero(self.readings)
        self._readings = ReadingBank(np.zeros(len(self._doubtful)))
        self._begin_anew()

    @property
    def map(self) -> ActuatorMap:
        """The actuator map of the world that is believed."""
        return self.maps[self.world]

    def state(self) -> dict[str, np.ndarray]:
        """Return all that a tracker of a later process needs to know its worlds again."""
        none, known = np.zeros(0), [*self.maps.values(), self._parent]
        return {'worlds': np.array(list(self.maps)),
                'counts': np.array([self.world, self._next, self._usual.seen, self._age]),
                'usual': none if self._usual.square is None else self._usual.square,
                'units': none if self._units is None else self._units.state(),
                'scenes': np.array([self._scene(world) for world in self.maps], int),
                **self.cameras.state(),
                **{name: np.stack([getattr(each, name) for each in known])
                   for name in ('mean', 'covariance', 'offset')}}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """
        Go on from the `state` of another tracker.

        :raises SnapshotError: it is not of a body with these actions and readings.
        """
        try:
            *known, parent = map(ActuatorMap, state['mean'], state['covariance'], state['offset'])
            maps = dict(zip(map(int, state['worlds']), known, strict=True))
            world, following, seen, age = map(int, state['counts'])
            usual, units = state['usual'], state['units']
            scenes = state.get('scenes', np.zeros((len(maps), len(self.images)), int))
            self.cameras.restore(state)
            fits = world in maps and {each.shapes for each in (*known, parent)} == {
                self.map.shapes} and units.shape in ((0,), (4, len(usual)))
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f'the state of worlds is incomplete: {error!r}') from error
        if not fits:
            raise SnapshotError('the state of worlds is not of a body like this: expected '
                                f'{self.map.shapes}')
        self.maps, self.world, self._parent = maps, world, parent
        self._next, self._usual.seen, self._age = following, seen, age
        self._scenes = {w: tuple(map(int, row)) for w, row in zip(maps, scenes, strict=True)}
        if usual.size:
            self._usual.square = usual
            self._units = StepUnits(len(usual), self.config.error_memory)
            self._units.restore(units)
        self._begin_anew()

    def observe(self, predict: Predict, before: np.ndarray, action: np.ndarray,
                numbers: np.ndarray, pixels: np.ndarray | None = None) -> Belief:
        """
        Take one transition.

        :param predict: the model's prediction.
        :param before: (V,) numbers where it began.
        :param action: (A,) executed.
        :param numbers: (V,) that came, in their own units.
        :param pixels: (P,) that came, in [0, 1]; None for a body without images.
        :return: what is believed now.
        """
        if self._units is None:
            self._units = StepUnits(len(numbers), self.config.error_memory)
        step = self._units.take(before, numbers)
        seen = Seen(before, action, numbers)
        now = self._outcome(self.map, predict, step, seen)
        self._usual.count(now.error)
        known = log_likelihood(now, self.config.tail)
        self._age += 1
        self._haste -= self._haste / (2.0 * self.config.settle_steps + 1.0)
        news, most = self._actions.news(action), self.config.evidence / _FEWEST
        for other in self._others:
            found = self._outcome(other.map, predict, step, seen)
            told = log_likelihood(found, self.config.tail) - known
            fresh = float(news[min(other.steps, _ACTIONS)])
            other.evidence += fresh * min(told, most)
            other.total += news[-1] * told
            other.steps += 1
            other.miss(np.square(now.error), np.square(found.error))
            if other.learns is not None:
                other.map = other.map.updated(found, fresh)
        if len(self._doubtful):
            parent = self._outcome(self._parent, predict, step, seen, self._doubtful)
            self._readings.prior = self._reading_prior()
            here = self._places.news(self._place(before))
            self._readings.observe(parent, self._parent.mean.size + self._doubtful,
                                   self.config.tail, lambda told, steps: (
                                       np.minimum(news[np.minimum(steps, _ACTIONS)],
                                                  here[np.minimum(steps, RECENT_PLACES)])
                                       * np.minimum(told - known, most)))
        if self.map.covariance.any():
            self.maps[self.world] = self.map.updated(now, float(news[-1]))
        moves = float(np.square((numbers - before) / step).mean()) > _MOVES
        if pixels is not None and moves and self.cameras.take(pixels):
            return self._look_from_elsewhere()
        believed = self._judge()
        if believed is None:
            if self.change <= _SUSPECT or not self._usual.is_calibrated:
                self._usual.follow(now.error)
            return Belief(self.world, self.map, self.change)
        return self._enter(believed)

    def _place(self, numbers: np.ndarray) -> np.ndarray:
        """Return the readings that are doubted (R,) in their usual deviations; speeds are 0."""
        units = self._units.steady if self._units is not None else np.zeros(len(numbers))
        place = np.divide(numbers, units, out=np.zeros(len(numbers)), where=units > 0.0)
        return np.asarray(place[self._doubtful])

    def _outcome(self, believed: ActuatorMap, predict: Predict, step: np.ndarray,
                 seen: Seen, doubted: np.ndarray | None = None) -> Outcome:
        usual = self._usual.square
        if usual is not None:
            usual = (1.0 - _ALIKE) * np.diag(np.diag(usual)) + _ALIKE * usual
        return expect(believed, predict, seen, Scale(step, usual, self.config.probe), doubted)

    def _judge(self) -> Hypothesis | None:
        """Return the world to believe in from now on; None for the one that is believed."""
        config, believed = self.config, None
        # A young model errs for long in one way.
        most = (1.0 - float(contrast(np.array(self._usual.mean), 0))) * config.max_steps
        for place, other in enumerate(self._others):
            if other.is_ripe(config.min_steps, self._usual.each) and (
                    believed is None or other.evidence > believed.evidence):
                believed = other
            elif not other.rival and (other.evidence <= 0.0 or other.steps > (
                    most if other.learns is not None else config.max_steps)):
                self._others[place] = replace(self._begun(other.world, other.learns),
                                              total=other.total)
        for misread in self._misread():
            if misread.evidence > max(misread.threshold, believed.evidence if believed else 0.0) \
                    and self._usual.mean < config.reading_error:
                believed = misread
        if not self._readings.rival:
            self._readings.drop(config.max_steps)
        if self._age > config.settle_steps:
            self._parent = self.map
        if self._age == config.settle_steps + 1:
            self._others = [other for other in self._others if not other.rival]
            self._readings.rival = False
            believed = believed or self._alike()
        if self._usual.is_calibrated or (believed is not None and believed.learns is None):
            return believed
        # What a young model did not know is no evidence for what is still to be learned.
        self._others = [other if other.learns is None else self._begun(other.world, other.learns)
                        for other in self._others]
        self._readings = ReadingBank(self._reading_prior())
        return None

    def _alike(self) -> Hypothesis | None:
        """Return a known world that explains all of this one as well; None if this is another."""
        return next((other for other in self._others if other.learns is None
                     and other.total > -self.config.evidence), None)

    def _misread(self) -> list[Hypothesis]:
        """Return the reading that is most likely off, as a world of its own, if there is one."""
        bank, config = self._readings, self.config
        ripe = np.where(bank.steps >= config.min_steps, bank.evidence, 0.0)
        if not ripe.any():
            return []
        best = int(ripe.argmax())
        offset, doubt = np.zeros((2, len(self.readings)))
        offset[self._doubtful[best]] = bank.offset[best]
        doubt[self._doubtful[best]] = np.sqrt(bank.variance[best])
        parent = self._parent
        found = replace(parent.opened(0.0, 0.0, 0.0, doubt), offset=parent.offset + offset)
        needed = (config.recall_evidence if bank.rival
                  else config.reading_evidence * self._needed)
        return [Hypothesis(self._next, found, needed, Change.READING,
                            float(bank.evidence[best]), int(bank.steps[best]))]

    def _enter(self, chosen: Hypothesis) -> Belief:
        """Believe a hypothesis, and begin all others anew."""
        config, left, began = self.config, self.world, chosen.steps
        others, readings = self._others, self._readings
        number = chosen.world
        if chosen.learns is not None and left and self._age < config.settle_steps:
            number = left                # what was learned of it first was wrong
        else:
            if chosen.learns is None and left and chosen.total > -config.evidence:
                del self.maps[left]      # it was never another one
                began = self._age
            if chosen.learns is None and self._age < config.settle_steps:
                self._haste += 1.0       # what made it be opened proves less from now on
            self._parent = self.maps[left] if chosen.learns is not None else chosen.map
            self._age = 0
        self._turn(number, chosen.map)
        if number == left:               # the evidence against it as a whole still counts
            totals = {other.world: other.total for other in others if other.learns is None}
            self._others = [replace(other, total=totals.get(other.world, 0.0))
                            for other in self._others]
        if chosen.learns is not None:
            self._others += [
                replace(other, evidence=other.evidence - chosen.evidence, rival=True,
                        threshold=config.recall_evidence)
                for other in others if other.learns not in (None, chosen.learns)]
            self._readings = readings
            readings.rival, readings.evidence = True, readings.evidence - chosen.evidence
        return Belief(number, self.map, 1.0, began)

    def _turn(self, number: int, known: ActuatorMap) -> None:
        """Believe in a world with this map from now on."""
        self.maps.pop(number, None)      # the last used comes last
        self.maps[number], self._scenes[number] = known, self.cameras.scene
        self._next = max(self._next, number + 1)
        self.world = number
        while len(self.maps) > self.config.max_worlds:
            del self.maps[next(w for w in self.maps if w not in (0, number))]
        self._begin_anew()

    def _look_from_elsewhere(self) -> Belief:
        """Believe in the world that is like this one, as its cameras are now: known, or new."""
        known = self.map
        apart = {w: float(np.abs(self.maps[w].mean - known.mean).max()) for w in self._comparable}
        number = min(apart, key=lambda w: apart[w], default=self._next)
        if apart.get(number, 0.0) > _SAME:
            number = self._next
        self._turn(number, self.maps.get(number, known))
        return Belief(number, self.map, 1.0, FRAMES)

    @property
    def _comparable(self) -> list[int]:
        """Known worlds that are seen from where this one is seen: others differ by that."""
        return [world for world in self.maps
                if world != self.world and self._scene(world) == self.cameras.scene]

    @property
    def moved_cameras(self) -> list[str]:
        """Names of the images that are seen from elsewhere than in the first world."""
        views = zip(self.images, self.cameras.scene, self._scene(0), strict=True)
        return [image.name for image, view, before in views if view != before]

    def _scene(self, world: int) -> tuple[int, ...]:
        """Return from where a world was seen."""
        return self._scenes.get(world, (0,) * len(self.images))

    def turn_to(self, number: int | None) -> int:
        """Believe in a world whatever the evidence says; return its number, a new one for None."""
        found = (Hypothesis(number, self.maps[number], 0.0) if number is not None else
                 self._begun(self._next, Change.ACTUATORS))
        self._age = self.config.settle_steps
        return self._enter(found).world

    def _begin_anew(self) -> None:
        known = [self._begun(number) for number in self._comparable]
        moved = [self._begun(self._next, change) for change in (Change.GAINS, Change.ACTUATORS)]
        self._others = known + moved
        self._readings = ReadingBank(self._reading_prior())

    def _reading_prior(self) -> np.ndarray:
        """Return the prior variance of each offset; 0 of speeds, which have no lasting value."""
        if self._units is None:
            return np.zeros(len(self._doubtful))
        found = np.square(self.config.reading_spread * self._units.steady[self._doubtful])
        return np.asarray(found)

    def _begun(self, number: int, learns: Change | None = None) -> Hypothesis:
        config = self.config
        if learns is None:
            return Hypothesis(number, self.maps[number], config.recall_evidence)
        cross = config.cross_spread if learns is Change.ACTUATORS else 0.0
        prior = self._parent.opened(config.gain_spread, cross, config.bias_spread)
        return Hypothesis(number, prior, config.evidence * self._needed, learns)

    @property
    def _needed(self) -> float:
        """How many times the usual evidence a new world needs: no robot shall turn for ever."""
        return float(2.0 ** self._haste)

    @property
    def change(self) -> float:
        """The evidence that the world is another one, as a share of what would be believed."""
        share = max((o.evidence / o.threshold for o in self._others), default=0.0)
        if len(self._doubtful):
            share = max(share, self._readings.evidence.max() / self.config.reading_evidence)
        return float(min(max(share, self.cameras.change, 0.0), 1.0))
