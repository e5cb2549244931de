"""System M as a whole under anything: no rule is broken, no chattering, every state reachable."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ros.common.errors import ConstraintError
from abm_ros.common.telemetry import GraphTelemetry
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.decision import choose
from abm_ros.meta.meta_control import MetaControl, SystemMConfig
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.phi import load_phi
from abm_ros.meta.signals.entry import signal_names
from abm_ros.meta.wiring import NodeRow, Row, Wiring

OWN = Path(__file__).resolve().parents[2] / 'config'
PHI = load_phi((OWN / 'phi.yaml').read_text())
SHUT = {'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze'}
WIRING = Wiring([
    Row(mode, roles, mode not in SHUT, True,
        {'motor_gate': NodeRow(mode not in SHUT, {}, {})},
        'not built' if mode in {'observe', 'imitate'} else '')
    for mode, roles in DESIGN.items()])
WORKING = {'play', 'task', 'rest', 'sleep', 'imagine', 'freeze'}
RULES = load_constraints("""
    forbidden_transitions: [[sleep, play]]
    min_dwell_s: {play: 3, task: 4, sleep: 2}
    max_dwell_s: {sleep: 12, rest: 15}
    quotas: {sleep: 0.4}
    quota_window_s: 60
    max_awake_s: 40
    rest_s: 3
    ceilings: {plasticity_a: 0.7}
""", WIRING.modes)
NOTHING = GraphTelemetry()
SIGNALS = signal_names()
UNIT = st.floats(0.0, 1.0)
# Histories hold still for a while and then jump, as life does; extremes are drawn often.
SIGNAL = st.one_of(st.sampled_from((0.0, 0.05, 0.3, 0.55, 0.9, 1.0)), UNIT)
MOMENT = st.tuples(
    st.fixed_dictionaries(dict.fromkeys(SIGNALS, SIGNAL)), st.integers(1, 25),
    st.sampled_from(('', '', '', 'hold', 'release', 'fault', 'mended', 'veto play',
                     'veto rest', 'veto none',
                     *(f'pin {mode}' for mode in sorted(WORKING)), 'pin none')))
HISTORIES = st.lists(MOMENT, min_size=1, max_size=25)
TICK_S = 0.5


def live(history, rules=RULES, vetoed=()):
    """Yield (control, decision, time, fault) for every tick of a history."""
    made = MetaControl(SystemMConfig(veto_modes=vetoed), PHI, WIRING, rules)
    made.begin(0.0)
    now_s, fault = 0.0, ''
    for signals, ticks, action in history:
        word, _, value = action.partition(' ')
        if word in ('hold', 'release'):
            made.held = word == 'hold'
        elif word in ('fault', 'mended'):
            fault = 'lost system_a' if word == 'fault' else ''
        elif word == 'veto':
            made.config = replace(made.config, veto_modes=() if value == 'none' else (value,))
        elif word == 'pin':
            made.config = replace(made.config, pin_mode='' if value == 'none' else value)
        for _ in range(ticks):
            now_s += TICK_S
            yield made, made.decide(signals, NOTHING, fault, now_s), now_s, fault


@settings(max_examples=60, deadline=None)
@given(HISTORIES)
def test_no_history_breaks_a_rule(history) -> None:
    past = [('task', 0.0)]        # stretches: mode and when it began
    ended: list[tuple[str, float, float]] = []
    rested_s = 0.0
    for made, decision, now_s, fault in live(history):
        mode, (before, since_s) = decision.mode, past[-1]
        assert mode in WORKING
        assert mode not in made.config.veto_modes or mode == 'freeze'
        assert decision.modulation.plasticity_a <= 0.7
        if mode != before:
            assert (before, mode) != ('sleep', 'play')
            if before in ('rest', 'sleep') and now_s - since_s >= 3.0:
                rested_s = now_s
            ended.append((before, since_s, now_s))
            past.append((mode, now_s))
        since_s = past[-1][1]
        assert mode not in ('sleep', 'rest') or now_s - since_s < {'sleep': 12, 'rest': 15}[mode]
        slept = sum(max(0.0, min(end, now_s) - max(start, now_s - 60.0))
                    for name, start, end in [*ended, (mode, since_s, now_s)] if name == 'sleep')
        assert slept <= 0.4 * 60.0 + TICK_S
        assert mode not in ('play', 'task') or now_s - rested_s < 40.0
        if fault or made.held:
            assert mode == 'freeze'


@settings(max_examples=60, deadline=None)
@given(HISTORIES)
def test_overrides_and_the_operator_come_within_one_tick(history) -> None:
    """Pinned, vetoed or barred: an override wins, and its mode or the safe mode is in force."""
    unwell_s = -1.0
    for made, decision, now_s, fault in live(history):
        signals, pin, forbidden = decision.signals, made.config.pin_mode, made.situation.forbidden
        if signals['pain'] > 0.1 or signals['looming'] > 0.1:
            unwell_s = now_s
        if signals['pain'] > 0.5 or signals['looming'] > 0.5 or made.held or fault:
            assert decision.mode == 'freeze'
        elif now_s - unwell_s < 1.0:
            continue     # an override of pain or looming may go on, or not
        elif signals['energy'] < 0.15:
            assert decision.mode == ('freeze' if 'rest' in forbidden else 'rest')
            assert decision.state.override == 2
        elif pin and pin not in forbidden and decision.state.override < 0:
            assert decision.mode == pin


@settings(max_examples=60, deadline=None)
@given(HISTORIES, st.lists(st.sampled_from(sorted(WORKING)), max_size=3))
def test_no_motor_moves_under_an_override_whatever_is_barred(history, vetoed) -> None:
    """Nor between the threshold that trips it and the one at which it is well again."""
    tired = False
    for made, decision, _, fault in live(history, vetoed=tuple(set(vetoed) - {'freeze'})):
        signals, over = decision.signals, made.situation.state.override
        # An override that goes before it, a hold or a fault is the end of it.
        tired = signals['energy'] < 0.15 or (tired and signals['energy'] < 0.5 and over == 2)
        if not (fault or made.held) and (
                tired or signals['pain'] > 0.5 or signals['looming'] > 0.5):
            assert decision.mode in SHUT
            assert decision.state.override >= 0


@settings(max_examples=60, deadline=None)
@given(HISTORIES)
def test_an_override_ends_once_it_was_well_for_its_time_and_not_before(history) -> None:
    well = (lambda s: s['pain'] <= 0.1, lambda s: s['looming'] <= 0.1,
            lambda s: s['energy'] >= 0.5)
    unwell_s = [-9.0] * 3
    for made, decision, now_s, fault in live(history):
        for index in range(3):
            if not well[index](decision.signals):
                unwell_s[index] = now_s
        before, after = made.situation.state.override, decision.state.override
        if before >= 0 and not (fault or made.held or 0 <= after < before):
            assert (after == before) == (now_s - unwell_s[before] < 1.0)


@given(st.lists(st.integers(1, 9), max_size=40), st.sampled_from(('pain', 'looming')))
def test_a_signal_that_rattles_freezes_once(gaps, name) -> None:
    """Crossings less than a second apart, ten decisions a second."""
    made = MetaControl(SystemMConfig(), PHI, WIRING, RULES)
    made.begin(0.0)
    seen, now_s = [], 0.0
    for gap in gaps:
        for tick in range(gap):
            now_s += 0.1
            moment = corner(**{name: 0.0 if tick else 0.9})
            seen.append(made.decide(moment, NOTHING, '', now_s).mode)
    assert set(seen) <= {'freeze'}
    after = [made.decide(corner(), NOTHING, '', now_s + 0.1 * i).mode for i in range(1, 12)]
    assert not gaps or 'freeze' not in after[-1:], 'it ends'


@settings(max_examples=60, deadline=None)
@given(HISTORIES)
def test_no_chattering_beyond_dwell(history) -> None:
    """A mode that phi's drives chose lasts its dwell, unless something stronger ends it."""
    calm = [({**signals, 'pain': 0.0, 'looming': 0.0, 'energy': 1.0}, ticks, '')
            for signals, ticks, _ in history]
    mode, since_s = 'task', 0.0
    for made, decision, now_s, _ in live(calm):
        if decision.mode != mode:
            forbidden = made.situation.forbidden.get(mode, '')
            least = max(RULES.min_dwell_s.get(mode, 0.0), PHI.modes[mode].min_dwell_s
                        if mode in PHI.modes else 0.0)
            assert forbidden or mode == 'freeze' or now_s - since_s >= least - 1e-9
            mode, since_s = decision.mode, now_s


