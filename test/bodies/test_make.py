"""Bodies by name."""

import subprocess
import sys

import pytest

from abm_ros.bodies.config import BulletArmConfig
from abm_ros.bodies.make import body_config, make_body
from abm_ros.common.errors import BodyError, ConfigError


@pytest.mark.parametrize('name', ['', 'bullet', 'bullet:', 'bullet:jump', 'bullet:reach:smell',
                                  'mujoco:reach', ':x', 'gym:'])
def test_unknown_bodies_are_refused_in_one_line(name):
    with pytest.raises(BodyError, match='expected') as caught:
        make_body(name)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('settings', [
    {'speed': 1.0}, {'control_rate_hz': 7}, {'battery_start': 2.0}, {'reach_low': (0.0,)},
    {'reach_low': (0.9, 0.0, 0.0)}, {'interface': 'telepathy'}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(ConfigError):
        body_config('bullet:reach', settings)


def test_settings_arrive():
    config = body_config('bullet:push', {'seed': 3, 'control_rate_hz': 40})
    assert config == BulletArmConfig(task='push', seed=3, control_rate_hz=40)
    assert config.substeps == 6


def test_make_bullet():
    pytest.importorskip('pybullet')
    body = make_body('bullet:reach', {'horizon': 9})
    assert (body.horizon, body.interface, body.control_period_s) == (9, 'position', 0.05)
    body.close()
    body.close()


def test_importing_bodies_imports_no_simulator():
    code = ('import sys, abm_ros.bodies.make, abm_ros.bodies.tasks, abm_ros.bodies.disturbance\n'
            'sys.exit(bool({"pybullet", "gymnasium", "torch", "rclpy"} & set(sys.modules)))')
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
