"""System B's snapshots come back, and what does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save
from tiny_bodies import LinearSystem, trained

from abm_ros.common.errors import SnapshotError
from abm_ros.policy.actor_learner import ActorLearner
from abm_ros.world_model.ensemble import EnsembleModel
from abm_ros.world_model.ensemble_learner import EnsembleLearner


def world() -> EnsembleModel:
    body, a, _ = trained()
    return EnsembleLearner.view(a, body.spec)


def test_it_says_which_system_a_it_fits() -> None:
    _, a, b = trained()
    assert b.meta['implementation'] == 'latent_actor'
    assert b.meta['world_lineage'] == a.lineage
    assert b.meta['world_version'] == a.version == 200
    assert b.version == 100
    assert b.lineage != a.lineage


def test_restored_weights_are_the_same_and_learn_on() -> None:
    body, _, b = trained()
    state = ActorLearner.restore(b, world())
    for name, array in load(b.blobs['weights']).items():
        kept = (state.target[name.removeprefix('target.')] if name.startswith('target.')
                else state.params[name])
        assert torch.equal(kept.detach(), torch.from_numpy(array))
    state.learn(world(), body.batch(np.random.default_rng(0), 32, 1))
    assert (state.version, state.lineage) == (101, b.lineage)


def test_what_does_not_fit_is_refused() -> None:
    _, a, b = trained()
    arrays = load(b.blobs['weights'])
    nan = {'actor.bias': np.full(3, np.nan, np.float32)}
    bad = [a, replace(b, spec=LinearSystem(size=7).spec), replace(b, blobs={}),
           replace(b, meta={}), replace(b, config={**b.config, 'hidden': 17}),
           replace(b, config={'depth': 1}), replace(b, blobs={'weights': b'rubbish'}),
           replace(b, blobs={'weights': save(arrays | nan)})]
    for source in bad:
        with pytest.raises(SnapshotError):
            ActorLearner.restore(source, world())
