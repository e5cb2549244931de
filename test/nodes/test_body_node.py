"""The node of a body: its settings are those of its kind and those of every body."""

import subprocess
import sys
from dataclasses import dataclass, fields

import numpy as np
import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')

from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from scripted_body import LineBody

from abm_ros.bodies.config import GymBodyConfig
from abm_ros.bodies.registry import BODIES, BodyKind
from abm_ros.common.config import section, setting
from abm_ros.common.errors import ConfigError
from abm_ros.nodes.body import BodyNode, BodyNodeSettings, node_config


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


@pytest.fixture
def body(tmp_path):
    """Return a running node of a line, whose life has a script."""
    script = tmp_path / 'life.yaml'
    script.write_text('version: 1\nbody: line\nsteps: 9\nshifts: [{at: 3, kind: gain, value: 0}]')
    rclpy.init(args=['--ros-args', '-p', f'life:={script}'],
               domain_id=new_domain())
    made = BodyNode(BodyKind(GymBodyConfig, lambda config: LineBody(), 'line', node='gym_body'))
    assert made.trigger_configure() == TransitionCallbackReturn.SUCCESS
    yield made
    made.close()
    made.destroy_node()
    rclpy.try_shutdown()


def moved(body: BodyNode) -> float:
    before = body._require().state().position[0]
    body._require().step(np.array([0.5]))
    return round(float(body._require().state().position[0] - before), 6)


def test_a_body_lives_by_its_script_and_by_what_the_operator_asks_for(body) -> None:
    assert moved(body) == 0.05
    assert body.set_parameters([Parameter('shift', value='gain -1')])[0].successful
    assert moved(body) == -0.05
    refused = body.set_parameters([Parameter('shift', value='gain 2 elbow')])[0]
    assert not refused.successful
    assert "no joint or channel 'elbow'" in refused.reason
    assert moved(body) == -0.05
    assert body.set_parameters([Parameter('shift', value='')])[0].successful
    assert moved(body) == 0.0            # the script's own
