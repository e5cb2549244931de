"""From the raw telemetry of the nodes to the normalised meta-states of System M."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from abm_ros.common.config import check, setting
from abm_ros.common.scaling import clip_unit
from abm_ros.meta import signals
from abm_ros.meta.competence import Competence
from abm_ros.meta.signals import Average, SleepPressure

Raw = Mapping[str, Mapping[str, float]]
_UNKNOWN = float('nan')


@dataclass(frozen=True)
class MetaStateConfig:
    """Calibration of the meta-states."""

    stress_samples: float = setting(
        20.0, 'Time constant of stress.', unit='ticks', low=1.0, high=10000.0)
    uncertainty_samples: float = setting(
        10.0, 'Time constant of uncertainty, which is measured at single transitions.',
        unit='ticks', low=1.0, high=10000.0)
    gain_slow_samples: float = setting(
        200.0, 'Time constant of the slow error average behind learning_gain.',
        unit='ticks', low=2.0, high=100000.0)
    gain_fast_samples: float = setting(
        40.0, 'Time constant of the fast error average behind learning_gain.',
        unit='ticks', low=1.0, high=100000.0)
    sleep_capacity: float = setting(
        600.0, 'Unconsolidated transitions that make sleep_pressure 1.',
        low=1.0, high=1e9)
    consolidation_replays: float = setting(
        60.0, 'Samples replayed in sleep that consolidate one transition.',
        low=1.0, high=1e6)
    competence_episodes: float = setting(
        10.0, 'Time constant of forgetting behind claimed competence.',
        unit='episodes', low=2.0, high=100000.0)

    def __post_init__(self) -> None:
        check(self)


class MetaState:
    """Normalises telemetry; remembers averages and counters between ticks."""

    def __init__(self, config: MetaStateConfig) -> None:
        self._stress = Average(config.stress_samples)
        self._slow = Average(config.gain_slow_samples)
        self._fast = Average(config.gain_fast_samples)
        self._pressure = SleepPressure(config.sleep_capacity, config.consolidation_replays)
        self.claims = Competence(config.competence_episodes)
        self._episodes: tuple[float, float] | None = None
        self._doubt = Average(config.uncertainty_samples)
        self._latents = float('nan')
        self._recorded: float | None = None
        self._served: float | None = None

    def update(self, raw: Raw, *, consolidates: bool = False) -> dict[str, float]:
        """
        Take the newest telemetry and return the signals.

        :param raw: for each node its named raw values; what is not known is absent.
        :param consolidates: whether the mode in force does.
        :return: every signal in [0, 1]. Before System A has a model, prediction_error and
            uncertainty are 1: nothing is known. Without memory's word novelty is 1.
        """
        gate = raw.get('sensory_gate', {})
        a, b = raw.get('system_a', {}), raw.get('system_b', {})
        memory = raw.get('episodic_memory', {})
        error = signals.prediction_error(a.get('prediction_error', _UNKNOWN))
        learner = raw.get('system_a_learner', {})
        lost = signals.collapse(learner.get('effective_rank', _UNKNOWN),
                                learner.get('observation_rank', _UNKNOWN))
        gain = signals.learning_gain(self._slow.update(error), self._fast.update(error))
        self._track_sleep(memory, consolidates)
        self._track_episodes(b)
        effort = gate.get('effort_ratio', 0.0)
        return {
            'prediction_error': error,
            'uncertainty': self._uncertainty(a, learner),
            'novelty': signals.novelty(memory.get('novelty', _UNKNOWN)),
            # What falls because the latents collapse was not learned.
            'learning_gain': gain * (1.0 - lost),
            'collapse': lost,
            # The number that is judged by calibration_error, and no other.
            'competence': self.claims.mean if self.claims.known else 0.0,
            'calibration_error': self.claims.calibration_error,
            'cue': clip_unit(gate.get('cue', 0.0)),
            'looming': signals.looming(gate.get('looming', 0.0)),
            'energy': clip_unit(gate.get('energy', 1.0)),
            'stress': clip_unit(self._stress.update(effort)),
            # A blow is shorter than the time between two looks; strain is what lasts.
            'pain': signals.pain_from_effort(max(effort, gate.get('effort_peak', 0.0))),
            'sleep_pressure': self._pressure.value,
        }

    def _uncertainty(self, a: Mapping[str, float], learner: Mapping[str, float]) -> float:
        """
        Return 1 while nothing was learned: members that know nothing agree.

        Only what was perceived since the last call counts: a System A at rest repeats itself.
        """
        seen, before = a.get('latents', float('nan')), self._latents
        self._latents = seen
        if learner.get('version', 1.0) <= 0:
            return 1.0
        if 'uncertainty' in a and seen != before:
            self._doubt.update(signals.uncertainty(a['uncertainty']))
        return 1.0 if np.isnan(self._doubt.value) else self._doubt.value

    def _track_episodes(self, b: Mapping[str, float]) -> None:
        now = (b.get('episodes', 0.0), b.get('successes', 0.0))
        before = self._episodes
        if 'episodes' not in b or not np.isfinite(now).all():
            return
        self._episodes = now
        # A restarted System B counts from 0 again; a first word may be about an earlier life.
        if before is None or now[0] < before[0]:
            return
        new = min(int(now[0] - before[0]), 1000)
        won = min(max(0, int(now[1] - before[1])), new)
        # Which of several came first is not told: they are spread evenly.
        for number in range(new):
            self.claims.episode((number + 1) * won // new > number * won // new)

    def _track_sleep(self, memory: Mapping[str, float], consolidates: bool) -> None:
        recorded, served = memory.get('recorded'), memory.get('served')
        if recorded is not None:
            # A restarted memory counts from 0 again: what it says then is all new.
            before = self._recorded if self._recorded is not None else recorded
            self._pressure.wake(recorded - before if recorded >= before else recorded)
            self._recorded = recorded
        if served is not None:
            before = self._served if self._served is not None else served
            if consolidates:
                self._pressure.consolidate(served - before)
            self._served = served
