from dataclasses import replace

import numpy as np
import pytest
from scripted_body import LineBody
from test_learn_trial import TRIAL

from abm_ros.bench.learn import passive
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble_learner import EnsembleLearner


def drift(count, steps, seed):
    """Windows of x' = x + 0.1 a in the first of two numbers; the second never changes."""
    rng = np.random.default_rng(seed)
    action = rng.uniform(-1, 1, (count, steps, 1)).astype(np.float32)
    path = np.concatenate([np.zeros((count, 1, 1)), 0.1 * np.cumsum(action, axis=1)], axis=1)
    start = 0.1 * rng.normal(size=(count, 1, 2))
    observation = start + np.concatenate([path, np.zeros_like(path)], axis=-1)
    return Batch(observation.astype(np.float32), action, np.ones((count, steps), np.float32),
                 np.zeros((count, 1), np.float32))


def test_a_new_model_errs_like_predicting_no_change_and_a_trained_one_less():
    spec = ObservationSpec((FieldSpec('goal', 1), FieldSpec('rest', 1)), 'goal', 0.1, 1, 0.05,
                           20)
    config = WorldModelConfig(latent=4, hidden=8, encoder_hidden=8)
    state = EnsembleLearner.create(config, spec, 0)
    held_out = drift(200, 3, 1)
    assert passive.model_error(state.snapshot(), held_out) == pytest.approx((1.0, 1.0), abs=1e-4)
    for seed in range(300):
        state.learn(drift(64, 3, 100 + seed))
    one_step, open_loop = passive.model_error(state.snapshot(), held_out)
    assert 0.0 < one_step < 0.1
    assert 0.0 < open_loop < 0.1


def test_the_interval_is_students():
    # Of logs 0, 1, 2: mean 1, deviation 1, t(0.975, 2) = 4.30265; half width 4.30265 / sqrt 3.
    found = passive.interval(np.array([0.0, 1.0, 2.0]))
    assert found['mean'] == pytest.approx(np.e, abs=1e-3)
    assert np.log(found['ci95']) == pytest.approx([1 - 2.48414, 1 + 2.48414], abs=1e-3)
    assert passive.interval(np.array([0.0])) == {'mean': 1.0, 'ci95': [None, None]}


def test_both_models_are_measured_on_both_sets_at_every_point():
    trial = replace(TRIAL, points=(20, 40))
    found = [passive.compare(replace(trial, seed=seed),
                                   lambda _, settings: LineBody(**settings)) for seed in (1, 2)]
    for kind in ('active', 'passive'):
        for name in passive.SETS:
            assert np.shape(found[0][kind][name]) == (2, 2)
            assert (np.array(found[0][kind][name]) > 0).all()
    assert found[0]['active'] != found[0]['passive']
    figures = passive.summarise(found)
    ratio = np.array([f['passive']['random'] for f in found]) / np.array(
        [f['active']['random'] for f in found])
    assert figures['random_one_step']['passive_over_active'][1]['mean'] == pytest.approx(
        np.sqrt(ratio[0, 1, 0] * ratio[1, 1, 0]), abs=1e-3)
