"""System A acting: the latent and the error are the learner's own, without torch."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_bodies import LinearSystem, trained

from abm_ros.common.errors import NonFiniteError, SnapshotError, SpecError
from abm_ros.world_model.contract import learner_of
from abm_ros.world_model.evaluation import evaluate
from abm_ros.world_model.perception import Perception


def loaded() -> tuple[LinearSystem, Perception]:
    body, a, _ = trained()
    perception = Perception(body.spec)
    perception.load(a)
    return body, perception


def test_without_a_model_there_is_no_latent() -> None:
    percept = Perception(LinearSystem().spec).observe(np.zeros(6), None, True)
    assert percept.latent.shape == (0,)
    assert percept.lineage == ''
    assert np.isnan([percept.prediction_error, percept.uncertainty, percept.error]).all()


def test_the_summed_error_is_that_of_the_learner() -> None:
    """Error over persistence, transition by transition, against one batch in torch."""
    body, perception = loaded()
    batch = body.batch(np.random.default_rng(3), 40, 1)
    error = change = 0.0
    for before, after, action in zip(batch.observation[:, 0], batch.observation[:, 1],
                                     batch.action[:, 0], strict=True):
        first = perception.observe(before, None, True)
        assert np.isnan(first.error)
        percept = perception.observe(after, action, False)
        error, change = error + percept.error, change + percept.change
    a = trained()[1]
    expected = evaluate(learner_of(a).view(a, body.spec), batch)['model_error']
    assert error / change == pytest.approx(expected, rel=1e-3)
    assert 0 < percept.prediction_error < 0.1


def test_a_wrong_action_shows_as_an_error() -> None:
    body, perception = loaded()
    x, action = np.zeros(6, np.float32), np.ones(3, np.float32)
    perception.observe(x, None, True)
    right = perception.observe(x + action @ body.gain, action, False).error
    perception.observe(x, None, True)
    wrong = perception.observe(x - action @ body.gain, action, False).error
    assert wrong > 50 * right


def test_no_transition_is_scored_across_a_reset_or_without_an_action() -> None:
    _, perception = loaded()
    perception.observe(np.zeros(6), None, True)
    assert np.isnan(perception.observe(np.ones(6), np.ones(3), True).error)
    assert np.isnan(perception.observe(np.ones(6), None, False).uncertainty)


def test_a_new_snapshot_scores_the_transition_that_spans_it() -> None:
    _, perception = loaded()
    perception.observe(np.zeros(6), None, True)
    perception.load(trained()[1])
    assert np.isfinite(perception.observe(np.zeros(6), np.zeros(3), False).error)


def test_the_observation_may_be_overwritten_by_its_owner() -> None:
    body, perception = loaded()
    buffer = np.zeros(6, np.float32)
    perception.observe(buffer, None, True)
    buffer += np.ones(3, np.float32) @ body.gain
    assert perception.observe(buffer, np.ones(3), False).change > 0.1


def test_bad_input_is_refused_by_name() -> None:
    _, perception = loaded()
    with pytest.raises(SpecError, match='observation'):
        perception.observe(np.zeros(5), None, True)
    with pytest.raises(NonFiniteError):
        perception.observe(np.full(6, np.nan), None, True)


def test_a_snapshot_that_does_not_fit_leaves_the_old_one_acting() -> None:
    _, perception = loaded()
    _, a, b = trained()
    bad = [b, replace(a, spec=LinearSystem(7).spec), replace(a, blobs={}),
           replace(a, blobs={'perceive': a.blobs['weights']}), replace(a, meta={'latent': 5}),
           replace(a, meta={}), replace(a, blobs={'perceive': a.blobs['predict']})]
    for snapshot in bad:
        with pytest.raises(SnapshotError):
            perception.load(snapshot)
    assert perception.observe(np.zeros(6), None, True).latent.shape == (12,)
    assert perception.version == a.version
