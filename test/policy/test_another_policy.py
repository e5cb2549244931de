"""A System B of another package takes the place of ours by one line of configuration."""

import numpy as np
import torch
from gap_policy import GapConfig, GapLearner
from linear_world import LinearConfig
from tiny_bodies import LinearSystem

from abm_ros.agent.agent import Agent
from abm_ros.agent.settings import AgentSettings
from abm_ros.common.transition import Observation
from abm_ros.memory.schedule import ScheduleConfig, WarmUpConfig

SETTINGS = AgentSettings(warm_up=WarmUpConfig(40), world=LinearConfig(),
                         actor=GapConfig(strength=3.0),
                         schedule=ScheduleConfig(learn_every=20, updates=5, first_updates=5))


def test_an_agent_acts_with_it_and_does_without_a_plan() -> None:
    """0.3 per step and unit of action: a strength of 3 comes close to the goal at every step."""
    torch.set_num_threads(1)
    system, rng = LinearSystem(), np.random.default_rng(0)
    agent, misses, stamp = Agent(SETTINGS, system.spec, 0), list[float](), 0
    for episode in range(20):
        state = rng.normal(size=6).astype(np.float32)
        goal = (state[:2] + rng.uniform(-1, 1, 2)).astype(np.float32)
        for step in range(8):
            stamp += 1
            action = agent.act(Observation(stamp, state, goal, episode, step))
            agent.executed(stamp, action)
            state = state + action @ system.gain
        misses.append(float(np.linalg.norm(state[:2] - goal)))
    assert np.mean(misses[:5]) > 0.3
    assert np.max(misses[10:]) < 0.02
    model, (_, b) = agent.world.freeze(), agent.snapshots()
    assert b is not None
    assert b.meta['implementation'] == 'gap'
    assert GapLearner.restore(b, model).version == b.version > 0
