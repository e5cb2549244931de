"""The exported policy acts as the learner's own networks do, without this package."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from tiny_bodies import trained

from abm_ros.cli.main import main
from abm_ros.policy.actor import features, policy
from abm_ros.policy.actor_learner import ActorLearner
from abm_ros.world_model.ensemble_learner import EnsembleLearner


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """The folder of a run with the models of one life."""
    folder = tmp_path_factory.mktemp('run')
    (folder / 'models').mkdir()
    _, a, b = trained()
    a.save(folder / 'models' / 'system_a.abm')
    b.save(folder / 'models' / 'system_b.abm')
    return folder


def test_the_runner_alone_acts_as_the_networks_do(run, tmp_path) -> None:
    assert main(['export', str(run), '--onnx', str(tmp_path / 'out')]) == 0
    body, a, b = trained()
    rng = np.random.default_rng(3)
    seen = rng.normal(size=(8, body.spec.size)).astype(np.float32)
    goals = rng.normal(size=(8, body.spec.goal_size)).astype(np.float32)
    world = EnsembleLearner.view(a, body.spec)
    state = ActorLearner.restore(b, world)
    with torch.no_grad():
        latent = world.encode(torch.from_numpy(seen))
        expected = policy(state.params, features(world, latent, torch.from_numpy(goals))).numpy()
    lines = ''.join(json.dumps({'observation': one.tolist(), 'goal': goal.tolist()}) + '\n'
                    for one, goal in zip(seen, goals, strict=True))
    # -I: neither this package nor anything but what is installed; the runner must not need it.
    done = subprocess.run([sys.executable, '-I', '-c', (
        'import runpy, sys; sys.modules.update(dict.fromkeys(["abm_ros", "torch", "rclpy"]));'
        f'runpy.run_path({str(tmp_path / "out" / "run.py")!r}, run_name="__main__")')],
        input=lines, capture_output=True, text=True, check=True)
    acted = np.array([json.loads(line)['action'] for line in done.stdout.splitlines()])
    assert acted == pytest.approx(np.clip(expected, -1.0, 1.0), abs=1e-5)


def test_models_of_two_lives_are_refused(run, tmp_path, capsys) -> None:
    _, a, b = trained()
    other = replace(b, meta={**b.meta, 'world_lineage': 'ab'})
    other.save(tmp_path / 'system_b.abm')
    a.save(tmp_path / 'system_a.abm')
    assert main(['export', str(tmp_path), '--onnx', str(tmp_path / 'out')]) == 2
    assert 'export both snapshots of one life' in capsys.readouterr().err
    assert main(['export', str(tmp_path / 'nowhere'), '--onnx', str(tmp_path / 'out')]) == 2


def test_a_wrong_observation_is_refused_by_the_runner(run, tmp_path) -> None:
    from abm_ros.exchange.onnx_policy import export_policy
    from abm_ros.exchange.policy_runner import Policy
    export_policy(run / 'models', tmp_path)
    runner = Policy(tmp_path)
    size, goal = runner.spec['observation_size'], np.zeros(runner.spec['goal_size'])
    assert np.abs(runner.act(np.zeros(size), goal)).max() <= 1.0
    for bad in (np.zeros(size + 1), np.full(size, np.nan)):
        with pytest.raises(ValueError, match='observation: expected'):
            runner.act(bad, goal)
