"""The agents that a life is compared with: what each of them does, and when."""

from itertools import pairwise

import numpy as np
import pytest
from scripted_body import LineBody

from abm_ros.bench.common.life import life_in
from abm_ros.bench.life.agents import contender, expanded
from abm_ros.common.errors import ConfigError
from abm_ros.policy.planner import Objective


def lived(name: str, steps: int, seed: int = 0):
    """Return the agent after so many steps, and the worlds that it was in."""
    life, worlds = life_in(LineBody(seed=seed)), []
    agent = contender(name, life.spec, seed, Objective(exploration=0.05), 'gym:LineReach')
    for _, step in zip(range(steps), life.live(agent), strict=False):
        worlds.append(agent.world)
        assert np.abs(step.executed).max() <= 1.0
    return agent, worlds


def test_a_grid_is_its_sizes() -> None:
    assert expanded('abm, recent,recent-300') == ['abm', 'recent-100', 'recent-300', 'recent-1000']
    with pytest.raises(ConfigError, match="'fixed-300' is unknown"):
        expanded('abm,fixed-300')


def test_a_fixed_schedule_turns_to_a_new_world_by_the_clock() -> None:
    _, worlds = lived('fixed_schedule-20', 65)
    assert [worlds[at] for at in (18, 19, 39, 59)] == [0, 1, 2, 3]


def test_a_random_switch_also_turns_back() -> None:
    _, worlds = lived('random_switch-5', 80)
    turns = [b for a, b in pairwise(worlds) if a != b]
    assert len(turns) > 5
    assert len(set(turns)) < len(turns)


@pytest.mark.parametrize('name', ['sb3_sac', 'sb3_tqc'])
def test_foreign_agents_learn_online(name: str) -> None:
    pytest.importorskip('stable_baselines3')
    pytest.importorskip('sb3_contrib')
    agent, worlds = lived(name, 130)
    model = agent.act.__self__._model
    assert set(worlds) == {0}
    # One gradient step for each transition from the 100th on; a reset is none.
    assert 5 < model._n_updates <= 30
    held = model.replay_buffer.size()
    assert model._n_updates == held - 99
    rewards = model.replay_buffer.rewards[:held, 0]
    assert set(np.unique(rewards)) == {-1.0, 0.0}
    # Where the goal was reached the episode is over.
    assert model.replay_buffer.dones[:held, 0][rewards == 0.0].all()
