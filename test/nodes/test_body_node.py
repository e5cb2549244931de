"""The node of a body: its settings are those of its kind and those of every body."""

import subprocess
import sys
from dataclasses import dataclass, fields

import pytest

pytest.importorskip('rclpy')

from abm_ros.bodies.config import GymBodyConfig
from abm_ros.bodies.registry import BODIES, BodyKind
from abm_ros.common.config import section, setting
from abm_ros.common.errors import ConfigError
from abm_ros.nodes.body import BodyNodeSettings, node_config


def test_a_node_has_the_settings_of_its_kind_and_its_own() -> None:
    made = node_config(BODIES.get('gym'))
    assert [item.name for item in fields(made)] == [
        item.name for item in (*fields(GymBodyConfig), *fields(BodyNodeSettings))]
    config = made(env_id='Other-v0', lock_step=True)
    assert section(GymBodyConfig, config) == GymBodyConfig(env_id='Other-v0')
    with pytest.raises(ConfigError, match='horizon'):       # the kind's own check
        made(horizon=0)
    with pytest.raises(ConfigError, match='distractor'):
        made(distractor='radio')


def test_a_kind_cannot_take_the_names_of_every_nodes_settings() -> None:
    @dataclass(frozen=True)
    class Taken(GymBodyConfig):
        lock_step: float = setting(1.0, 'Something else.')

    with pytest.raises(ConfigError, match='lock_step is a setting of every node'):
        node_config(BodyKind(Taken, lambda config: config, 'taken'))


def test_the_generic_executable_wants_a_kind() -> None:
    done = subprocess.run([sys.executable, '-m', 'abm_ros.nodes', 'body', '--ros-args'],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert 'expected a kind of body' in done.stderr
