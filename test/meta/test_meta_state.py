"""From telemetry to signals: before anything is known, in life, and after restarts."""

from dataclasses import fields
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import ConfigError
from abm_ros.common.telemetry import (
    EpisodicMemoryTelemetry,
    GraphTelemetry,
    SensoryGateTelemetry,
    SystemALearnerTelemetry,
    SystemATelemetry,
    SystemBTelemetry,
)
from abm_ros.common.telemetry_fields import schema
from abm_ros.meta.meta_state import MetaState
from abm_ros.meta.modes import DESIGN, Roles
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.signals.entry import signal_names

TASK, PLAY, SLEEP = (DESIGN[mode] for mode in ('task', 'play', 'sleep'))
CONFIG = MetaStateConfig(sleep_capacity=100.0, consolidation_replays=10.0)


def test_before_anything_is_known_everything_is_surprising_and_nothing_hurts() -> None:
    signals = MetaState(CONFIG).update(GraphTelemetry(), TASK)
    assert list(signals) == signal_names()
    assert (signals['prediction_error'], signals['uncertainty']) == (1.0, 1.0)
    assert (signals['competence'], signals['energy'], signals['pain']) == (0.0, 1.0, 0.0)


VALUES = st.floats(allow_nan=True, allow_infinity=True)


def anything(kind):
    """Telemetry of a class with any numbers at all."""
    return st.builds(kind, **dict.fromkeys(schema(kind).numbers, VALUES))


@given(st.lists(st.builds(
    GraphTelemetry, **{f.name: anything(f.default_factory) for f in fields(GraphTelemetry)}),
    max_size=4), st.sampled_from([TASK, SLEEP]))
def test_signals_stay_in_the_unit_interval_whatever_is_told(told, mode) -> None:
    state = MetaState(CONFIG)
    for telemetry in told:
        assert all(0.0 <= value <= 1.0 for value in state.update(telemetry, mode).values())


def memory(recorded: float, served: float = 0.0) -> GraphTelemetry:
    return GraphTelemetry(episodic_memory=EpisodicMemoryTelemetry(
        recorded=recorded, served=served))


def gate(**told) -> GraphTelemetry:
    return GraphTelemetry(sensory_gate=SensoryGateTelemetry(**told))


def system_a(**told) -> GraphTelemetry:
    return GraphTelemetry(system_a=SystemATelemetry(**told))


def system_b(episodes: float, successes: float) -> GraphTelemetry:
    return GraphTelemetry(system_b=SystemBTelemetry(episodes=episodes, successes=successes))


def pressure(state: MetaState, telemetry: GraphTelemetry, mode: Roles) -> float:
    return state.update(telemetry, mode)['sleep_pressure']


def test_waking_fills_and_only_sleep_empties() -> None:
    state = MetaState(CONFIG)
    assert pressure(state, memory(1000), TASK) == 0.0     # lived before this System M
    assert pressure(state, memory(1050), TASK) == 0.5
    assert pressure(state, memory(1050, 200), TASK) == 0.5    # replay while awake
    assert pressure(state, memory(1050, 400), SLEEP) == pytest.approx(0.3)


def test_a_restarted_memory_counts_from_nothing_again() -> None:
    state = MetaState(CONFIG)
    pressure(state, memory(500, 300), TASK)
    assert pressure(state, memory(20, 0), TASK) == pytest.approx(0.2)
    assert pressure(state, memory(20, 100), SLEEP) == pytest.approx(0.1)


def test_learning_gain_follows_a_falling_error_and_ends_on_the_plateau() -> None:
    state = MetaState(MetaStateConfig(gain_slow_samples=50.0, gain_fast_samples=5.0))
    def gain(error):
        return state.update(system_a(prediction_error=error), PLAY)['learning_gain']
    assert gain(1.0) == 0.0
    falling = [gain(1.0 - 0.02 * i) for i in range(40)]
    assert falling[-1] > 0.3
    for _ in range(1000):
        plateau = gain(0.2)
    assert plateau < 0.01


def test_the_noise_of_a_mastered_model_is_no_learning_gain() -> None:
    state, rng = MetaState(CONFIG), np.random.default_rng(0)
    def gain(error):
        return state.update(system_a(prediction_error=error), PLAY)['learning_gain']
    gain(1.0)
    told = [gain(2e-4 * rng.random()) for _ in range(800)]
    assert max(told[:150]) > 0.5     # it was just learned
    assert max(told[250:]) < 0.5     # play is no longer worth it
    assert max(told[750:]) < 0.1


