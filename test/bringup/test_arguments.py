"""What is refused before a node is started: namespaces and tables that cannot be read."""

import pytest

rclpy = pytest.importorskip('rclpy')

from dataclasses import fields, replace

from rclpy.exceptions import InvalidNamespaceException
from rclpy.validate_namespace import validate_namespace

from abm_ros.bringup.arguments import arguments
from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.cli.main import main
from abm_ros.cli.reference import config_class
from abm_ros.common.config import setting_of
from abm_ros.common.errors import ConfigError
from abm_ros.common.names import check_namespace
from abm_ros.ros.ports import ROW_SETTINGS


@pytest.mark.parametrize('text', [
    '', '/', 'a', '/a', 'a/b', '/a/b/', 'a_1/B', '_a', '1a', 'a b', 'a//b', 'a-b', '~', 'a/1',
    'ä', 'a\n', '{x}', 'a.b', ' '])
def test_a_namespace_is_taken_when_ros_takes_it(text) -> None:
    try:
        lawful = validate_namespace('/' + text.strip('/'))
    except InvalidNamespaceException:
        lawful = False
    if lawful:
        assert check_namespace(text) == text.strip('/')
    else:
        with pytest.raises(ConfigError, match='namespace'):
            check_namespace(text)


def test_what_a_row_may_set_is_a_runtime_setting_of_its_node() -> None:
    for node, settings in ROW_SETTINGS.items():
        known = {item.name: setting_of(item) for item in fields(config_class(node))}
        for name, choices in settings.items():
            assert known[name].runtime
            assert known[name].choices == choices


@pytest.mark.parametrize(('option', 'value', 'says'), [
    ('--namespace', 'a b', 'namespace'), ('--wiring', '/dev/null/x', 'cannot be read'),
    ('--phi', '.', 'cannot be read'), ('--constraints', '/none.yaml', 'cannot be read'),
    ('--params-file', '.', 'cannot be read'), ('--pin', 'dance', 'dance')])
def test_abm_sim_refuses_in_one_line(tmp_path, option, value, says, capsys) -> None:
    assert main(['sim', '--headless', '--out', str(tmp_path / 'run'), option, value]) == 2
    said = capsys.readouterr().err
    assert said.startswith('error: ')
    assert says in said
    assert said.count('\n') == 1
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize(('option', 'text', 'says'), [
    ('--params-file', 'a: 2026-99-99', 'not YAML'), ('--params-file', '- 1', 'mapping'),
    ('--constraints', 'version: 2', 'version')])
def test_abm_sim_refuses_wrong_files_in_one_line(tmp_path, option, text, says, capsys) -> None:
    (tmp_path / 'file').write_text(text)
    assert main(['sim', '--headless', '--out', str(tmp_path / 'run'), option,
                 str(tmp_path / 'file')]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count('\n') == 1


def test_in_a_dry_run_the_controller_gets_nothing_and_all_else_is_the_same() -> None:
    options = GraphOptions(body='', controller='my_arm', dry_run=True)
    dry, wet = ({spec.name: spec.parameters for spec in describe(replace(options, dry_run=given))}
                for given in (True, False))
    assert dry['motor_gate']['controller'] == 'dry_run/my_arm'
    assert wet['motor_gate']['controller'] == 'my_arm'
    assert {name for name in dry if dry[name] != wet[name]} == {'motor_gate'}
    offered = [[argument.name for argument in arguments(simulated=simulated)]
               for simulated in (True, False)]
    assert ['dry_run' in names for names in offered] == [False, True]