@settings(max_examples=40, deadline=None)
@given(HISTORIES)
def test_every_decision_of_a_life_recomputes(history) -> None:
    for made, decision, _, _ in live(history):
        assert choose(made.situation, PHI) == decision


def corner(**known) -> dict[str, float]:
    return {**dict.fromkeys(SIGNALS, 0.0), 'energy': 1.0, **known}


# Inputs that between them pull every drive and every override both ways.
CORNERS = [corner(), corner(prediction_error=1.0, uncertainty=1.0), corner(competence=1.0),
           corner(sleep_pressure=1.0), corner(pain=1.0), corner(looming=1.0),
           corner(energy=0.0), corner(energy=0.3, stress=1.0),
           corner(imagination_pressure=1.0, prediction_error=0.1, uncertainty=0.1)]


def reachable() -> dict[str, set[str]]:
    """Return for every mode that can come about the modes that can follow it."""
    follows: dict[str, set[str]] = {}
    queue = ['task']
    while queue:
        mode = queue.pop()
        if mode in follows:
            continue
        follows[mode] = set()
        for signals in CORNERS:
            for held in (False, True):
                made = MetaControl(SystemMConfig(initial_mode=mode), PHI, WIRING, load_constraints(
                    (OWN / 'constraints.yaml').read_text(), WIRING.modes))
                made.begin(0.0)
                made.held = held
                for now_s in (30.0, 130.0):
                    after = made.decide(signals, NOTHING, '', now_s).mode
                    if after != mode:
                        follows[mode].add(after)
                        break
        queue += sorted(follows[mode])
    return follows


def test_the_reachable_states_are_the_built_modes_and_each_can_be_left() -> None:
    follows = reachable()
    assert set(follows) == WORKING
    for mode, after in follows.items():
        assert 'freeze' in after or mode == 'freeze'
        assert after, f'{mode} cannot be left'
    assert follows['task'] >= {'play', 'rest', 'sleep', 'freeze'}
    assert follows['play'] >= {'task', 'rest', 'sleep', 'freeze'}
    assert follows['imagine'] >= {'task', 'freeze'}


@pytest.mark.parametrize(('rules', 'says'), [
    ('forbidden_modes: [rest]', 'energy below 0.15.* rest'),
    ('forbidden_transitions: [[play, rest]]', 'bar from play')])
def test_constraints_against_an_override_of_phi_are_refused(rules, says) -> None:
    with pytest.raises(ConstraintError, match=says):
        MetaControl(SystemMConfig(), PHI, WIRING, load_constraints(rules, WIRING.modes))