def test_over_force_hurts_at_once_and_strains_slowly() -> None:
    state = MetaState(CONFIG)
    state.update(gate(effort_ratio=0.0), TASK)
    signals = state.update(gate(effort_ratio=1.8), TASK)
    assert signals['pain'] == pytest.approx(0.8)
    assert signals['stress'] == pytest.approx(1.8 / 20.0)


def test_novelty_is_whole_until_memory_tells_it_and_cues_are_absent_until_seen() -> None:
    state = MetaState(CONFIG)
    signals = state.update(GraphTelemetry(), TASK)
    assert (signals['novelty'], signals['cue'], signals['looming']) == (1.0, 0.0, 0.0)
    signals = state.update(GraphTelemetry(
        episodic_memory=EpisodicMemoryTelemetry(novelty=0.25),
        sensory_gate=SensoryGateTelemetry(cue=1.0, looming=1.0)), TASK)
    assert (signals['novelty'], signals['cue'], signals['looming']) == (0.25, 1.0, 0.5)


def test_claims_follow_the_episodes_that_system_b_counts() -> None:
    state = MetaState(CONFIG)
    def after(episodes, successes):
        return state.update(system_b(episodes, successes), TASK)
    assert after(500.0, 100.0)['calibration_error'] == 1.0    # an earlier life
    assert state.claims.mean == 0.5
    for number in range(1, 201):
        signals = after(500.0 + number, 100.0 + number)
    assert state.claims.mean > 0.9
    assert signals['calibration_error'] < 0.1
    after(0.0, 0.0)    # a new System B
    assert state.claims.mean > 0.9


def test_a_collapse_of_the_latents_is_a_signal_of_its_own() -> None:
    signals = MetaState(CONFIG).update(GraphTelemetry(
        system_a_learner=SystemALearnerTelemetry(effective_rank=2.0, observation_rank=5.0)),
        TASK)
    assert signals['collapse'] == pytest.approx(0.75)


def test_impossible_calibrations_are_refused() -> None:
    with pytest.raises(ConfigError, match='sleep_capacity'):
        MetaStateConfig(sleep_capacity=0.0)


def test_an_error_that_falls_with_collapsing_latents_is_no_learning() -> None:
    def gain(rank: float) -> float:
        state = MetaState(MetaStateConfig(gain_slow_samples=50.0, gain_fast_samples=5.0))
        for i in range(40):
            told = state.update(GraphTelemetry(
                system_a=SystemATelemetry(prediction_error=1.0 - 0.02 * i),
                system_a_learner=SystemALearnerTelemetry(
                    effective_rank=rank, observation_rank=6.0)), PLAY)
        return told['learning_gain']
    assert gain(6.0) > 0.3
    assert gain(1.0) == 0.0


def test_competence_is_the_number_that_is_judged() -> None:
    state = MetaState(CONFIG)
    for won in range(61):
        told = state.update(system_b(won, won), TASK)
    assert told['competence'] == state.claims.mean > 0.9
    assert told['calibration_error'] < 0.1


def test_several_episodes_told_at_once_are_spread_evenly() -> None:
    one, together = MetaState(CONFIG), MetaState(CONFIG)
    for n in range(41):
        one.update(system_b(n, n // 2), TASK)
    for n in (0, 40):
        together.update(system_b(n, n // 2), TASK)
    assert together.claims.mean == pytest.approx(one.claims.mean)


def test_a_model_that_tells_no_number_has_learned_nothing() -> None:
    told = MetaState(CONFIG).update(system_a(prediction_error=nan, uncertainty=nan), TASK)
    assert (told['prediction_error'], told['uncertainty']) == (1.0, 1.0)


def test_a_blow_between_two_looks_hurts_and_does_not_strain() -> None:
    state = MetaState(CONFIG)
    told = state.update(gate(effort_ratio=0.2, effort_peak=1.6), TASK)
    assert told['pain'] == pytest.approx(0.6)
    assert told['stress'] == pytest.approx(0.2)


def test_members_that_know_nothing_agree_and_are_not_believed() -> None:
    """Neither before the first update nor from what an idle System A still says of that time."""
    state = MetaState(MetaStateConfig(uncertainty_samples=1.0))
    def doubt(uncertainty, latents, version):
        return state.update(GraphTelemetry(
            system_a=SystemATelemetry(uncertainty=uncertainty, latents=latents),
            system_a_learner=SystemALearnerTelemetry(version=version)), SLEEP)['uncertainty']
    assert doubt(0.0, 100.0, 0.0) == 1.0
    assert doubt(0.0, 100.0, 50.0) == 1.0     # learned meanwhile, nothing perceived since
    assert doubt(1.0, 101.0, 50.0) == 0.5
    assert doubt(3.0, 101.0, 50.0) == 0.5
    assert doubt(3.0, 102.0, 50.0) == 0.75
