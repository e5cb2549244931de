"""Innate models: both Systems in one file, and where the learners of a graph find them."""

from pathlib import Path

import numpy as np
import pytest
from tiny_bodies import LinearSystem

from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.weights import mixed
from abm_ros.lives.innate import lay_innate, load_innate, save_innate
from abm_ros.policy.actor_learner import ActorLearner
from abm_ros.policy.config import ActorConfig
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble_learner import EnsembleLearner


@pytest.fixture(scope='module')
def models() -> tuple[Snapshot, Snapshot]:
    world = EnsembleLearner.create(WorldModelConfig(
        latent=8, members=2, hidden=8, encoder_hidden=8), LinearSystem().spec, 1)
    model = world.freeze()
    actor = ActorLearner.create(ActorConfig(hidden=8), model, 1)
    return world.snapshot(), actor.snapshot(model)


def test_a_file_and_back(models: tuple[Snapshot, Snapshot], tmp_path: Path) -> None:
    save_innate(tmp_path / 'innate.abm', *models)
    assert load_innate(tmp_path / 'innate.abm') == models


def test_learners_of_a_graph_begin_with_them_once(models: tuple[Snapshot, Snapshot],
                                                  tmp_path: Path) -> None:
    save_innate(tmp_path / 'innate.abm', *models)
    folder = tmp_path / 'run/models'
    assert lay_innate(tmp_path / 'innate.abm', folder)
    assert Snapshot.load(folder / 'system_a.abm') == models[0]
    assert Snapshot.load(folder / 'system_b.abm') == models[1]
    assert not lay_innate(tmp_path / 'innate.abm', folder)


def test_something_else_is_refused(models: tuple[Snapshot, Snapshot], tmp_path: Path) -> None:
    models[0].save(tmp_path / 'system_a.abm')
    with pytest.raises(SnapshotError, match="holds a 'system_a', expected innate models"):
        load_innate(tmp_path / 'system_a.abm')
    with pytest.raises(SnapshotError, match='cannot read'):
        load_innate(tmp_path / 'none.abm')


def test_weights_move_a_share_of_the_way(models: tuple[Snapshot, Snapshot]) -> None:
    start = EnsembleLearner.restore(models[0], models[0].spec)
    ends = []
    for factor in (2.0, 4.0):
        learner = EnsembleLearner.restore(models[0], models[0].spec)
        for tensor in learner.params.values():
            tensor.data.mul_(factor)
        ends.append(learner.snapshot())
    moved = EnsembleLearner.restore(mixed(models[0], ends, 0.5), models[0].spec)
    for name, tensor in start.params.items():     # half of the way from 1 to the mean of 2 and 4
        np.testing.assert_allclose(moved.params[name].detach(), 2.0 * tensor.detach(), rtol=1e-5)
    with pytest.raises(SnapshotError, match='do not fit each other'):
        mixed(models[0], [models[1]], 0.5)
