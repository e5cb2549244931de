"""The whole agent: its schedule, its bits, and that it learns."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import torch
from tiny_bodies import PlanarArm

from abm_ros.agent.agent import Agent
from abm_ros.agent.settings import AgentSettings
from abm_ros.agent.sleeping import FADED, QUOTA
from abm_ros.common.seeds import generator
from abm_ros.common.transition import Observation
from abm_ros.memory.replay.draw import Draw
from abm_ros.memory.schedule import VALUE_HORIZON, ScheduleConfig, WarmUpConfig
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.planner import Objective
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.dreams import DreamConfig
from abm_ros.world_model.perception import Perception

SMALL = AgentSettings(
    warm_up=WarmUpConfig(60),
    schedule=ScheduleConfig(learn_every=20, updates=30, first_updates=120, late_updates=30),
    world=WorldModelConfig(latent=16, members=3, hidden=32, encoder_hidden=16, layers=2, batch=64,
                           horizon=2),
    actor=ActorConfig(hidden=32, batch=64))
BRIEF = replace(SMALL, schedule=ScheduleConfig(learn_every=20, updates=5,
                                               first_updates=10))
NEVER = replace(SMALL, warm_up=WarmUpConfig(100_000))


def live(seed: int, transitions: int,
         settings: AgentSettings = SMALL) -> tuple[Agent, np.ndarray, list[bool], list[tuple]]:
    """Return the agent, its actions, each episode's success and (error, change) per step."""
    torch.set_num_threads(1)
    arm = PlanarArm(generator(seed, 'body'))
    agent = Agent(settings, arm.spec, seed)
    agent.objective = Objective(exploration=0.1)
    (vector, goal), episode, step, stamp = arm.reset(), 0, 0, 0
    won = ended = False
    actions, wins, errors = [], [], []
    while agent.transitions < transitions:
        stamp += 50_000_000
        action = agent.act(Observation(stamp, vector, goal, episode, step))
        agent.executed(stamp, action)
        if ended:
            wins.append(won)
            (vector, goal), episode, step, ended = arm.reset(), episode + 1, 0, False
        else:
            vector, won, ended = arm.step(action)
            step += 1
        actions.append(action)
        assert agent.percept is not None
        errors.append((agent.percept.error, agent.percept.change))
    return agent, np.array(actions), wins, errors


def test_it_learns_to_reach_on_a_small_arm() -> None:
    """Babbling reaches the goal in one episode of seven; what was learned nearly always."""
    _, _, babbled, _ = live(0, 1000, NEVER)
    assert np.mean(babbled) < 0.3
    agent, _, wins, errors = live(0, 300)
    assert np.mean(wins[-12:]) >= 0.75
    error, change = np.nansum(np.array(errors[-100:]), axis=0)
    assert error / change < 0.3       # scored before anything was learned from these steps
    a, b = agent.snapshots()
    assert a.version == 120 + 12 * 30  # rounds at 60, 80, ... 300
    assert b is not None
    assert b.version == a.version
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
    config = ScheduleConfig(learn_every=10, updates=4, first_updates=99)
    assert [config.round_at(n) for n in (0, 1, 10, 11, 31)] == [0, 1, 1, 2, 4]
    assert [config.updates_in(r) for r in (1, 2, 9)] == [99, 4, 4]
    assert [config.begins_at(r) for r in (1, 2, 4)] == [1, 11, 31]


def test_until_the_first_round_it_babbles_and_then_it_perceives() -> None:
    agent, _, _, errors = live(3, 63, BRIEF)
    assert np.isnan(errors[55][0])
    assert agent.percept is not None
    assert agent.percept.latent.shape == (16,)
    fresh, _, _, _ = live(3, 59, BRIEF)
    assert fresh.percept is not None
    assert fresh.percept.latent.shape == (0,)
    assert fresh.snapshots()[1] is None


def test_the_end_of_an_episode_is_no_transition() -> None:
    """What is executed on the last observation of an episode leads nowhere."""
    arm = PlanarArm(generator(0, 'body'))
    agent = Agent(NEVER, arm.spec, 0)
    vector, goal = arm.reset()
    for stamp, (episode, step) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]):
        action = agent.act(Observation(stamp, vector, goal, episode, step))
        agent.executed(stamp, action)
    assert agent.transitions == 4     # (0,0), (0,1), (1,0), (1,1); (1,2) waits for what follows
    assert agent.replay.steps == 5


