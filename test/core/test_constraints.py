"""Constraints on System M: what they permit, and what may not be written in them."""

from pathlib import Path

import pytest

from abm_ros.core.constraints import Constraints, load_constraints
from abm_ros.core.errors import ConstraintError

OWN = Path(__file__).resolve().parents[2] / 'config' / 'constraints.yaml'


def test_the_packages_own_constraints_load() -> None:
    own = load_constraints(OWN.read_text())
    assert own.permitted('sleep', 'sleep', 59.9)
    assert not own.permitted('sleep', 'sleep', 60.0)
    assert own.permitted('sleep', 'rest', 1e9)


def test_nothing_written_forbids_nothing() -> None:
    assert load_constraints('').permitted('play', 'play', 1e9)


def test_forbidden_and_limited_modes() -> None:
    rules = load_constraints('{forbidden_modes: [play], max_dwell_s: {rest: 2}}')
    assert rules == Constraints(('play',), {'rest': 2})
    assert not rules.permitted('play', 'task', 0.0)
    assert rules.permitted('rest', 'rest', 1.99)
    assert not rules.permitted('rest', 'rest', 2.0)


@pytest.mark.parametrize(('text', 'says'), [
    ('[1', 'YAML'), ('- 1', 'expected the keys'), ('max_dwel_s: {}', 'max_dwel_s'),
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
        load_constraints(text)
    assert '\n' not in str(caught.value)
