"""Guards: a served proxy trips them, an honest life does not, and their answer is bounded."""

import pytest

from abm_ros.core.guards import GuardConfig, Guards, SomaticBudget

CONFIG = GuardConfig(guard_window_s=10.0, guard_response_s=20.0)
FINE = {'uncertainty': 0.3, 'competence': 0.5, 'learning_gain': 0.0, 'energy': 0.8,
        'stress': 0.1, 'pain': 0.0, 'sleep_pressure': 0.3}


def live(guards: Guards, moments, mode='play', start_s=0.0):
    """Feed one (signals, raw) per second; return when which guards were tripped."""
    seen = []
    for second, (signals, raw) in enumerate(moments):
        guards.update({**FINE, **signals}, raw, mode, start_s + second)
        seen.append(set(guards.tripped))
    return seen


def first(seen, name) -> int:
    return next((i for i, tripped in enumerate(seen) if name in tripped), -1)


def test_an_honest_life_trips_nothing() -> None:
    guards = Guards(CONFIG)
    moments = [({'uncertainty': 0.9 - 0.004 * i, 'competence': 0.002 * i, 'learning_gain': 0.1},
                {'system_b': {'action_spread': 0.4}}) for i in range(200)]
    assert not set().union(*live(guards, moments))
    assert (guards.barred, guards.ceilings) == ({}, {})


def test_seeking_doubt_without_learning_caps_the_intrinsic_weight_for_a_while() -> None:
    guards = Guards(CONFIG)
    rising = [({'uncertainty': min(1.0, 0.3 + 0.05 * i), 'competence': 0.2}, {})
              for i in range(60)]
    seen = live(guards, rising)
    assert 10 <= first(seen, 'intrinsic') < 50
    assert guards.ceilings == {'intrinsic_weight': CONFIG.guard_intrinsic_weight}
    seen = live(guards, [({'uncertainty': 0.3}, {})] * 60, 'task', 60.0)
    assert 'intrinsic' not in seen[-1]
    assert guards.ceilings == {}


@pytest.mark.parametrize(('competence', 'trips'), [(0.2, True), (0.3, False)])
def test_doubt_that_is_sought_in_many_short_plays_trips_too(competence, trips) -> None:
    """Plays of 4 s, far below the window; skill that grows meanwhile clears it."""
    guards, seen, now_s = Guards(CONFIG), set(), 0.0
    for play in range(12):
        level = {'uncertainty': min(1.0, 0.2 + 0.1 * play),
                 'competence': 0.2 if play < 3 else competence + 0.03 * play * (not trips)}
        seen |= set().union(*live(guards, [(level, {})] * 4, 'play', now_s))
        live(guards, [(level, {})] * 5, 'task', now_s + 4)
        now_s += 9.0
    assert ('intrinsic' in seen) is trips


def test_the_same_rise_with_learning_gain_is_curiosity_and_not_a_proxy() -> None:
    rising = [({'uncertainty': min(1.0, 0.3 + 0.05 * i), 'learning_gain': 0.02 * i}, {})
              for i in range(60)]
    assert not set().union(*live(Guards(CONFIG), rising))


@pytest.mark.parametrize(('mode', 'signals', 'raw', 'name', 'barred'), [
    ('play', {}, {'system_b': {'action_spread': 0.0}}, 'actions', 'play'),
    ('sleep', {'sleep_pressure': 0.0}, {}, 'replay', 'sleep')])
def test_a_collapse_or_an_idle_loop_changes_the_mode(mode, signals, raw, name, barred) -> None:
    guards = Guards(CONFIG)
    seen = live(guards, [(signals, raw)] * 15, mode)
    assert first(seen, name) == 10
    assert barred in guards.barred
    seen = live(guards, [({}, {})] * 40, 'task', 15.0)
    assert first(seen[25:], name) == -1
    assert guards.barred == {}


def test_a_loop_of_short_sleeps_that_find_nothing_trips_and_honest_sleeps_do_not() -> None:
    guards, honest, now_s = Guards(CONFIG), Guards(CONFIG), 0.0
    seen: list[set[str]] = []
    for _ in range(6):    # 3 s of sleep at a time, awake for 5 s between
        seen += live(guards, [({'sleep_pressure': 0.0}, {})] * 3, 'sleep', now_s)
        live(honest, [({'sleep_pressure': p}, {}) for p in (0.6, 0.3, 0.0)], 'sleep', now_s)
        live(guards, [({'sleep_pressure': 1.0}, {})] * 5, 'task', now_s + 3)
        live(honest, [({'sleep_pressure': 0.6}, {})] * 5, 'task', now_s + 3)
        assert 'replay' not in honest.tripped
        now_s += 8.0
    assert first(seen, 'replay') > 0


def test_energy_that_rises_while_the_motors_work_is_not_believed() -> None:
    guards = Guards(CONFIG)
    seen = live(guards, [({'energy': min(1.0, 0.5 + 0.02 * i)}, {}) for i in range(40)])
    assert first(seen, 'energy') > 0
    assert 'play' in guards.barred
    assert not set().union(*live(Guards(CONFIG), [({'energy': 0.5 + 0.01 * i}, {})
                                                  for i in range(40)], 'rest'))


def test_the_somatic_budget_integrates_to_its_closed_form_and_forces_rest() -> None:
    """Full pain above an ease of 0.3 spends 0.7 per second: 60 / 0.7 = 85.7 s."""
    budget = SomaticBudget(60.0, 0.3, 0.5)
    spent = [budget.update(0.0, 1.0, 'play', 1.0) for _ in range(86)]
    assert spent.index(True) == 85
    # Rest wins back 0.5 + 0.3 per second: half of it, 30, after 37.5 s.
    back = [budget.update(0.0, 0.0, 'rest', 1.0) for _ in range(40)]
    assert back.index(False) == 37


def test_a_spent_budget_leaves_rest_and_sleep_only() -> None:
    guards = Guards(CONFIG)
    live(guards, [({'stress': 1.0, 'pain': 0.6}, {})] * 70)
    assert set(guards.barred) >= {'play', 'task', 'observe'}
    assert not set(guards.barred) & {'rest', 'sleep', 'freeze'}
    assert guards.budget == 0.0
    assert 'rest is forced' in guards.tripped['somatic']
