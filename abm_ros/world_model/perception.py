"""
System A acting: observation in, latent, prediction error and uncertainty out.

Runs a snapshot with onnxruntime. It imports neither torch nor onnx, so that learning cannot stall
the control path (decision 0015).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot, session, trial
from abm_ros.common.spec import ObservationSpec, check_array
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.belief import Belief
from abm_ros.world_model.worlds.config import WorldsConfig
from abm_ros.world_model.worlds.told import ToldWorld
from abm_ros.world_model.worlds.tracker import WorldTracker

_LATENT, _PERCEIVED = ['latent'], ['latent', 'error', 'uncertainty']
_PREDICTED = ['observation', 'uncertainty']
_ADVANCED = ['next', 'observation', 'uncertainty']
MEMORY = 0.9  # share of the running error kept at each step: an average over 10 steps


@dataclass(frozen=True)
class Percept:
    """
    The result of perceiving one observation.

    `error` and `change` are the squared errors of the model and of predicting no change, for the
    last transition, in normalised observations (nan when unknown). `prediction_error` is their
    running ratio, 1 for a model that is as good as persistence.
    """

    latent: np.ndarray               # (Z,) float32; (0,) while no model is loaded
    lineage: str                     # of the model that made the latent, '' for none
    prediction_error: float
    uncertainty: float
    error: float
    change: float
    world: ToldWorld | None = None   # None where worlds are not told apart


class PerceivingModel:
    """
    The graphs of one snapshot, replaced as a whole.

    :param predicts: open the graph of `predict` too, which only telling worlds apart needs.
    :raises SnapshotError: a graph does not load or does not fit its snapshot.
    """

    def __init__(self, source: Snapshot, *, predicts: bool = False) -> None:
        self.lineage, self.version, self.spec = source.lineage, source.version, source.spec
        graph, encoder = session(source.blob('perceive')), session(source.blob('encode'))
        empty = np.zeros((1, source.spec.size), np.float32)
        still = np.zeros((1, source.spec.action_size), np.float32)
        try:
            latent = int(source.meta['latent'])
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f'system_a snapshot tells no size of latents: {error}') from error
        trial(graph, {'observation': empty, 'previous': empty, 'action': still},
              {'latent': (1, latent), 'error': (1, 2), 'uncertainty': (1,)})
        trial(encoder, {'observation': empty}, {'latent': (1, latent)})
        self._perceive, self._encode = graph.run, encoder.run
        self._source, self._shape = source, (1, latent)
        if predicts:
            _ = self._predict

    @cached_property
    def _predict(self) -> Callable[..., list[np.ndarray]]:
        """The graph `predict`, opened when it is first needed."""
        spec = self._source.spec
        predict = session(self._source.blob('predict'))
        trial(predict, {'latent': np.zeros(self._shape, np.float32),
                        'action': np.zeros((1, spec.action_size), np.float32)},
              {'next': self._shape, 'observation': (1, spec.numbers), 'uncertainty': (1,)})
        run: Callable[..., list[np.ndarray]] = predict.run
        return run

    def encode(self, observation: np.ndarray) -> np.ndarray:
        """Return the latents (B, Z) of observations (B, D) float32."""
        latent: np.ndarray = self._encode(_LATENT, {'observation': observation})[0]
        return latent

    def predict(self, latent: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Return the plain numbers (B, V) after a step, in their own units, and uncertainty (B,).

        :param latent: (B, Z).
        :param action: (B, A), effective.
        """
        numbers, uncertainty = self._predict(_PREDICTED, {'latent': latent, 'action': action})
        return numbers, uncertainty

    def advance(self, latent: np.ndarray, action: np.ndarray
                ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the latents (B, Z) after a step, and what `predict` does."""
        after, numbers, uncertainty = self._predict(
            _ADVANCED, {'latent': latent, 'action': action})
        return after, numbers, uncertainty

    def perceive(self, observation: np.ndarray, previous: np.ndarray, action: np.ndarray
                 ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """
        Perceive transitions; return latent (B, Z), error (B, 2) and uncertainty (B,).

        :param observation: (B, D) float32, after the action.
        :param previous: (B, D), before the action.
        :param action: (B, A) in [-1, 1].
        """
        latent, error, uncertainty = self._perceive(_PERCEIVED, {
            'observation': observation, 'previous': previous, 'action': action})
        return latent, error, uncertainty


class Perception:
    """
    Holds the newest snapshot, the last observation, and what is believed of the world.

    :param spec: what observations look like.
    :param worlds: how worlds are told apart; None tells none apart.
    """

    def __init__(self, spec: ObservationSpec, worlds: WorldsConfig | None = None) -> None:
        self._spec = spec
        self.worlds = (WorldTracker(worlds, spec.action_size, _doubtful(spec), spec.images)
                       if worlds is not None and worlds.worlds else None)
        self._previous: np.ndarray | None = None
        self._still = np.zeros((1, spec.action_size), np.float32)
        self._error = self._change = 0.0
        self._model: PerceivingModel | None = None
        self.lineage, self.version = '', -1

    def load(self, snapshot: Snapshot) -> None:
        """
        Act with this snapshot from the next observation on.

        :raises SnapshotError: as `open`.
        """
        self.adopt(self.open(snapshot))

    def open(self, snapshot: Snapshot) -> PerceivingModel:
        """
        Open a snapshot without acting with it; takes milliseconds and may run in another thread.

        :raises SnapshotError: not System A's, of another spec, or its graphs do not load.
        """
        if snapshot.kind != 'system_a' or snapshot.spec != self._spec:
            raise SnapshotError(f'System A cannot act with this {snapshot.kind} snapshot: '
                                'expected system_a and the same observation spec')
        return PerceivingModel(snapshot, predicts=self.worlds is not None)

    def adopt(self, model: PerceivingModel) -> None:
        """
        Act with an opened snapshot from the next observation on.

        :raises SnapshotError: it is of another spec than this.
        """
        if model.spec != self._spec:
            raise SnapshotError('System A cannot act with a model that was opened for another '
                                'observation spec: it is left out')
        if model.lineage != self.lineage:
            self._error = self._change = 0.0
        self._model = model
        self.lineage, self.version = model.lineage, model.version

    def encode(self, observation: np.ndarray) -> np.ndarray:
        """
        Return the latent (Z,) of an observation (D,), (0,) while no model is loaded.

        This is the control path: nothing else is computed or stored.

        :raises SpecError: a wrong shape or a non-finite number.
        """
        now = check_array('observation', observation, (self._spec.size,))[np.newaxis]
        if self._model is None:
            return np.zeros(0, np.float32)
        latent: np.ndarray = self._model.encode(self._true(now))[0]
        return latent

    def observe(self, observation: np.ndarray, executed: np.ndarray | None,
                new_episode: bool) -> Percept:
        """
        Perceive.

        :param observation: (D,) float32.
        :param executed: (A,) in [-1, 1], the action since the last observation; None if there was
            none or it is unknown.
        :param new_episode: the body was reset: no transition leads to this observation.
        :raises SpecError: a wrong shape or a non-finite number.
        """
        now = check_array('observation', observation, (self._spec.size,))[np.newaxis]
        known = executed is not None and not new_episode and self._previous is not None
        before = self._previous if known and self._previous is not None else now
        action = self._still
        if known:
            action = check_array('executed', executed, (self._spec.action_size,))[np.newaxis]
        self._previous = now.copy()
        if self._model is None:
            return Percept(np.zeros(0, np.float32), '', np.nan, np.nan, np.nan, np.nan,
                           self._told(None))
        effective = self.actuators.effective(action) if self.actuators is not None else action
        latent, error, uncertainty = self._model.perceive(
            self._true(now), self._true(before), effective)
        if not known:
            return Percept(latent[0], self.lineage, self._ratio(), np.nan, np.nan, np.nan,
                           self._told(None))
        missed, change = (float(e) for e in error[0])
        self._error = MEMORY * self._error + missed
        self._change = MEMORY * self._change + change
        return Percept(latent[0], self.lineage, self._ratio(), float(uncertainty[0]), missed,
                       change, self._told(self._believe(before[0], action[0], now[0])))

    @property
    def model(self) -> PerceivingModel | None:
        """The model in use; None before one is loaded."""
        return self._model

    @property
    def actuators(self) -> ActuatorMap | None:
        """What actions do in the world that is believed; None where worlds are not told apart."""
        return self.worlds.map.told if self.worlds is not None else None

    def _told(self, belief: Belief | None) -> ToldWorld | None:
        return ToldWorld.of(self.worlds, belief) if self.worlds is not None else None

    def _true(self, observation: np.ndarray) -> np.ndarray:
        """Return observations (B, D) without the offset of readings in the believed world."""
        if self.worlds is None or not self.worlds.map.offset.any():
            return observation
        observation, numbers = observation.copy(), self._spec.numbers
        observation[:, :numbers] = self.worlds.map.true(observation[:, :numbers])
        return observation

    def _believe(self, before: np.ndarray, action: np.ndarray, now: np.ndarray) -> Belief | None:
        """Return what is believed of the world after a transition."""
        model, numbers = self._model, self._spec.numbers
        if self.worlds is None or model is None:
            return None

        def predict(start: np.ndarray, effective: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            looks = np.repeat(before[np.newaxis], len(start), 0)
            looks[:, :numbers] = start
            latent = model.encode(looks)
            return model.predict(np.broadcast_to(latent, (len(effective), latent.shape[1])),
                                 effective)

        pixels = now[numbers:] if self._spec.images else None
        return self.worlds.observe(predict, before[:numbers], action, now[:numbers], pixels)

    def _ratio(self) -> float:
        return self._error / self._change if self._change > 1e-9 else np.nan


def _doubtful(spec: ObservationSpec) -> np.ndarray:
    """
    Return which plain numbers (V,) may have an offset: 1 for all but the goal's own; () for none.

    An offset of what the goal is about is none: goals are told in the same frame. With images the
    test would take a look at as many images as there are numbers.
    """
    if spec.images:
        return np.zeros(0)
    doubtful = np.array(spec.perceived)
    doubtful[spec.goal_slice] = 0.0
    return doubtful
