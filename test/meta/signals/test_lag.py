"""Whether learning keeps up: counted, against what happened by construction."""

from math import nan

import pytest

from abm_ros.common.telemetry import (
    EpisodicMemoryTelemetry,
    GraphTelemetry,
    SystemALearnerTelemetry,
    SystemBLearnerTelemetry,
)
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.signals.lag import LearningLag, slowness
from abm_ros.meta.signals.somatic import SleepDebt, SleepPressure

TASK, SLEEP = DESIGN['task'], DESIGN['sleep']
CONFIG = MetaStateConfig(lag_transitions=50.0, sleep_capacity=100.0, consolidation_replays=10.0)


class World:
    """Counts what is lived and learned, as the nodes tell it."""

    def __init__(self) -> None:
        self.recorded = self.served = self.a = self.b = 0.0
        self.gain_a = self.gain_b = nan       # of consolidation

    def told(self, asked_a: float = 4.0, asked_b: float = 4.0) -> GraphTelemetry:
        return GraphTelemetry(
            episodic_memory=EpisodicMemoryTelemetry(recorded=self.recorded, served=self.served),
            system_a_learner=SystemALearnerTelemetry(updates=self.a, asked=asked_a,
                                                     gain=self.gain_a),
            system_b_learner=SystemBLearnerTelemetry(updates=self.b, asked=asked_b,
                                                     gain=self.gain_b))

    def live(self, signal, transitions: int, a: float, b: float = 4.0, mode=TASK, **asked):
        """Live so many transitions with so many updates for each; return the signal after."""
        for _ in range(transitions):
            self.recorded += 1
            self.a += a
            self.b += b
            value = signal.update(self.told(**asked), mode)
        return value


@pytest.mark.parametrize(('a', 'b', 'lag'), [
    (4, 4, 0.0), (2, 4, 0.5), (4, 1, 0.75), (1, 3, 0.75), (0, 0, 1.0), (9, 9, 0.0)])
def test_it_is_the_share_not_done_of_the_learner_that_lags_more(a, b, lag) -> None:
    assert World().live(LearningLag(CONFIG), 500, a, b) == pytest.approx(lag, abs=0.01)


def test_it_says_nothing_before_it_was_measured_and_follows_what_changes() -> None:
    world, signal = World(), LearningLag(CONFIG)
    assert world.live(signal, 40, 0) == 0.0
    assert world.live(signal, 200, 0) == pytest.approx(1.0)
    assert world.live(signal, 300, 4) == pytest.approx(0.0, abs=0.01)


def test_who_is_asked_for_nothing_does_not_lag() -> None:
    """System B before System A has a model, or both in the baseline."""
    world, signal = World(), LearningLag(CONFIG)
    assert world.live(signal, 300, 4, 0, asked_b=0.0) == 0.0
    assert world.live(signal, 300, 0, 0, asked_a=0.0, asked_b=0.0) == 0.0


def test_what_sleep_does_is_no_excuse() -> None:
    world, signal = World(), LearningLag(CONFIG)
    before = world.live(signal, 300, 1)
    for _ in range(50):
        world.a += 100
        asleep = signal.update(world.told(asked_a=0.0, asked_b=0.0), SLEEP)
    assert before == asleep == pytest.approx(0.75, abs=0.01)


def test_restarted_nodes_count_from_nothing_again() -> None:
    world, signal = World(), LearningLag(CONFIG)
    world.live(signal, 300, 2)
    world.a = world.recorded = 0.0
    assert world.live(signal, 100, 2) == pytest.approx(0.5, abs=0.05)


def test_a_slow_computer_is_called_slow() -> None:
    assert slowness(0.0) == slowness(0.49) == ''
    assert '0.1 of the updates' in slowness(0.9)


def test_slow_learning_sleeps_later_and_no_more() -> None:
    """At a tenth of the pace: a load is ten times as large, and so is what sleep must digest."""
    fast, slow = SleepDebt(100.0, 10.0), SleepDebt(100.0, 10.0, pace=0.1)
    fast.wake(50)
    slow.wake(500)
    assert fast.value == slow.value == pytest.approx(0.5)
    for debt in (fast, slow):
        debt.consolidate(250)      # samples, which take the slow one ten times as long
    assert fast.value == slow.value == pytest.approx(0.25)


def test_pressure_rises_with_what_learning_keeps_up_with() -> None:
    def pressure(a: float) -> float:
        world, signal = World(), SleepPressure(CONFIG)
        world.live(signal, 300, a)
        world.served += 1e9
        signal.update(world.told(), SLEEP)      # slept it off
        return world.live(signal, 51, a)
    assert pressure(4.0) == pytest.approx(0.5, abs=0.02)
    assert pressure(1.0) == pytest.approx(0.125, abs=0.02)
    assert pressure(0.0) == pytest.approx(0.025, abs=0.01)


def test_pressure_falls_by_what_is_consolidated_at_that_pace() -> None:
    world, signal = World(), SleepPressure(CONFIG)
    assert world.live(signal, 401, 1.0) == pytest.approx(1.0, abs=0.02)   # 400 / 4 of 100
    world.served += 500       # at 10 / 4 samples each: 200 transitions
    assert signal.update(world.told(), SLEEP) == pytest.approx(0.5, abs=0.02)


def test_sleep_ends_once_consolidation_gains_neither_learner_anything() -> None:
    world, signal = World(), SleepPressure(CONFIG)
    awake = world.live(signal, 80, 4.0)
    for a, b in ((nan, nan), (0.0, nan), (0.0, 0.5), (0.5, 0.0)):
        world.gain_a, world.gain_b = a, b
        assert signal.update(world.told(), SLEEP) == awake, (a, b)
    world.gain_a = world.gain_b = 0.0
    assert signal.update(world.told(), TASK) == awake
    assert signal.update(world.told(), SLEEP) == 0.0
