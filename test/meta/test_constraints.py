"""Constraints on System M: what they permit, and what may not be written in them."""

from pathlib import Path

import pytest

from abm_ros.common.errors import ConstraintError
from abm_ros.meta.constraints import Constraints, Ledger, load_constraints
from abm_ros.meta.modes import DESIGN, Modes, Roles

OWN = Path(__file__).resolve().parents[2] / 'config' / 'constraints.yaml'
MODES = Modes(DESIGN, 'task')


def test_the_packages_own_constraints_load() -> None:
    own = load_constraints(OWN.read_text(), MODES)
    ledger = Ledger(MODES, 'sleep', 0.0)
    assert own.forbidden(ledger, 59.9) == {}
    assert own.forbidden(ledger, 60.0) == {'sleep': 'max_dwell_s.sleep: 60 s'}


def test_nothing_written_forbids_nothing() -> None:
    assert load_constraints('', MODES).forbidden(Ledger(MODES, 'play', 0.0), 1e9) == {}


def test_forbidden_and_limited_modes() -> None:
    rules = load_constraints('{forbidden_modes: [play], max_dwell_s: {rest: 2}}', MODES)
    assert rules == Constraints(MODES, ('play',), {'rest': 2})
    ledger = Ledger(MODES, 'rest', 0.0)
    assert set(rules.forbidden(ledger, 1.99)) == {'play'}
    assert set(rules.forbidden(ledger, 2.0)) == {'play', 'rest'}


NINTH = Modes({**DESIGN, 'exercise': Roles(acts=True), 'siesta': Roles(restful=True)}, 'task')


def test_new_modes_are_bound_by_name_and_counted_by_their_roles() -> None:
    rules = load_constraints('{max_dwell_s: {exercise: 2}, max_awake_s: 50, rest_s: 5}', NINTH)
    assert set(rules.forbidden(Ledger(NINTH, 'exercise', 0.0), 2.0)) == {'exercise'}
    ledger = Ledger(NINTH, 'play', 0.0)
    assert set(NINTH) - set(rules.forbidden(ledger, 50.0)) == {'rest', 'sleep', 'siesta', 'freeze'}
    ledger.enter('siesta', 50.0, 5.0)
    assert rules.forbidden(ledger, 55.0) == {}
    with pytest.raises(ConstraintError, match='no way to it from exercise'):
        load_constraints('{max_awake_s: 50, forbidden_transitions: [[exercise, rest], '
                         '[exercise, sleep], [exercise, siesta]]}', NINTH)
    with pytest.raises(ConstraintError, match='demands 5 s of a restful mode'):
        load_constraints('max_awake_s: 50', Modes({
            'task': Roles(acts=True), 'freeze': Roles(safe=True)}, 'task'))


@pytest.mark.parametrize(('text', 'says'), [
    ('[1', 'YAML'), ('- 1', 'expected a mapping'), ('max_dwel_s: {}', 'max_dwel_s'),
    ('forbidden_modes: [nap]', 'nap'), ('max_dwell_s: {nap: 1}', 'nap'),
    ('forbidden_modes: [freeze]', 'safe mode'), ('max_dwell_s: {freeze: 1}', 'safe mode'),
    ('max_dwell_s: {rest: 0}', 'rest'), ('max_dwell_s: {rest: -1}', 'rest'),
    ('max_dwell_s: {rest: soon}', 'rest'), ('max_dwell_s: {rest: true}', 'rest'),
    ('max_dwell_s: {rest: .nan}', 'rest'),
    ('forbidden_modes: play', 'forbidden_modes'), ('max_dwell_s: [rest]', 'max_dwell_s'),
    ('max_dwell_s: 3', 'max_dwell_s'), ('forbidden_modes: 3', 'forbidden_modes'),
    ('forbidden_modes: [[play]]', 'forbidden_modes|play')])
def test_wrong_constraints_are_refused_in_words(text, says) -> None:
    with pytest.raises(ConstraintError, match=says) as caught:
        load_constraints(text, MODES)
    assert '\n' not in str(caught.value)


def test_a_mode_left_at_its_longest_dwell_stays_away_for_a_while() -> None:
    rules = Constraints(MODES, max_dwell_s={'sleep': 10.0}, recover_s=4.0)
    ledger = Ledger(MODES, 'sleep', 0.0)
    ledger.enter('rest', 10.0, 5.0)
    assert 'sleep' in rules.forbidden(ledger, 13.9)
    assert rules.forbidden(ledger, 14.0) == {}
    ledger.enter('sleep', 14.0, 5.0)
    ledger.enter('rest', 15.0, 5.0)     # left early: it may come back at once
    assert rules.forbidden(ledger, 15.0) == {}


