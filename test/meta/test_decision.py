"""A decision is a pure function of its record: written, read and made again."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import AuditError
from abm_ros.meta.audit.trail import LogEntry, explain
from abm_ros.meta.decision import Situation, choose, from_record, refused, to_record
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.phi import ModePolicy, Modulation, Override, Phi, PolicyState

PHI = Phi({'play': ModePolicy(0.1, {'prediction_error': 1.0}, 0.1, 2.0,
                              Modulation(exploration=0.3)),
           'task': ModePolicy(0.5, {}, 0.1, 2.0), 'rest': ModePolicy(0.0)},
          (Override('pain', 'freeze', above=0.5, until=0.1, settle_s=1.0),))
MODES = tuple(DESIGN)
UNIT = st.floats(0.0, 1.0)
SITUATIONS = st.builds(
    Situation, st.fixed_dictionaries({'prediction_error': UNIT, 'pain': UNIT}),
    st.builds(PolicyState, st.sampled_from(MODES), st.floats(0.0, 100.0), st.integers(-1, 0),
              st.floats(0.0, 100.0)),
    st.floats(100.0, 1e9), st.just(MODES), st.just('freeze'),
    st.dictionaries(st.sampled_from(MODES[:-1]), st.just('a rule')),
    st.floats(0.0, 50.0), st.dictionaries(st.sampled_from(('plasticity_a', 'plasticity_b')),
                                          UNIT),
    st.booleans(), st.sampled_from(('', 'lost system_a')), st.sampled_from(('', *MODES)),
    st.sampled_from(('', 'task')), st.sampled_from(('', 'task', 'sleep')))


@given(SITUATIONS)
def test_a_record_says_all_that_made_the_decision(situation) -> None:
    decision = choose(situation, PHI)
    written = json.loads(json.dumps(to_record(situation, decision, 'phi'), sort_keys=True))
    read, told = from_record(written)
    assert choose(read, PHI) == decision == told
    lines = explain(LogEntry({'seq': 1, 'stamp_ns': 1, 'kind': 'mode', 'body': written}, PHI))
    assert lines[-1].endswith('the same decision.')


@given(SITUATIONS)
def test_what_is_barred_is_never_chosen_and_ceilings_hold(situation) -> None:
    decision = choose(situation, PHI)
    assert decision.mode not in situation.forbidden
    for name, ceiling in situation.ceilings.items():
        assert getattr(decision.modulation, name) <= ceiling


@given(SITUATIONS)
def test_a_record_of_version_0_1_knows_the_modes_of_the_design_alone(situation) -> None:
    decision = choose(situation, PHI)
    written = json.loads(json.dumps(to_record(situation, decision, 'phi')))
    for key in ('modes', 'safe'):
        del written['situation'][key]
    written['situation']['barred'] = written['situation'].pop('forbidden')
    assert from_record(written) == (situation, decision)


@given(SITUATIONS)
def test_modes_that_are_not_there_are_never_chosen(situation) -> None:
    """The modes are the record's own: another table, another safe mode."""
    fewer = replace(situation, modes=('task', 'exercise', 'halt'), safe='halt', pinned='',
                    begin='', baseline='',
                    state=replace(situation.state, mode='task', override=-1))
    phi = replace(PHI, modes={**PHI.modes, 'exercise': ModePolicy(0.2)}, overrides=())
    assert choose(fewer, phi).mode in {'task', 'exercise', 'halt'} - fewer.forbidden.keys()


def at(error: float, **changes) -> Situation:
    return replace(Situation({'prediction_error': error}, PolicyState('task', 0.0), 10.0, MODES,
                             'freeze'), **changes)


def test_the_constraints_dwell_outlasts_phis_and_is_named_as_what_refused() -> None:
    assert choose(at(0.9), PHI).mode == 'play'
    held_back = at(0.9, keep_s=20.0)
    decision = choose(held_back, PHI)
    assert decision.mode == 'task'
    assert decision.state == PolicyState('task', 0.0)
    refusal = refused(held_back, PHI, decision)
    assert (refusal.wanted, refusal.rule) == ('play', 'min_dwell_s.task: 20 s')
    later = replace(held_back, now_s=10.1)
    assert refused(later, PHI, choose(later, PHI)) == refusal


def test_pain_and_the_operator_go_before_the_constraints_dwell() -> None:
    assert choose(at(0.0, keep_s=20.0, signals={'pain': 0.9}), PHI).mode == 'freeze'
    assert choose(at(0.0, keep_s=20.0, held=True), PHI).mode == 'freeze'
    assert choose(at(0.0, keep_s=20.0, pinned='rest'), PHI).mode == 'rest'
    assert choose(at(0.0, keep_s=20.0, forbidden={'task': 'too long'}), PHI).mode == 'play'


def test_a_refusal_names_the_rule_and_what_is_not_refused_is_not_logged() -> None:
    forbidden = at(0.9, forbidden={'play': 'forbidden_modes: play'})
    refusal = refused(forbidden, PHI, choose(forbidden, PHI))
    assert (refusal.wanted, refusal.rule) == ('play', 'forbidden_modes: play')
    assert refused(at(0.9), PHI, choose(at(0.9), PHI)) is None
    over = at(0.0, ceilings={'plasticity_a': 0.5})
    assert 'plasticity_a' in refused(over, PHI, choose(over, PHI)).rule
    assert choose(over, PHI).modulation.plasticity_a == 0.5


@pytest.mark.parametrize('body', [{}, {'situation': 3}, {'situation': {'mood': 1}}])
def test_a_record_without_a_whole_decision_is_refused(body) -> None:
    with pytest.raises(AuditError, match='is incomplete'):
        from_record(body)
