"""A life under System M: the same bits for the same seed, and what each mode does in it."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('gymnasium')
pytest.importorskip('odd_envs')

from abm_ros.agent.agent import Agent
from abm_ros.agent.life import Life
from abm_ros.agent.settings import Learning
from abm_ros.bodies.make import make_body
from abm_ros.bodies.shift.script import Event, LifeScript
from abm_ros.common.share import table_text
from abm_ros.lives.managed import ManagedLife, is_safe
from abm_ros.lives.settings import LifeSettings
from abm_ros.meta.phi import Override, Phi, load_phi
from abm_ros.policy.planner import Objective
from abm_ros.robot.description import JointLimits
from abm_ros.robot.motor_guard import MotorConfig

BODY = 'gym:Odd/Point-v0'
SMALL = LifeSettings().changed({
    'warm_up': {'warm_up': 10}, 'replay': {'capacity': 500},
    'schedule': {'learn_every': 20, 'updates': 2, 'first_updates': 3},
    'world': {'latent': 8, 'members': 2, 'hidden': 8, 'encoder_hidden': 8, 'batch': 8},
    'actor': {'hidden': 8, 'batch': 8},
    'planner': {'candidates': 8, 'elites': 2, 'proposals': 2, 'iterations': 1},
    'pace': {'updates_per_s': 4.0, 'burst_s': 1.0}})
PHI = load_phi(table_text('', 'phi.yaml'))


def born(steps: int, seed: int = 3, phi: Phi = PHI, events: tuple[Event, ...] = (),
         **system_m: object) -> ManagedLife:
    return ManagedLife(LifeScript(BODY, steps, events),
                       SMALL.changed({'system_m': system_m}), phi, seed)


def forced(mode: str) -> Phi:
    """A phi that falls asleep, rests, ... as soon as it may, and stays so."""
    modes = {name: replace(policy, bias=9.0 if name == mode else -9.0, weights={},
                           min_dwell_s=0.5) for name, policy in PHI.modes.items()}
    return Phi(modes, PHI.overrides)


def test_a_seed_is_a_life() -> None:
    shifts = (Event(20, 'gain', -1.0), Event(20, 'motion_noise', 0.5))
    one, same, other = (born(32, seed, events=shifts) for seed in (3, 3, 4))
    lived = [life.live() for life in (one, same, other)]
    first, second = (replace(each, busy_s=0.0) for each in lived[:2])
    assert first == second
    weights = [life.agent.world.snapshot().blobs['weights'] for life in (one, same, other)]
    assert weights[0] == weights[1] != weights[2]
    assert one.agent.replay.count == same.agent.replay.count


def test_pinned_to_task_it_is_the_agent_in_its_body() -> None:
    """The parity test holds that agent to the lock-stepped graph."""
    managed = born(52, pin_mode='task')
    managed.live()
    body = make_body(BODY, {'seed': 3})
    life = Life(body, MotorConfig(command_interface=body.interface,
                                  control_period_s=body.control_period_s))
    agent = Agent(SMALL.agent, life.spec, 3)
    task = PHI.modes['task'].modulation
    agent.objective = Objective(task.goal_weight, task.intrinsic_weight, task.exploration)
    agent.learning = Learning(task.plasticity_a, task.plasticity_b, task.replay)
    for number, _ in enumerate(life.live(agent), 1):
        if number == 52:
            break
    body.close()
    ours, theirs = (a.replay.numbers[:a.replay.count] for a in (managed.agent, agent))
    np.testing.assert_array_equal(ours, theirs)
    assert agent.rounds >= 3
    assert (managed.agent.world.snapshot().blobs['weights']
            == agent.world.snapshot().blobs['weights'])


def test_asleep_it_learns_from_memory_and_sees_nothing() -> None:
    life = born(100, phi=forced('sleep'))
    lived = life.live()
    modes = [mode for _, mode in lived.modes]
    assert modes[:2] == ['task', 'sleep']
    asleep = lived.share_of('sleep')
    assert 0.3 < asleep < 0.7      # min_dwell_s of the constraints keeps it awake for 2 s
    assert life.agent.transitions < 60
    assert life.agent.counts.updates_a > 2 * life.agent.rounds + 1 + 5
    assert lived.steps == 100
    assert lived.episodes[-1][1] == 99


def test_at_rest_values_alone_are_learned() -> None:
    life = born(100, phi=forced('rest'))
    lived = life.live()
    assert lived.share_of('rest') > 0.3
    assert life.agent.counts.updates_b > life.agent.counts.updates_a


def test_dreams_are_of_a_life_too() -> None:
    life = born(100, phi=forced('imagine'))
    lived = life.live()
    assert lived.share_of('imagine') > 0.1
    assert life.agent.counts.updates_b > life.agent.counts.updates_a


def test_what_a_rule_refuses_is_counted() -> None:
    """An emergency that asks for a vetoed mode ends in the safe one, all the time: one wish."""
    restless = replace(forced('play'), overrides=(
        Override('energy', 'sleep', above=0.5, until=0.4),))
    lived = born(30, phi=restless, veto_modes=('sleep',)).live()
    assert lived.refused == 1
    assert lived.modes[1][1] == 'freeze'


def test_without_plasticity_nothing_changes() -> None:
    still = {name: replace(policy, modulation=replace(
        policy.modulation, plasticity_a=0.0, plasticity_b=0.0)) for name, policy in
        PHI.modes.items()}
    life = born(60, phi=Phi(still, ()))
    life.live()
    assert life.agent.counts.updates_a == life.agent.counts.updates_b == 0
    assert life.agent.world.version == 0


def test_innate_models_act_from_the_first_step() -> None:
    parent = born(14)
    parent.live()
    system_a, system_b = parent.agent.snapshots()
    assert system_b is not None
    child = ManagedLife(LifeScript(BODY, 8, ()), SMALL, PHI, 9, (system_a, system_b))
    assert child.agent.acting_version == system_b.version
    child.live()
    assert child.agent.world.lineage == system_a.lineage


def test_what_counts_as_unsafe() -> None:
    limits = JointLimits(('a',), np.array([-1.0]), np.array([2.0]), np.array([3.0]),
                         np.array([4.0]))
    assert is_safe(np.array([2.0]), 'position', limits)
    assert not is_safe(np.array([2.1]), 'position', limits)
    assert not is_safe(np.array([-3.1]), 'velocity', limits)
    assert not is_safe(np.array([np.nan]), 'effort', limits)
