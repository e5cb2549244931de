"""Guards: a served proxy trips them, an honest life does not, and their answer is bounded."""

from collections.abc import Iterable
from math import nan

import numpy as np
import pytest

from abm_ros.common.telemetry import (
    GraphTelemetry,
    SensoryGateTelemetry,
    SystemATelemetry,
    SystemBTelemetry,
)
from abm_ros.meta.guards import GuardConfig, Guards, SomaticBudget
from abm_ros.meta.meta_state import MetaState
from abm_ros.meta.modes import DESIGN, Modes, Roles
from abm_ros.meta.signals.config import MetaStateConfig

MODES = Modes(DESIGN, 'task')
CONFIG = GuardConfig(guard_window_s=10.0, guard_response_s=20.0)
NOTHING = GraphTelemetry()
History = Iterable[tuple[str, dict, GraphTelemetry]]
FINE = {'uncertainty': 0.3, 'competence': 0.5, 'learning_gain': 0.0, 'energy': 0.8,
        'stress': 0.1, 'pain': 0.0, 'sleep_pressure': 0.3}


def spread(actions: float) -> GraphTelemetry:
    return GraphTelemetry(system_b=SystemBTelemetry(action_spread=actions))


def live(guards: Guards, moments, mode='play', start_s=0.0):
    """Feed one (signals, telemetry) per second; return when which guards were tripped."""
    seen = []
    for second, (signals, telemetry) in enumerate(moments):
        guards.update({**FINE, **signals}, telemetry, mode, start_s + second)
        seen.append(set(guards.tripped))
    return seen


def first(seen, name) -> int:
    return next((i for i, tripped in enumerate(seen) if name in tripped), -1)


def test_an_honest_life_trips_nothing() -> None:
    guards = Guards(CONFIG, MODES)
    moments = [({'uncertainty': 0.9 - 0.004 * i, 'competence': 0.002 * i, 'learning_gain': 0.1},
                spread(0.4)) for i in range(200)]
    assert not set().union(*live(guards, moments))
    assert (guards.forbidden, guards.ceilings) == ({}, {})


def test_seeking_doubt_without_learning_caps_the_intrinsic_weight_for_a_while() -> None:
    guards = Guards(CONFIG, MODES)
    rising = [({'uncertainty': min(1.0, 0.3 + 0.05 * i), 'competence': 0.2}, NOTHING)
              for i in range(60)]
    seen = live(guards, rising)
    assert 10 <= first(seen, 'intrinsic') < 50
    assert guards.ceilings == {'intrinsic_weight': CONFIG.guard_intrinsic_weight}
    seen = live(guards, [({'uncertainty': 0.3}, NOTHING)] * 60, 'task', 60.0)
    assert 'intrinsic' not in seen[-1]
    assert guards.ceilings == {}


@pytest.mark.parametrize(('competence', 'trips'), [(0.2, True), (0.3, False)])
def test_doubt_that_is_sought_in_many_short_plays_trips_too(competence, trips) -> None:
    """Plays of 4 s, far below the window; skill that grows meanwhile clears it."""
    guards, seen, now_s = Guards(CONFIG, MODES), set(), 0.0
    for play in range(12):
        level = {'uncertainty': min(1.0, 0.2 + 0.1 * play),
                 'competence': 0.2 if play < 3 else competence + 0.03 * play * (not trips)}
        seen |= set().union(*live(guards, [(level, NOTHING)] * 4, 'play', now_s))
        live(guards, [(level, NOTHING)] * 5, 'task', now_s + 4)
        now_s += 9.0
    assert ('intrinsic' in seen) is trips


def test_the_same_rise_with_learning_gain_is_curiosity_and_not_a_proxy() -> None:
    rising = [({'uncertainty': min(1.0, 0.3 + 0.05 * i), 'learning_gain': 0.02 * i}, NOTHING)
              for i in range(60)]
    assert not set().union(*live(Guards(CONFIG, MODES), rising))


@pytest.mark.parametrize(('mode', 'signals', 'telemetry', 'name', 'forbidden'), [
    ('play', {}, spread(0.0), 'actions', 'play'),
    ('sleep', {'sleep_pressure': 0.0}, NOTHING, 'replay', 'sleep')])