def test_acting_imports_neither_torch_nor_onnx() -> None:
    code = ('import sys; from abm_ros.common import snapshot; '
            'from abm_ros.policy import controller, planner; '
            'from abm_ros.world_model import perception; '
            "print(sorted({'torch', 'onnx', 'pybullet', 'rclpy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          timeout=60, check=True)
    assert done.stdout.strip() == '[]'
    assert Perception.__module__ == 'abm_ros.world_model.perception'


def test_dreams_teach_system_b_alone_and_leave_what_was_lived_as_it_was() -> None:
    agent, *_ = live(0, 120)
    before, lived = agent.snapshots(), agent.replay.count
    assert before[1] is not None
    dreamt = agent.imagine(60, Objective(exploration=0.3))
    assert dreamt.reason == ''
    assert dreamt.kept > 0
    assert dreamt.updates == 60
    world, actor = agent.snapshots()
    assert actor is not None
    assert (world.version, actor.version) == (before[0].version, before[1].version + 60)
    assert (agent.replay.count, agent.transitions) == (lived, 120)


def test_where_nothing_can_be_dreamed_system_b_learns_from_what_was_lived_alone() -> None:
    strict = replace(SMALL, dreams=DreamConfig(dream_error=0.0))
    agent, *_ = live(0, 90, strict)
    other, *_ = live(0, 90, strict)
    dreamt = agent.imagine(20, Objective())
    assert 'errs' in dreamt.reason
    assert (dreamt.updates, dreamt.transitions) == (20, 0)
    other.consolidate(0, 20)
    one, two = agent.snapshots()[1], other.snapshots()[1]
    assert one is not None
    assert two is not None
    assert one.to_bytes() == two.to_bytes()


def test_a_life_goes_on_with_the_models_it_is_given() -> None:
    (one, *_), (other, *_) = live(1, 90, BRIEF), live(1, 130, BRIEF)
    world, actor = other.snapshots()
    assert actor is not None
    one.adopt(world, actor)
    assert one.world.version == world.version
    one.consolidate(3, 5)
    after = one.snapshots()
    assert after[1] is not None
    assert (after[0].version, after[1].version) == (world.version + 3, actor.version + 5)


def test_a_refused_model_leaves_the_policy_that_as_many_updates_without_dreams_make() -> None:
    agent, *_ = live(0, 90, replace(SMALL, dreams=DreamConfig(dream_error=0.0)))
    world, actor = agent.snapshots()
    assert actor is not None
    made = []
    for imagines in (False, True):
        agent.adopt(world, actor)
        if imagines:
            assert agent.imagine(20, Objective()).reason
        else:
            agent.consolidate(0, 20)
        made.append(agent.snapshots()[1])
    assert made[0] is not None
    assert made[1] is not None
    assert made[0].to_bytes() == made[1].to_bytes() != actor.to_bytes()


def test_sleep_consolidates_by_a_plan_until_it_gains_nothing_or_the_quota_is_reached() -> None:
    agent, *_ = live(0, 90)
    before, lived = agent.snapshots(), agent.replay.count
    assert before[1] is not None
    slept = agent.sleep(130)
    assert (slept.updates, slept.reason) == (130, QUOTA)
    world, actor = agent.snapshots()
    assert actor is not None
    assert world.version == before[0].version + 130
    # Eight updates in 32, from the first on, are sweeps: as many updates of the critics as steps.
    swept = 4 * 8 + 2
    assert actor.version == before[1].version + 130 + swept * (VALUE_HORIZON - 1)
    assert (agent.replay.count, agent.transitions) == (lived, 90)
    assert 0.0 < slept.gain_a < 1.0
    assert agent.sleep(1000, least_gain=1.0).reason == FADED
    surprise = agent.replay.surprise[:lived]
    assert np.isfinite(surprise).sum() > lived / 2       # appraised, so that `gain` is known


def test_what_a_person_corrected_is_lived_and_drawn_to_be_imitated() -> None:
    arm = PlanarArm(generator(0, 'body'))
    agent = Agent(NEVER, arm.spec, 0)
    vector, goal = arm.reset()
    for n in range(12):
        agent.act(Observation(n + 1, vector, goal, 0, n))
        done = np.full(arm.spec.action_size, 0.5, np.float32)
        agent.executed(n + 1, done, 'ann' if 3 <= n < 6 else '')
        vector, *_ = arm.step(done)
    assert agent.transitions == 11
    batch = agent.replay.draw(generator(0, 'draw'), Draw(100, 1))
    assert batch.weight is not None
    assert batch.shown is not None
    assert set(batch.weight.tolist()) == {1.0}
    assert set(batch.shown.tolist()) == {0.0, -0.5}
