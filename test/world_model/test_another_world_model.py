"""A System A of another package takes the place of ours by one line of configuration."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from linear_world import LinearConfig, LinearLearner
from tiny_bodies import LinearSystem

from abm_ros.agent.agent import Agent
from abm_ros.agent.settings import AgentSettings
from abm_ros.common.errors import ConfigError, SnapshotError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.transition import Observation
from abm_ros.memory.schedule import ScheduleConfig, WarmUpConfig
from abm_ros.policy.planner import Objective
from abm_ros.world_model import contract
from abm_ros.world_model.evaluation import evaluate
from abm_ros.world_model.perception import Perception

SETTINGS = AgentSettings(
    warm_up=WarmUpConfig(60), world=LinearConfig(),
    schedule=ScheduleConfig(learn_every=20, updates=10, first_updates=20))


def entry(folder: Path, line: str) -> None:
    """Write what pip leaves of an installed package that brings a System A."""
    info = folder / 'other-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: other\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text(f'[abm_ros.world_models]\n{line}\n')


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry(tmp_path, 'linear = linear_world:LinearConfig')
    monkeypatch.syspath_prepend(str(tmp_path))


def live(transitions: int, settings: AgentSettings = SETTINGS) -> tuple[Agent, list[bool]]:
    """Live with goals up to 1.5 away in a system that moves 0.3 per step; tell each success."""
    torch.set_num_threads(1)
    system, rng = LinearSystem(), np.random.default_rng(0)
    agent = Agent(settings, system.spec, 0)
    agent.objective = Objective(exploration=0.1)
    wins, stamp = list[bool](), 0
    while agent.transitions < transitions:
        state = rng.normal(size=6).astype(np.float32)
        goal = (state[:2] + rng.uniform(-1.5, 1.5, 2)).astype(np.float32)
        for step in range(9):
            stamp += 1
            action = agent.act(Observation(stamp, state, goal, len(wins), step))
            agent.executed(stamp, action)
            state = state + action @ system.gain
        wins.append(bool(system.spec.reached(state[:2], goal)))
    return agent, wins


def test_an_agent_learns_with_it() -> None:
    _, babbled = live(400, replace(SETTINGS, warm_up=WarmUpConfig(100_000)))
    assert np.mean(babbled) < 0.2
    agent, wins = live(400)
    assert np.mean(wins[-20:]) >= 0.8
    held_out = LinearSystem().batch(np.random.default_rng(9), 200, 3)
    assert evaluate(agent.world.freeze(), held_out)['rollout_error'] < 1e-3


def test_its_snapshot_is_read_by_its_name(installed: None, tmp_path: Path) -> None:
    agent, _ = live(100)
    a, b = agent.snapshots()
    assert b is not None
    a.save(tmp_path / 'a.abm')
    back = Snapshot.load(tmp_path / 'a.abm')
    assert contract.learner_of(back) is LinearLearner
    model, seen = contract.learner_of(back).view(back, a.spec), torch.randn(5, 6)
    perception = Perception(a.spec)
    perception.load(back)
    np.testing.assert_allclose(perception.encode(seen[0].numpy()), model.encode(seen)[0])
    with pytest.raises(SnapshotError, match='cannot be used'):
        contract.WORLD_MODELS.get('ensemble').learner().restore(back, a.spec)


def test_one_that_is_not_installed_is_told_by_name() -> None:
    a = replace(live(100)[0].world.snapshot(), meta={'implementation': 'none-such'})
    with pytest.raises(ConfigError, match="'none-such' is unknown, expected one of ensemble"):
        contract.learner_of(a)