def test_a_collapse_or_an_idle_loop_changes_the_mode(mode, signals, telemetry, name,
                                                      forbidden) -> None:
    guards = Guards(CONFIG, MODES)
    seen = live(guards, [(signals, telemetry)] * 15, mode)
    assert first(seen, name) == 10
    assert forbidden in guards.forbidden
    seen = live(guards, [({}, NOTHING)] * 40, 'task', 15.0)
    assert first(seen[25:], name) == -1
    assert guards.forbidden == {}


NINTH = Modes({**DESIGN, 'exercise': Roles(acts=True, explores=True),
               'siesta': Roles(restful=True, consolidates=True)}, 'task')


@pytest.mark.parametrize(('mode', 'signals', 'telemetry', 'forbidden'), [
    ('exercise', {}, spread(0.0), {'exercise'}),
    ('siesta', {'sleep_pressure': 0.0}, NOTHING, {'siesta'})])
def test_a_mode_is_judged_by_its_roles(mode, signals, telemetry, forbidden) -> None:
    guards = Guards(CONFIG, NINTH)
    live(guards, [(signals, telemetry)] * 15, mode)
    assert set(guards.forbidden) == forbidden


def test_doubt_sought_in_turns_in_two_exploring_modes_is_one_and_the_same() -> None:
    guards, seen = Guards(CONFIG, NINTH), set()
    for second in range(60):
        level = {'uncertainty': min(1.0, 0.3 + 0.02 * second), 'competence': 0.2}
        mode = 'exercise' if second // 4 % 2 else 'play'
        guards.update({**FINE, **level}, NOTHING, mode, second)
        seen |= set(guards.tripped)
    assert seen == {'intrinsic'}


def test_a_spent_budget_leaves_every_restful_mode() -> None:
    guards = Guards(CONFIG, NINTH)
    live(guards, [({'stress': 1.0, 'pain': 0.6}, NOTHING)] * 70, 'exercise')
    assert set(NINTH) - set(guards.forbidden) == {'rest', 'sleep', 'siesta', 'freeze'}


def test_a_loop_of_short_sleeps_that_find_nothing_trips_and_honest_sleeps_do_not() -> None:
    guards, honest, now_s = Guards(CONFIG, MODES), Guards(CONFIG, MODES), 0.0
    seen: list[set[str]] = []
    for _ in range(6):    # 3 s of sleep at a time, awake for 5 s between
        seen += live(guards, [({'sleep_pressure': 0.0}, NOTHING)] * 3, 'sleep', now_s)
        live(honest, [({'sleep_pressure': p}, NOTHING) for p in (0.6, 0.3, 0.0)], 'sleep', now_s)
        live(guards, [({'sleep_pressure': 1.0}, NOTHING)] * 5, 'task', now_s + 3)
        live(honest, [({'sleep_pressure': 0.6}, NOTHING)] * 5, 'task', now_s + 3)
        assert 'replay' not in honest.tripped
        now_s += 8.0
    assert first(seen, 'replay') > 0


def test_energy_that_rises_while_the_motors_work_is_not_believed() -> None:
    guards = Guards(CONFIG, MODES)
    seen = live(guards, [({'energy': min(1.0, 0.5 + 0.02 * i)}, NOTHING) for i in range(40)])
    assert first(seen, 'energy') > 0
    assert 'play' in guards.forbidden
    assert not set().union(*live(Guards(CONFIG, MODES), [({'energy': 0.5 + 0.01 * i}, NOTHING)
                                                  for i in range(40)], 'rest'))


def test_the_somatic_budget_integrates_to_its_closed_form_and_forces_rest() -> None:
    """Full pain above an ease of 0.3 spends 0.7 per second: 60 / 0.7 = 85.7 s."""
    budget = SomaticBudget(60.0, 0.3, 0.5)
    spent = [budget.update(0.0, 1.0, 1.0, resting=False) for _ in range(86)]
    assert spent.index(True) == 85
    # Rest wins back 0.5 + 0.3 per second: half of it, 30, after 37.5 s.
    back = [budget.update(0.0, 0.0, 1.0, resting=True) for _ in range(40)]
    assert back.index(False) == 37


