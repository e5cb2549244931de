"""`ros2 run abm_ros <node> --help` names the node and every parameter of it."""

from dataclasses import fields

import pytest

pytest.importorskip('rclpy')

from abm_ros.common.config import setting_of
from abm_ros.nodes.__main__ import NODES, run
from abm_ros.nodes.usage import config_class, usage


@pytest.mark.parametrize('node', NODES)
def test_every_parameter_is_told_with_its_description(node: str) -> None:
    text = usage(node)
    assert text.startswith(f'usage: ros2 run abm_ros {node} --ros-args ')
    for item in fields(config_class(node)):
        assert f'  {item.name} (default: ' in text
        assert setting_of(item).description in text


def test_help_starts_no_node(monkeypatch, capsys) -> None:
    monkeypatch.setattr('sys.argv', ['motor_gate', '--help', '--ros-args', '-p', 'x:=1'])
    monkeypatch.setattr('signal.signal', lambda *_: None)
    assert run('motor_gate') == 0
    assert 'speed_limit' in capsys.readouterr().out
