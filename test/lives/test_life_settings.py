"""The settings of a life, and the parameter file of the graph that says the same."""

from dataclasses import fields

import pytest
import yaml

from abm_ros.common.errors import ConfigError
from abm_ros.common.share import table_text
from abm_ros.lives.rows import perceives, read_rows, records, schedule
from abm_ros.lives.settings import NODES, LifeSettings, from_parameters, to_parameters

CHANGES = {'schedule': {'updates': 7}, 'world': {'learning_rate': 0.004},
           'replay': {'hindsight': 0.5}, 'system_m': {'sleep_capacity': 300.0}}


def test_a_parameter_file_and_back() -> None:
    text = yaml.safe_dump(to_parameters(CHANGES))
    assert from_parameters(text, LifeSettings()) == CHANGES
    assert text.count('updates: 7') == 3      # of all nodes that have the schedule


def test_every_part_belongs_to_nodes_that_have_its_settings() -> None:
    pytest.importorskip('rclpy')
    from abm_ros.nodes.usage import config_class
    for part, nodes in NODES.items():
        for node in nodes:
            known = {item.name for item in fields(config_class(node))}
            assert {item.name for item in fields(LifeSettings().part(part))} <= known


@pytest.mark.parametrize(('text', 'said'), [
    ('system_b: {ros__parameters: {spred: 1.0}}', "'spred' of system_b; did you mean 'spread'"),
    ('nobody: {ros__parameters: {spread: 1.0}}', "'spread' of nobody"),
    ('system_a: {ros__parameters: {updates: 3}}\n'
     'system_b_learner: {ros__parameters: {updates: 4}}', 'updates is 3 and 4'),
    ('[', 'not YAML')])
def test_a_wrong_file_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        from_parameters(text, LifeSettings())
    assert '\n' not in str(caught.value)


def test_changes_are_checked() -> None:
    with pytest.raises(ConfigError, match='learning_rate'):
        LifeSettings().changed({'world': {'learning_rate': 5.0}})
    with pytest.raises(ConfigError, match="no part 'wrld'"):
        LifeSettings().changed({'wrld': {}})
    changed = LifeSettings().changed(CHANGES)
    assert changed.agent.world.learning_rate == 0.004
    assert changed.system_m.sleep_capacity == 300.0
    assert changed.agent.actor == LifeSettings().agent.actor


def test_the_table_says_what_each_mode_does() -> None:
    rows = read_rows(table_text('', 'wiring.yaml'))
    told = {mode: (schedule(rows[mode], 'system_a_learner'),
                   schedule(rows[mode], 'system_b_learner'), records(rows[mode]),
                   perceives(rows[mode])) for mode in ('task', 'rest', 'sleep', 'imagine',
                                                       'freeze')}
    assert told == {'task': ('online', 'online', True, True),
                    'rest': ('online', 'value', False, True),
                    'sleep': ('consolidate', 'consolidate', False, False),
                    'imagine': ('', 'imagine', False, False),
                    'freeze': ('', '', True, True)}
