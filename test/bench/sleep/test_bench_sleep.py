"""The sleep benchmark: its figures against means by hand, and one night of a small arm."""

from dataclasses import replace
from typing import Any

import pytest
from scripted_body import LineBody

from abm_ros.agent.settings import AgentSettings
from abm_ros.agent.sleeping import QUOTA
from abm_ros.bench.learn.trial import Protocol, Trial
from abm_ros.bench.sleep.figures import of_sleeps
from abm_ros.bench.sleep.run import SleepPlan, interrupted
from abm_ros.common.errors import ConfigError
from abm_ros.memory.schedule import ScheduleConfig, WarmUpConfig
from abm_ros.policy.config import ActorConfig
from abm_ros.world_model.config import WorldModelConfig

QUICK = AgentSettings(
    warm_up=WarmUpConfig(15), schedule=ScheduleConfig(updates=5, first_updates=20),
    world=WorldModelConfig(latent=4, members=2, hidden=8, encoder_hidden=8, batch=16),
    actor=ActorConfig(hidden=8, batch=16))


def sleep(after: float, speed: float, faded: bool = True) -> dict[str, Any]:
    return {'after': {'native': after, 'strict': 0.0}, 'real_steps': 0, 'updates': 200,
            'faded': faded, 'times_real_time': speed, 'times_real_time_cpu': 2 * speed}


def night(seed: int, before: float, after: float, other: float, **slept: Any) -> dict[str, Any]:
    return {'seed': seed, 'transitions': 30, 'before': {'native': before, 'strict': 0.0},
            'slept': sleep(after, 500.0 + seed, **slept), 'against': sleep(other, 1.0)}


def test_differences_are_paired_by_seed() -> None:
    found = of_sleeps([night(0, 0.2, 0.6, 0.5), night(1, 0.6, 1.0, 0.9),
                       night(2, 0.1, 0.5, 0.4, faded=False)])
    assert found['success_before'] == pytest.approx(0.3)
    assert found['success_after'] == pytest.approx(0.7)
    assert found['gain_native'] == {'mean': 0.4, 'ci95': [0.4, 0.4]}
    assert found['gain_over_native']['mean'] == pytest.approx(0.1)
    assert found['real_steps_during'] == 0
    assert found['times_real_time'] == 501.0
    assert found['times_real_time_cpu_spread'] == {'median': 1002.0, 'min': 1000.0, 'max': 1004.0}
    assert found['faded'] == 2


def test_a_night_takes_no_step_and_another_order_as_many_updates() -> None:
    made: list[LineBody] = []

    def bodies(_: str, settings: dict[str, Any]) -> LineBody:
        made.append(LineBody(**settings))
        return made[-1]

    trial = Trial('sleep', 'line', 3, (30,), Protocol(episodes=2), settings=QUICK)
    found = interrupted(trial, SleepPlan(110, 0.0, 'planned', 'uniform'), bodies)
    assert len(made) == 4                            # one lived in, and one for each evaluation
    assert all(body.closed for body in made)
    assert found['transitions'] == 30
    for name in ('slept', 'against'):
        assert found[name]['updates'] == 110
        assert found[name]['real_steps'] == 0
        assert found[name]['reason'] == QUOTA
        assert found[name]['times_real_time'] > 0
    # System A's windows of 3 steps are cut at the ends of episodes; those of System B are of 1 or,
    # in sweeps, of 4.
    assert 110 * 16 * 2 < found['slept']['replayed'] < 110 * 16 * (3 + 4)
    with pytest.raises(ConfigError, match='raise --transitions'):
        interrupted(replace(trial, points=(5,)), SleepPlan(10, 0.0, 'planned'), bodies)
