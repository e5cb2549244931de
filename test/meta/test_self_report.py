"""The self-report: impersonal, and never more than was measured."""

import re

import numpy as np
import pytest

from abm_ros.meta.competence import Competence
from abm_ros.meta.phi import Decision, Modulation, PolicyState
from abm_ros.meta.self_report import claim, self_report

FIRST_PERSON = re.compile(r'\b(I|me|my|mine|we|feel|feels|want|wants|happy|afraid)\b', re.I)


def decision(**signals) -> Decision:
    return Decision('task', 'strongest drive', {}, signals, Modulation(), PolicyState('task', 0))


def claimed(text: str) -> float | None:
    found = re.search(r'at least (\d\.\d+)', text)
    return float(found[1]) if found else None


@pytest.mark.parametrize('rate', [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize('seed', range(4))
def test_what_is_claimed_is_not_more_than_what_is_measured(rate, seed) -> None:
    rng = np.random.default_rng(seed)
    made, claims = Competence(10.0), []
    for _ in range(400):
        made.episode(bool(rng.random() < rate))
        if (value := claimed(claim(made))) is not None:
            claims.append(value)
    assert np.mean(claims) <= rate


def test_nothing_is_claimed_before_there_are_episodes_or_after_claims_failed() -> None:
    made = Competence(1e9)
    assert 'too few' in claim(made)
    for number in range(400):
        made.episode(number < 200)
    assert claimed(claim(made)) is None
    assert 'missed by' in claim(made)


def test_competence_is_told_only_while_it_may_be_claimed() -> None:
    known, made = decision(competence=0.9, energy=0.5), Competence(10.0)
    assert 'Measured: energy 0.50.' in self_report(known, made, {})
    for _ in range(40):
        made.episode(True)
    assert 'Measured: competence 0.90, energy 0.50.' in self_report(known, made, {})


def test_a_claim_is_the_lower_edge_of_the_posterior() -> None:
    made = Competence(1e12)
    for _ in range(100):
        made.episode(True)
    # Beta(100.5, 0.5): mean 0.99505, deviation 0.00695.
    assert claimed(claim(made)) == 0.98


def test_the_report_names_mode_reason_limits_and_guards_in_impersonal_terms() -> None:
    text = self_report(decision(prediction_error=1.0, novelty=1.0, energy=0.1, collapse=0.9,
                                learning_lag=0.7),
                       Competence(10.0), {'actions': 'actions have collapsed to one in play'})
    for part in ('Mode task: strongest drive.', 'no better than no change', 'memory',
                 'the computer is slow', 'energy is low', 'latents have collapsed',
                 'Guard: actions'):
        assert part in text
    assert not FIRST_PERSON.search(text)
