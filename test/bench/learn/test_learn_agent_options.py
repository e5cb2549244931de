"""Which agent `abm bench learn` measures."""

import argparse
from dataclasses import replace

import pytest

from abm_ros.agent.settings import AgentSettings
from abm_ros.bench.learn import command, jobs
from abm_ros.bench.learn.agent_options import agent_settings
from abm_ros.common.errors import ConfigError


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(['--env', 'gym:PandaReach-v3', '--baseline', 'none', *words])


def test_nothing_chosen_is_the_agent_as_it_is() -> None:
    assert agent_settings(parse()) == AgentSettings()
    assert agent_settings(parse('--world-model', 'ensemble', '--policy', 'latent_actor')) == \
        AgentSettings()


def test_any_setting_can_be_changed_and_reaches_the_lives_and_the_figures() -> None:
    arguments = parse('--set', 'world.step_floor=0.5', '--set', 'planner.arrival=1',
                      '--set', 'world.learns=dynamics', '--set', 'planner.enabled=false')
    usual = AgentSettings()
    expected = replace(
        usual, planner=replace(usual.planner, arrival=1.0, enabled=False),
        world=replace(usual.world, step_floor=0.5, learns='dynamics'))  # type: ignore[type-var]
    assert agent_settings(arguments) == expected
    todo = jobs.jobs(arguments, 'gym:PandaReach-v3', ['no-planning'])
    assert [job.arguments[0].settings for job in todo] == [expected] * len(todo)
    told = command.settings(arguments, 'gym:PandaReach-v3')
    assert told['agent']['world']['step_floor'] == 0.5
    assert (told['world_model'], told['policy']) == ('ensemble', 'latent_actor')


@pytest.mark.parametrize(('words', 'told'), [
    (('--world-model', 'none-such'), 'expected one of ensemble'),
    (('--policy', 'none-such'), 'expected one of latent_actor'),
    (('--set', 'world.members'), 'PART.NAME=VALUE'), (('--set', 'wheel.size=3'), 'a part of'),
    (('--set', 'world.size=3'), "unknown key 'size'"), (('--set', 'world.members=0'), 'bounds'),
    (('--set', 'world.members=many'), 'expected int')])
def test_what_does_not_exist_or_fit_is_refused(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        agent_settings(parse(*words))
