import numpy as np
import pytest
import torch
from scripted_body import LineBody

from abm_ros.agent.agent import Agent
from abm_ros.agent.settings import AgentSettings
from abm_ros.bench.common.life import life_in
from abm_ros.bench.learn.ablate import CHANGES, ablated
from abm_ros.policy.planner import Objective

SPEC = life_in(LineBody()).spec


def changed(ablation):
    """Return every setting in which an ablation differs, as part.field -> value."""
    whole = AgentSettings()
    less, objective = ablated(ablation, AgentSettings(), Objective(), SPEC)
    found = {f'{part}.{field}': value for part in ('world', 'actor', 'planner', 'schedule',
                                                   'replay')
             for field, value in vars(getattr(less, part)).items()
             if getattr(getattr(whole, part), field) != value}
    return found | ({'exploration': objective.exploration} if objective != Objective() else {})


@pytest.mark.parametrize(('ablation', 'expected'), [
    ('', {}),
    ('no-a', {'world.learns': 'nothing', 'planner.enabled': False, 'actor.imagined_steps': 0}),
    ('fixed-encoder', {'world.learns': 'dynamics'}),
    ('no-planning', {'planner.enabled': False}),
    ('no-ensemble', {'world.members': 1}),
    ('no-inverse', {'world.inverse_weight': 0.0}),
    ('no-variance', {'world.variance_weight': 0.0, 'world.covariance_weight': 0.0}),
    ('passive', {'exploration': 1.0})])
def test_an_ablation_takes_away_what_it_says_and_nothing_else(ablation, expected):
    assert changed(ablation) == expected
    assert ablation in ('', *CHANGES)


def test_without_a_nothing_of_the_observation_is_lost():
    settings, _ = ablated('no-a', AgentSettings(), Objective(), SPEC)
    agent = Agent(settings, SPEC, 0)
    observation = torch.randn(20, SPEC.size, generator=torch.Generator().manual_seed(0))
    model = agent.world.freeze()
    assert np.allclose(model.readout(model.encode(observation)), observation, atol=1e-5)