def test_a_spent_budget_leaves_rest_and_sleep_only() -> None:
    guards = Guards(CONFIG, MODES)
    live(guards, [({'stress': 1.0, 'pain': 0.6}, NOTHING)] * 70)
    assert set(guards.forbidden) >= {'play', 'task', 'observe'}
    assert not set(guards.forbidden) & {'rest', 'sleep', 'freeze'}
    assert guards.budget == 0.0
    assert 'rest is forced' in guards.tripped['somatic']


def pace(guards: Guards, history: History) -> list[dict[str, str]]:
    """Live a history (mode, signals, telemetry) at 10 Hz; return what tripped at each tick."""
    seen = []
    for tick, (mode, signals, telemetry) in enumerate(history):
        guards.update({**FINE, **signals}, telemetry, mode, 0.1 * tick)
        seen.append(dict(guards.tripped))
    return seen


def when_s(seen: list[dict[str, str]], name: str) -> float:
    """Return when a guard first tripped, s; inf for never."""
    return next((0.1 * i for i, tripped in enumerate(seen) if name in tripped), float('inf'))


def perceive(seed: int, noise: float, error, doubt, wins) -> History:
    """
    Play for 15 minutes and perceive it through the very meta-states of System M.

    `error`, `doubt` (in [0, 1]) and the chance of success `wins` are functions of time in s; an
    episode ends every 5 s, and the error is measured with white noise.
    """
    rng, state, won = np.random.default_rng(seed), MetaState(MetaStateConfig()), 0
    for tick in range(9000):
        now_s = 0.1 * tick
        won += tick % 50 == 0 and rng.random() < wins(now_s)
        u = doubt(now_s)
        yield 'play', state.update(GraphTelemetry(
            system_a=SystemATelemetry(
                prediction_error=max(0.0, error(now_s) + noise * rng.normal()),
                uncertainty=u / (1 - u), latents=tick),
            system_b=SystemBTelemetry(episodes=tick // 50 + 1, successes=won)),
            DESIGN['play']), NOTHING



def rises(now_s: float) -> float:
    return min(0.9, 0.3 + 0.6 * now_s / 400.0)


@pytest.mark.parametrize('noise', [0.0, 0.05, 0.2])
@pytest.mark.parametrize('chance', [0.0, 0.3, 0.5])
def test_a_noisy_television_trips_the_guard_though_its_error_and_luck_fluctuate(noise, chance
                                                                                ) -> None:
    """Doubt rises to 0.9; the error stays as large as it is, success is the toss of a coin."""
    for seed in range(2):
        seen = pace(Guards(GuardConfig(), MODES), perceive(
            seed, noise, lambda _: 0.8, rises, lambda _: chance))
        assert 60.0 < when_s(seen, 'intrinsic') < 600.0


@pytest.mark.parametrize('noise', [0.0, 0.05, 0.2])
@pytest.mark.parametrize(('error', 'doubt', 'wins'), [
    (lambda t: 0.8 * np.exp(-t / 300.0), rises, lambda _: 0.3),      # what is doubted is learned
    (lambda _: 0.8, lambda _: 0.5, lambda _: 0.3),                    # nothing happens
    (lambda t: 0.2 + 0.6 * np.exp(-t / 100.0), lambda t: 0.2 + 0.6 * np.exp(-t / 100.0),
     lambda t: min(0.9, t / 100.0))])                                 # an honest youth
def test_neither_learning_nor_noise_alone_is_taken_for_the_television(noise, error, doubt, wins
                                                                      ) -> None:
    for seed in range(2):
        seen = pace(Guards(GuardConfig(), MODES), perceive(seed, noise, error, doubt, wins))
        assert when_s(seen, 'intrinsic') == float('inf')


def sleeps(useful_s: float, idle_s: float) -> History:
    """Thirty times 6 s awake and a sleep that finds something to do for `useful_s`."""
    for _ in range(30):
        yield from [('task', {'sleep_pressure': 0.3}, NOTHING)] * 60
        yield from [('sleep', {'sleep_pressure': 0.3}, NOTHING)] * round(10 * useful_s)
        yield from [('sleep', {'sleep_pressure': 0.0}, NOTHING)] * round(10 * idle_s)


def test_idle_sleeps_trip_though_each_ends_at_its_longest_dwell_and_begins_usefully() -> None:
    """58 s idle less 2 s useful a sleep: the 60 s are full 6 s into the idle of the second."""
    guards = Guards(GuardConfig(), MODES)
    seen = pace(guards, sleeps(2.0, 58.0))
    # The first is 58.0 after 66 s; awake 6, useful 2 takes it to 56.0; 4 s more of idling.
    assert when_s(seen, 'replay') == pytest.approx(66.0 + 6.0 + 2.0 + 4.0, abs=0.3)
    assert 'sleep' in guards.forbidden
    assert when_s(pace(Guards(GuardConfig(), MODES), sleeps(30.0, 25.0)), 'replay') == float('inf')


def energy(mode_rates: dict[str, tuple[float, float]], charging: float = nan
           ) -> History:
    """Go round modes, each (seconds, rise of energy per second), for 15 minutes."""
    level = 0.5
    telemetry = GraphTelemetry(sensory_gate=SensoryGateTelemetry(charging=charging))
    spent = 0
    while spent < 9000:
        for mode, (seconds, rate) in mode_rates.items():
            for _ in range(round(10 * seconds)):
                level = min(1.0, max(0.0, level + 0.1 * rate))
                spent += 1
                yield mode, {'energy': level}, telemetry


@pytest.mark.parametrize(('history', 'fault'), [
    # Energy rises by 0.6 in each play of 30 s, below the window, and is spent in task.
    (energy({'play': (30, 0.02), 'task': (8, -0.075)}), 'play'),
    (energy({'task': (30, 0.02), 'play': (8, -0.075)}), 'task'),
    # Slowly, but the battery tells that it does not charge.
    (energy({'task': (600, 0.001)}, charging=0.0), 'task')])
def test_energy_that_no_charger_explains_bars_the_mode_in_which_it_rises(history, fault) -> None:
    guards, forbidden = Guards(GuardConfig(), MODES), set()
    for tick, (mode, signals, telemetry) in enumerate(history):
        guards.update({**FINE, **signals}, telemetry, mode, 0.1 * tick)
        forbidden |= set(guards.forbidden)
    assert forbidden == {fault}


@pytest.mark.parametrize('history', [
    energy({'task': (300, 0.003)}),                                # docked, and nothing is told
    energy({'task': (60, 0.02)}, charging=1.0),                    # a charger that is told of
    energy({'task': (40, -0.01), 'rest': (20, 0.02)}),             # the usual life
    energy({'play': (20, -0.01), 'task': (20, -0.005), 'sleep': (30, 0.01)}, charging=0.0)])
def test_energy_of_a_charger_and_of_rest_is_believed(history) -> None:
    assert when_s(pace(Guards(GuardConfig(), MODES), history), 'energy') == float('inf')


@pytest.mark.parametrize(('share', 'trips'), [(0.3, False), (0.9, True)])
def test_actions_that_now_and_then_look_alike_have_not_collapsed(share, trips) -> None:
    rng = np.random.default_rng(0)
    history = [('play', {}, spread(0.0 if rng.random() < share else 0.4))
               for _ in range(3000)]
    assert (when_s(pace(Guards(GuardConfig(), MODES), history), 'actions') < float('inf')) is trips


def test_the_shipped_somatic_budget_lasts_as_long_as_its_description_says() -> None:
    """60 / (1 - 0.6) = 150 s of full stress, 60 / (2 - 0.6) = 42.9 s with full pain."""
    for signals, lasts_s in (({'stress': 1.0}, 150.0), ({'stress': 1.0, 'pain': 1.0}, 42.9)):
        seen = pace(Guards(GuardConfig(), MODES), [('task', signals, NOTHING)] * 2000)
        assert when_s(seen, 'somatic') == pytest.approx(lasts_s, abs=0.2)
    seen = pace(Guards(GuardConfig(), MODES), [('task', {'stress': 0.6}, NOTHING)] * 5000)
    assert when_s(seen, 'somatic') == float('inf')
