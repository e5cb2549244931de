"""The whole agent: its schedule, its bits, and that it learns."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_bodies import PlanarArm

from abm_ros.core.actor import ActorConfig
from abm_ros.core.agent import Agent, AgentConfig, AgentSettings
from abm_ros.core.errors import SpecError
from abm_ros.core.latent_model import WorldModelConfig
from abm_ros.core.perception import Perception
from abm_ros.core.planner import Drive
from abm_ros.core.replay import ReplayIndex
from abm_ros.core.seeds import generator

SMALL = AgentSettings(
    AgentConfig(warm_up=60, learn_every=20, updates_a=30, updates_b=30, first_updates=120),
    WorldModelConfig(latent=16, members=3, hidden=32, encoder_hidden=16, layers=2, batch=64,
                     horizon=2),
    ActorConfig(hidden=32, batch=64))
BRIEF = replace(SMALL, schedule=AgentConfig(warm_up=60, learn_every=20, updates_a=5,
                                            updates_b=5, first_updates=10))


def live(seed: int, transitions: int,
         settings: AgentSettings = SMALL) -> tuple[Agent, np.ndarray, list[bool], list[tuple]]:
    """Return the agent, its actions, each episode's success and (error, change) per step."""
    torch.set_num_threads(1)
    arm = PlanarArm(generator(seed, 'body'))
    agent = Agent(settings, arm.spec, ReplayIndex(arm.spec, 10000), seed)
    agent.drive = Drive(exploration=0.1)
    (observation, goal), episode, actions, wins, errors = arm.reset(), 0, [], [], []
    while agent.transitions < transitions:
        action = agent.act(observation, goal, episode)
        observation, won, ended = arm.step(action)
        agent.record(action)
        if ended:
            agent.finish(observation, goal, success=won)
            (observation, goal), episode = arm.reset(), episode + 1
            wins.append(won)
        actions.append(action)
        assert agent.percept is not None
        errors.append((agent.percept.error, agent.percept.change))
    return agent, np.array(actions), wins, errors


def test_it_learns_to_reach_on_a_small_arm() -> None:
    """Babbling reaches the goal in one episode of seven; what was learned nearly always."""
    _, _, babbled, _ = live(0, 1000, replace(SMALL, schedule=AgentConfig(warm_up=2000)))
    assert np.mean(babbled) < 0.3
    agent, _, wins, errors = live(0, 300)
    assert np.mean(wins[-12:]) >= 0.8
    error, change = np.nansum(np.array(errors[-100:]), axis=0)
    assert error / change < 0.3       # scored before anything was learned from these steps
    a, b = agent.snapshots()
    assert a.version == 120 + 12 * 30
    assert b is not None
    assert b.version == 120 + 12 * 30
    assert b.meta['world_lineage'] == a.lineage


def test_one_seed_gives_the_same_bits() -> None:
    first, second, other = (live(s, 90, BRIEF) for s in (1, 1, 2))
    assert np.array_equal(first[1], second[1])
    assert not np.array_equal(first[1], other[1])
    for one, two in zip(first[0].snapshots(), second[0].snapshots(), strict=True):
        assert one is not None
        assert two is not None
        assert one.to_bytes() == two.to_bytes()


def test_the_schedule() -> None:
    config = AgentConfig(warm_up=50, learn_every=10, updates_a=4, updates_b=3, first_updates=99)
    rounds = {n: config.updates(n) for n in range(1, 81) if config.updates(n) != (0, 0)}
    assert rounds == {50: (99, 99), 60: (4, 3), 70: (4, 3), 80: (4, 3)}


def test_until_the_first_round_it_babbles_and_then_it_perceives() -> None:
    agent, _, _, errors = live(3, 61, BRIEF)
    assert np.isnan(errors[58][0])
    assert agent.percept is not None
    assert agent.percept.latent.shape == (16,)
    fresh, _, _, _ = live(3, 59, BRIEF)
    assert fresh.percept is not None
    assert fresh.percept.latent.shape == (0,)
    assert fresh.snapshots()[1] is None


def test_record_needs_an_act() -> None:
    arm = PlanarArm(generator(0, 'body'))
    agent = Agent(SMALL, arm.spec, ReplayIndex(arm.spec, 100), 0)
    with pytest.raises(SpecError, match='act'):
        agent.record(np.zeros(3, np.float32))


def test_settling_records_nothing() -> None:
    arm = PlanarArm(generator(0, 'body'))
    replay = ReplayIndex(arm.spec, 100)
    agent = Agent(SMALL, arm.spec, replay, 0)
    agent.settle(agent.act(*arm.reset(), 0))
    assert (replay.steps, agent.transitions) == (0, 0)


def test_acting_imports_neither_torch_nor_onnx() -> None:
    code = ('import sys; from abm_ros.core import behaviour, perception, planner, snapshot; '
            "print(sorted({'torch', 'onnx', 'pybullet', 'rclpy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          timeout=60, check=True)
    assert done.stdout.strip() == '[]'
    assert Perception.__module__ == 'abm_ros.core.perception'