def test_a_quota_counts_the_last_window_only() -> None:
    rules = Constraints(MODES, quotas={'sleep': 0.3}, quota_window_s=100.0)
    ledger = Ledger(MODES, 'sleep', 0.0)
    assert rules.forbidden(ledger, 29.9) == {}
    assert set(rules.forbidden(ledger, 30.0)) == {'sleep'}
    ledger.enter('play', 30.0, 5.0)
    assert set(rules.forbidden(ledger, 100.0)) == {'sleep'}
    # Half a second of the sleep has left the window.
    assert rules.forbidden(ledger, 100.5) == {}


def test_too_long_awake_leaves_rest_and_sleep_until_one_was_whole() -> None:
    rules = Constraints(MODES, max_awake_s=50.0, rest_s=5.0)
    ledger = Ledger(MODES, 'play', 0.0)
    assert rules.forbidden(ledger, 49.9) == {}
    assert set(MODES) - set(rules.forbidden(ledger, 50.0)) == {'rest', 'sleep', 'freeze'}
    ledger.enter('rest', 50.0, 5.0)
    assert 'play' in rules.forbidden(ledger, 54.9)
    assert rules.forbidden(ledger, 55.0) == {}
    ledger.enter('play', 55.0, 5.0)
    assert rules.forbidden(ledger, 104.9) == {}
    assert 'play' in rules.forbidden(ledger, 105.0)


def test_a_forbidden_transition_bars_only_from_its_mode() -> None:
    rules = load_constraints('forbidden_transitions: [[sleep, play]]', MODES)
    assert set(rules.forbidden(Ledger(MODES, 'sleep', 0.0), 1.0)) == {'play'}
    assert rules.forbidden(Ledger(MODES, 'task', 0.0), 1.0) == {}


@pytest.mark.parametrize(('text', 'says'), [
    ('{min_dwell_s: {play: 9}, max_dwell_s: {play: 5}}', 'min_dwell_s.play 9 s .* max_dwell_s'),
    ('{min_dwell_s: {play: 9}, forbidden_modes: [play]}', 'min_dwell_s.play .* forbidden_modes'),
    ('{min_dwell_s: {sleep: 9}, quotas: {sleep: 0.1}, quota_window_s: 60}', 'quotas.sleep'),
    ('{max_awake_s: 60, forbidden_modes: [rest, sleep]}', 'max_awake_s demands'),
    ('{max_awake_s: 60, rest_s: 9, max_dwell_s: {rest: 5, sleep: 5}}', 'max_awake_s demands'),
    ('{max_awake_s: 60, forbidden_transitions: [[play, rest], [play, sleep]]}', 'from play'),
    ('forbidden_transitions: [[play, freeze]]', 'safe mode'),
    ('min_dwell_s: {freeze: 1}', 'safe mode'), ('forbidden_modes: false', 'expected a list'),
    ('quotas: 0', 'expected a mapping'), ('min_dwell_s: {play: .inf}', 'min_dwell_s.play'),
    ('{max_awake_s: 600, min_dwell_s: {play: 700}}', 'min_dwell_s.play 700 s .* max_awake_s'),
    ('max_awake_s: 1' + '0' * 400, 'max_awake_s: expected a number'),
    ('quotas: {freeze: 1}', 'safe mode'),
    ('quotas: {sleep: 2}', 'quotas.sleep'), ('ceilings: {mood: 1}', 'mood'),
    ('ceilings: {plasticity_a: 2}', 'plasticity_a'), ('speed_limit: 0', 'speed_limit'),
    ('speed_limit: 2', 'speed_limit'), ('forbidden_transitions: [[play]]', 'two different'),
    ('forbidden_transitions: [[play, play]]', 'two different'),
    ('forbidden_transitions: [play]', r'transitions\[0\]'), ('max_awake_s: .nan', 'max_awake_s'),
    ('recover_s: -1', 'recover_s'), ('quota_window_s: 0', 'quota_window_s')])
def test_contradictions_and_impossible_numbers_are_refused_by_name(text, says) -> None:
    with pytest.raises(ConstraintError, match=says):
        load_constraints(text, MODES)


@pytest.mark.parametrize('text', [
    'min_dwell_s: {play: 700}',                       # no quota, so no window that could bound it
    '{max_awake_s: 600, min_dwell_s: {rest: 700}}', '{quota_window_s: 60, rest_s: 90}',
    '{quota_window_s: 60, rest_s: 90, max_awake_s: 600}', 'version: 1', 'forbidden_modes:',
    'max_dwell_s: {rest: .inf}', 'max_awake_s: .inf'])
def test_what_contradicts_nothing_is_taken(text) -> None:
    load_constraints(text, MODES)
