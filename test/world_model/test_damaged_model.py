"""Bad models: what they predict, against the good ones that they were made of."""

import numpy as np
import pytest
import torch
from tiny_bodies import trained

from abm_ros.world_model.contract import learner_of
from abm_ros.world_model.damage import MIRRORED, damaged


def predictions(snapshot, action):
    body, a, _ = trained()
    model = learner_of(a).view(snapshot, body.spec)
    seen = torch.from_numpy(np.random.default_rng(3).normal(size=(5, 6)).astype(np.float32))
    latent = model.encode(seen).expand(model.members, -1, -1)
    return model.predict(latent, action).detach().numpy()


def test_a_mirrored_model_says_of_an_action_what_the_good_one_says_of_its_opposite():
    _, good, _ = trained()
    bad = damaged(learner_of(good), good, MIRRORED, np.random.default_rng(0))
    action = torch.from_numpy(np.random.default_rng(4).uniform(-1, 1, (5, 3)).astype(np.float32))
    assert predictions(bad, action) == pytest.approx(predictions(good, -action), abs=1e-6)
    assert np.abs(predictions(bad, action) - predictions(good, action)).max() > 0.05
    assert bad.lineage == good.lineage


def test_noise_grows_with_its_number():
    _, good, _ = trained()
    action = torch.zeros(5, 3)
    away = [np.abs(predictions(damaged(learner_of(good), good, kind, np.random.default_rng(0)),
                               action) - predictions(good, action)).mean()
            for kind in ('0', '0.1', '1')]
    assert away[0] == 0.0
    assert away[2] > 3 * away[1] > 0.0
