"""A parameter that a node has not is refused, with the nearest that it has."""

from pathlib import Path

import pytest
import yaml

from abm_ros.common.errors import ConfigError
from abm_ros.common.parameter_files import addressed, check_known, flat, sections

TABLE = {
    '/**': {'ros__parameters': {'seed': 1}},
    'motor_gate': {'ros__parameters': {'most_velocitty': 1.0, 'port': {'action': 'action'}}},
    '/robots/arm': {'motor_gate': {'ros__parameters': {'joints': ['a']}}},
    'system_m': {'ros__parameters': {'tick_s': 0.1}}}


def test_what_is_set_for_one_node_is_found_wherever_a_file_nests_it(tmp_path: Path) -> None:
    file = tmp_path / 'params.yaml'
    file.write_text(yaml.safe_dump(TABLE))
    words = ['motor_gate', '--ros-args', '--params-file', str(file), '-p', 'deadman_s:=0.1', '-p',
             'motor_gate:use_sim_time:=true', '-r', '__ns:=/robots']
    assert addressed(words, 'motor_gate') == {
        'most_velocitty', 'port.action', 'joints', 'deadman_s', 'use_sim_time'}
    assert [path for path, _ in sections(TABLE)] == [
        '/**', '/motor_gate', '/robots/arm/motor_gate', '/system_m']


def test_a_file_may_hold_tuples_as_ros2_launch_writes_them(tmp_path: Path) -> None:
    file = tmp_path / 'params.yaml'
    file.write_text(yaml.dump({'/**': {'motor_gate': {'ros__parameters': {
        'joints': ('lift', 'fold'), 'deadman_s': 0.1}}}}))
    assert '!!python/tuple' in file.read_text()
    assert addressed(['--params-file', str(file)], 'motor_gate') == {'joints', 'deadman_s'}


def test_names_may_be_nested_or_written_with_dots() -> None:
    assert list(flat({'port': {'action': '', 'executed': ''}, 'port.spec': ''})) == [
        'port.action', 'port.executed', 'port.spec']


@pytest.mark.parametrize(('name', 'says'), [
    ('most_velocitty', "motor_gate: there is no parameter 'most_velocitty'; did you mean "
     "'most_velocity'?"),
    ('zzz', "motor_gate: there is no parameter 'zzz'")])
def test_an_unknown_name_is_refused_in_one_line(name: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_known('motor_gate', ['deadman_s', name], ['deadman_s', 'most_velocity'])
    assert str(error.value) == says


def test_rclpys_own_names_are_no_typos() -> None:
    check_known('motor_gate', ['qos_overrides./x.publisher.depth',
                               'start_type_description_service', 'deadman_s'], ['deadman_s'])
