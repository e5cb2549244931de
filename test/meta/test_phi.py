"""The routing policy: overrides at once, dwell kept, no chattering, wrong tables refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ros.common.errors import PhiError
from abm_ros.meta.phi import ModePolicy, Modulation, Override, Phi, PolicyState, decide, load_phi

OWN = Path(__file__).resolve().parents[2] / 'config' / 'phi.yaml'
PAIN = Override('pain', 'freeze', above=0.5, until=0.1)
TIRED = Override('energy', 'rest', below=0.2, until=0.6)
PHI = Phi({'play': ModePolicy(0.0, {'prediction_error': 1.0}, 0.1, 3.0),
           'task': ModePolicy(0.5, {}, 0.1, 3.0),
           'rest': ModePolicy(-1.0, {}, 0.0, 0.0)}, (PAIN, TIRED))
ALL = {'play', 'task', 'rest', 'sleep', 'imagine', 'freeze'}
UNIT = st.floats(0.0, 1.0)
SIGNALS = st.fixed_dictionaries({'prediction_error': UNIT, 'energy': st.just(1.0),
                                 'pain': st.just(0.0)})


def run(phi, signals, allowed=ALL, tick_s=0.1, start='task'):
    """Return the decisions for a list of signals, one tick apart."""
    state, decisions = PolicyState(start, 0.0), []
    for i, now in enumerate(signals):
        decisions.append(decide(now, state, phi, i * tick_s, allowed, 'freeze'))
        state = decisions[-1].state
    return decisions


def test_the_strongest_drive_wins_by_more_than_the_hysteresis() -> None:
    state = PolicyState('task', 0.0)
    for error, mode in ((0.59, 'task'), (0.61, 'play')):
        assert decide({'prediction_error': error}, state, PHI, 10.0, ALL, 'freeze').mode == mode


def test_the_drive_is_bias_and_weighted_sum_and_unknown_signals_count_as_nothing() -> None:
    policy = ModePolicy(0.2, {'competence': -0.5, 'energy': 2.0})
    assert policy.drive({'competence': 0.4, 'energy': 0.1, 'pain': 1.0}) == pytest.approx(0.2)
    assert policy.drive({}) == 0.2


@given(st.lists(SIGNALS, max_size=150))
def test_dwell_is_respected(signals) -> None:
    decisions = run(PHI, signals)
    switches = [i for i in range(1, len(decisions))
                if decisions[i].mode != decisions[i - 1].mode]
    for before, after in zip([0, *switches], switches, strict=False):
        assert (after - before) * 0.1 >= 3.0 - 1e-6


@given(st.lists(st.floats(0.46, 0.54), max_size=200))
def test_noise_within_the_hysteresis_does_not_chatter(errors) -> None:
    decisions = run(PHI, [{'prediction_error': e, 'energy': 1.0} for e in errors])
    assert {d.mode for d in decisions} <= {'task'}


@settings(max_examples=60)
@given(st.lists(SIGNALS, min_size=1, max_size=40), st.floats(0.51, 1.0), st.data())
def test_an_override_comes_within_one_tick_whatever_the_dwell(signals, pain, data) -> None:
    at = data.draw(st.integers(0, len(signals) - 1))
    hurt = [dict(s) for s in signals]
    hurt[at]['pain'] = pain
    decision = run(PHI, hurt[:at + 1])[-1]
    assert decision.mode == 'freeze'
    assert 'pain' in decision.reason


def test_an_override_lasts_until_it_is_well_again_and_its_mode_is_left_at_once() -> None:
    decisions = run(PHI, [{'pain': p, 'energy': 1.0} for p in (0.0, 0.6, 0.3, 0.11, 0.1, 0.3)])
    assert [d.mode for d in decisions] == ['task', 'freeze', 'freeze', 'freeze', 'task', 'task']


def test_an_override_that_must_settle_is_entered_at_once_and_left_late() -> None:
    phi = Phi(PHI.modes, (Override('pain', 'freeze', above=0.5, until=0.1, settle_s=0.25),))
    pains = (0.0, 0.6, 0.0, 0.6, 0.0, 0.0, 0.0, 0.0)
    assert [d.mode[0] for d in run(phi, [{'pain': p} for p in pains])] == list('tffffftt')
    lost = run(phi, [{'pain': 1.0}, {}, {}, {}])
    assert [d.mode[0] for d in lost] == list('ffft'), 'nor is a lost signal a reason to hurry'


def test_low_energy_rests_until_charged() -> None:
    decisions = run(PHI, [{'energy': e} for e in (0.3, 0.19, 0.3, 0.59, 0.61)])
    assert [d.mode for d in decisions] == ['task', 'rest', 'rest', 'rest', 'task']


def test_pain_goes_before_tiredness_and_tiredness_may_follow() -> None:
    decisions = run(PHI, [{'pain': 1.0, 'energy': 0.0}, {'pain': 0.0, 'energy': 0.0}])
    assert [d.mode for d in decisions] == ['freeze', 'rest']


def test_a_signal_that_is_lost_ends_its_override() -> None:
    decisions = run(PHI, [{'pain': 1.0}, {}])
    assert [d.mode for d in decisions] == ['freeze', 'task']


@given(SIGNALS, st.sampled_from(sorted(ALL)), st.sets(st.sampled_from(sorted(ALL))),
       st.floats(0, 100))
def test_no_mode_is_entered_that_is_not_allowed(signals, mode, allowed, now_s) -> None:
    decision = decide(signals, PolicyState(mode, 0.0), PHI, now_s, allowed, 'freeze')
    assert decision.mode in allowed | {'freeze'}


@given(SIGNALS, st.sampled_from(sorted(ALL)), st.sets(st.sampled_from(sorted(ALL))))
def test_an_override_whose_mode_is_not_allowed_enters_the_safe_mode(
        signals, mode, allowed) -> None:
    decision = decide({**signals, 'energy': 0.1}, PolicyState(mode, 0.0), PHI, 1.0, allowed,
                      'freeze')
    assert decision.mode == ('rest' if 'rest' in allowed else 'freeze')
    assert decision.state.override == 1
    after = decide({**signals, 'energy': 0.5}, decision.state, PHI, 1.1, ALL, 'freeze')
    assert after.mode == 'rest', 'it goes on until it is well again'


def test_decisions_carry_what_made_them() -> None:
    signals = {'prediction_error': 0.9, 'energy': 1.0}
    decision = decide(signals, PolicyState('task', 0.0), PHI, 10.0, ALL, 'freeze')
    assert decision.signals == signals
    assert decision.drives == {'play': pytest.approx(0.9), 'task': 0.5, 'rest': -1.0}
    assert decision.state == PolicyState('play', 10.0)
    again = decide(signals, PolicyState('task', 0.0), PHI, 10.0, ALL, 'freeze')
    assert again == decision


def test_the_packages_own_table_knows_pain_and_hunger() -> None:
    phi = load_phi(OWN.read_text())
    assert set(phi.modes) == {'play', 'task', 'rest', 'sleep', 'imagine', 'imitate', 'observe'}
    calm = {'energy': 1.0, 'pain': 0.0, 'competence': 0.0, 'prediction_error': 1.0,
            'uncertainty': 1.0, 'sleep_pressure': 0.0}
    state = PolicyState('task', 0.0)
    fails = {**calm, 'prediction_error': 0.1, 'uncertainty': 0.1, 'imagination_pressure': 1.0}
    assert decide(fails, state, phi, 60.0, ALL, 'freeze').mode == 'imagine'
    for name, value in (('competence', 0.9), ('prediction_error', 0.8),
                        ('imagination_pressure', 0.2)):
        awake = decide({**fails, name: value}, state, phi, 60.0, ALL, 'freeze').mode
        assert awake in {'task', 'play'}, name
    assert decide({**fails, 'imagination_pressure': 0.0}, PolicyState('imagine', 0.0), phi, 60.0,
                  ALL, 'freeze').mode == 'task'
    assert decide(calm, state, phi, 60.0, ALL, 'freeze').mode == 'play'
    assert decide({**calm, 'competence': 1.0, 'prediction_error': 0.1, 'uncertainty': 0.1},
                  PolicyState('play', 0.0), phi, 60.0, ALL, 'freeze').mode == 'task'
    assert decide({**calm, 'sleep_pressure': 1.0}, state, phi, 60.0, ALL, 'freeze').mode == 'sleep'
    assert decide({**calm, 'energy': 0.1}, state, phi, 0.0, ALL, 'freeze').mode == 'rest'
    assert decide({**calm, 'pain': 0.9}, state, phi, 0.0, ALL, 'freeze').mode == 'freeze'
    assert decide({**calm, 'looming': 0.6}, state, phi, 0.0, ALL, 'freeze').mode == 'freeze'


@pytest.mark.parametrize(('text', 'says'), [
    ('', 'mapping'), ('[', 'YAML'), ('modes: 3', 'mapping'), ('{modes: {}, x: 1}', "'x'"),
    ('modes: {play: 3}', 'play'),
    ('modes: {play: {}}', 'bias'), ('modes: {play: {bias: much}}', 'bias'),
    ('modes: {play: {bias: true}}', 'bias'), ('modes: {play: {bias: .nan}}', 'bias'),
    ('modes: {play: {bias: .inf}}', 'bias'),
    ('modes: {play: {bias: 1, weights: [pain]}}', 'weights'),
    ('modes: {play: {bias: 1, weights: {pain: .nan}}}', 'pain'),
    ('modes: {play: {bias: 1, hysteresis: -1}}', 'hysteresis'),
    ('modes: {play: {bias: 1, min_dwell_s: -1}}', 'min_dwell_s'),
    ('modes: {play: {bias: 1, modulation: {exploration: 2}}}', 'exploration'),
    ('modes: {play: {bias: 1, modulation: {mood: 2}}}', 'mood'),
    ('modes: {play: {bias: 1, modulation: 3}}', 'modulation'),
    ('{modes: {}, overrides: 3}', 'overrides'),
    ('{modes: {}, overrides: [3]}', 'overrides'),
    ('{modes: {}, overrides: [{signal: pain, mode: [nap], above: 1, until: 0}]}', 'a mode'),
    ('{modes: {}, overrides: [{signal: pain, mode: freeze, until: 0}]}', 'above'),
    ('{modes: {}, overrides: [{signal: pain, mode: freeze, above: 1, below: 0, until: 0}]}',
     'above'),
    ('{modes: {}, overrides: [{signal: pain, mode: freeze, above: 1}]}', 'until'),
    ('{modes: {}, overrides: [{signal: pain, mode: freeze, above: .nan, until: 0}]}', 'above'),
    ('{modes: {}, overrides: [{signal: pain, mode: freeze, above: 1, until: 0, settle_s: -1}]}',
     'settle_s'),
    ('{modes: {}, overrides: [{signal: [pain], mode: freeze, above: 1, until: 0}]}', 'signal'),
    ('{modes: {}, overrides: [{signal: pain, mode: freeze, above: 0.1, until: 0.5}]}', 'until'),
    ('{modes: {}, overrides: [{signal: energy, mode: rest, below: 0.5, until: 0.1}]}', 'until'),
    ('{modes: {}, overrides: [{signal: pain, mode: freeze, above: 50, until: 10}]}', '0 to 1'),
    ('{modes: {}, overrides: [{signal: pain, mode: freeze, above: 0.5, until: -1}]}', 'until'),
    ('{modes: {}, overrides: [{signal: energy, mode: rest, below: 0.5, until: 2}]}', 'until'),
    ('modes: {play: {bias: 1}, play: {bias: 2}}', 'play'),
    ('modes: {play: {bias: 1, bias: 2}}', 'bias'),
    ('modes: {play: {bias: 1' + '0' * 400 + '}}', 'bias'),
], ids=range(34))
def test_wrong_tables_are_refused_in_words(text, says) -> None:
    with pytest.raises(PhiError, match=says) as caught:
        load_phi(text)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(('text', 'says'), [
    ('modes: {nap: {bias: 1}}', "phi.modes: unknown mode 'nap', expected one of play, rest"),
    ('modes: {7: {bias: 1}}', 'unknown mode 7'),
    ('{modes: {}, overrides: [{signal: pain, mode: nap, above: 1, until: 0}]}',
     "phi.overrides: unknown mode 'nap'")])
def test_modes_that_are_not_wired_are_refused_by_name(text, says) -> None:
    phi = load_phi(text)
    with pytest.raises(PhiError, match=says):
        phi.check_modes(('play', 'rest'))


@pytest.mark.parametrize(('text', 'says'), [
    ('modes: {play: {bias: 1, weights: {joy: 1}}}',
     "phi.modes.play.weights: unknown signal 'joy', expected one of pain, energy"),
    ('modes: {play: {bias: 1, weights: {7: 1}}}', 'unknown signal 7'),
    ('modes: {play: {bias: 1, modulated: {exploration: {joy: 1}}}}',
     "phi.modes.play.modulated.exploration: unknown signal 'joy'"),
    ('{modes: {}, overrides: [{signal: joy, mode: play, above: 1, until: 0}]}',
     "phi.overrides: unknown signal 'joy'")])
def test_signals_that_nobody_adds_are_refused_by_name(text, says) -> None:
    phi = load_phi(text)
    with pytest.raises(PhiError, match=says):
        phi.check_signals(('pain', 'energy'))


def test_modulation_follows_its_signals_in_steps_and_within_bounds() -> None:
    policy = ModePolicy(0.0, {}, modulation=Modulation(exploration=0.4), modulated={
        'exploration': {'stress': -0.2}, 'plasticity_a': {'stress': -3.0}})
    assert policy.modulate({}) == Modulation(exploration=0.4)
    assert policy.modulate({'stress': 0.5}).exploration == pytest.approx(0.3)
    assert policy.modulate({'stress': 0.52}).exploration == pytest.approx(0.3)
    assert policy.modulate({'stress': 1.0}) == Modulation(0.0, 1.0, 0.2)


def test_high_stress_exploits_and_low_stress_explores() -> None:
    """Table C.1 of the paper, in the package's own table."""
    phi = load_phi(OWN.read_text())
    calm = {'uncertainty': 0.3, 'novelty': 0.5, 'competence': 0.3, 'energy': 1.0, 'stress': 0.0}
    strained = {**calm, 'stress': 1.0}
    play, task = phi.modes['play'], phi.modes['task']
    assert play.drive(calm) - task.drive(calm) > play.drive(strained) - task.drive(strained)
    assert play.modulate(calm).exploration > play.modulate(strained).exploration
    assert play.modulate(calm).intrinsic_weight > play.modulate(strained).intrinsic_weight


def test_play_seeks_only_what_can_be_reduced() -> None:
    """A noisy television raises prediction error for ever; it must move no drive of play."""
    play = load_phi(OWN.read_text()).modes['play']
    assert 'prediction_error' not in play.weights
    assert {'uncertainty', 'learning_gain', 'novelty'} <= set(play.weights)


@pytest.mark.parametrize(('text', 'says'), [
    ('modes: {play: {bias: 1, modulated: {mood: {stress: 1}}}}', 'mood'),
    ('modes: {play: {bias: 1, modulated: {replay: {stress: 1}}}}', 'replay'),
    ('modes: {play: {bias: 1, modulation: {replay: all}}}', 'replay')])
def test_wrong_modulations_are_refused(text, says) -> None:
    with pytest.raises(PhiError, match=says):
        load_phi(text)
