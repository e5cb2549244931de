"""What learner nodes make of the files that they find, of this and of earlier versions."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy')

from gap_policy import GapConfig
from linear_world import LinearConfig
from tiny_bodies import trained

from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot
from abm_ros.nodes.system_a_learner import WorldTrainer
from abm_ros.nodes.system_b_learner import PolicyTrainer
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.controller import Controller, ControllerConfig
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.perception import Perception


def older(source: Snapshot, lacks: tuple[str, ...], renamed: dict[str, str]) -> Snapshot:
    """Return a snapshot as it was written before: other keys, and graphs of other outputs."""
    return replace(
        source, meta={k: v for k, v in source.meta.items() if k not in lacks},
        config={renamed.get(k, k): v for k, v in source.config.items()},
        blobs={**dict.fromkeys(source.blobs, b'of another version'),
               'weights': source.blobs['weights']})


def old_a() -> Snapshot:
    return older(trained()[1], ('implementation', 'latent'), {})


def old_b() -> Snapshot:
    return older(trained()[2], ('implementation', 'horizon'), {'goal_deadband': 'content'})


def saved(source: Snapshot, folder: Path) -> Path:
    path = folder / f'{source.kind}.abm'
    source.save(path)
    return path


def test_the_graphs_of_an_older_model_are_made_anew(tmp_path: Path) -> None:
    body, a, _ = trained()
    with pytest.raises(SnapshotError):
        Perception(body.spec).load(old_a())
    published = WorldTrainer(saved(old_a(), tmp_path), 0, WorldModelConfig()).snapshot()
    assert published is not None
    assert (published.version, published.lineage) == (a.version, a.lineage)
    old, new, seen = Perception(body.spec), Perception(body.spec), np.ones(6, np.float32)
    old.load(a)
    new.load(published)
    assert np.array_equal(old.encode(seen), new.encode(seen))


def test_those_of_an_older_policy_when_a_model_has_come(tmp_path: Path) -> None:
    body, a, b = trained()
    trainer = PolicyTrainer(saved(old_b(), tmp_path), 0, ActorConfig())
    assert trainer.snapshot() is None
    trainer.take_world(a)
    trainer.begin(SimpleNamespace(spec=body.spec))      # type: ignore[arg-type]
    published = trainer.snapshot()
    assert published is not None
    assert (published.version, published.lineage) == (b.version, b.lineage)
    assert published.config['goal_deadband'] == b.config['goal_deadband']
    Controller(body.spec, ControllerConfig(), np.random.default_rng(0)).load(published)


def test_what_was_kept_is_published_at_once(tmp_path: Path) -> None:
    _, a, b = trained()
    assert PolicyTrainer(saved(b, tmp_path), 0, ActorConfig()).snapshot() == b
    published = WorldTrainer(saved(a, tmp_path), 0, WorldModelConfig()).snapshot()
    assert published is not None
    assert published.to_bytes() == a.to_bytes()


@pytest.mark.parametrize('trainer', [
    lambda path: WorldTrainer(path / 'system_a.abm', 0, LinearConfig()),
    lambda path: PolicyTrainer(path / 'system_b.abm', 0, GapConfig())], ids=['a', 'b'])
@pytest.mark.parametrize('is_old', [False, True])
def test_a_file_of_another_implementation_is_refused(
        tmp_path: Path, trainer: Callable[[Path], object], is_old: bool) -> None:
    _, a, b = trained()
    for source in (old_a(), old_b()) if is_old else (a, b):
        saved(source, tmp_path)
    with pytest.raises(SnapshotError, match='empty models folder'):
        trainer(tmp_path)
