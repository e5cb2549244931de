"""The launch files, and their arguments; what needs launch is skipped where it is missing."""

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

import pytest
import yaml

from abm_ros.bringup.arguments import (
    arguments,
    check_given,
    check_params_file,
    parse_options,
)
from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.common.errors import BodyError, ConfigError, GraphError

ROOT = Path(__file__).resolve().parents[2]
SIM = {'namespace', 'use_sim_time', 'params_file', 'autostart', 'use_respawn', 'log_level', 'body',
       'headless', 'seed', 'directory', 'lock_step', 'baseline_episodes'}
ROBOT = {'namespace', 'use_sim_time', 'params_file', 'autostart', 'use_respawn', 'log_level',
         'controller', 'command_interface', 'joints', 'tool_link', 'control_period_s', 'directory',
         'seed', 'robot_description_file', 'wiring', 'phi', 'constraints'}
needs_launch = pytest.mark.skipif(
    importlib.util.find_spec('launch') is None or importlib.util.find_spec('launch_ros') is None,
    reason='launch and launch_ros are not installed')


def _texts(simulated: bool, **changes: str) -> dict[str, str]:
    return {a.name: a.default for a in arguments(simulated=simulated)} | changes


@pytest.mark.parametrize(('simulated', 'expected'), [(True, SIM), (False, ROBOT)])
def test_arguments_exist(simulated: bool, expected: set[str]) -> None:
    assert expected <= {a.name for a in arguments(simulated=simulated)}


def test_robot_has_no_simulation_arguments() -> None:
    names = {a.name for a in arguments(simulated=False)}
    assert not names & {'body', 'headless', 'lock_step', 'urdf'}


def test_defaults_survive_the_way_through_text() -> None:
    assert parse_options(_texts(True), simulated=True) == GraphOptions()
    assert parse_options(_texts(False), simulated=False) == dataclasses.replace(
        GraphOptions(), body='')


def test_texts_become_values() -> None:
    options = parse_options(_texts(False, joints='a, b,c', control_period_s='0.01',
                                   use_respawn='False', seed='7'), simulated=False)
    assert options.joints == ('a', 'b', 'c')
    assert options.control_period_s == 0.01
    assert options.use_respawn is False
    assert options.seed == 7


@pytest.mark.parametrize(('name', 'text', 'message'), [
    ('headless', 'maybe', "headless: expected true or false, got 'maybe'"),
    ('seed', 'x', "seed: expected a whole number, got 'x'"),
    ('control_period_s', 'fast', "control_period_s: expected a number, got 'fast'"),
    ('control_period_s', 'nan', 'out of bounds'),
    ('seed', '-1', 'out of bounds'),
    ('command_interface', 'warp', "'warp' is unknown"),
    ('log_level', 'loud', "'loud' is unknown"),
    ('params_file', 'nowhere.yaml', "params_file: there is no file 'nowhere.yaml'"),
])
def test_wrong_texts_are_refused_in_one_line(name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_options(_texts(True, **{name: text}), simulated=True)
    assert message in str(error.value)
    assert '\n' not in str(error.value)


def test_simulation_needs_a_body() -> None:
    with pytest.raises(BodyError, match=r'robot\.launch\.py'):
        parse_options(_texts(True, body=''), simulated=True)


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location('launched', ROOT / 'launch' / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def _nodes(actions: list[Any]) -> list[Any]:
    from launch_ros.actions import Node
    return [action for action in actions if isinstance(action, Node)]


@needs_launch
@pytest.mark.parametrize(('file', 'expected'),
                         [('sim.launch.py', SIM), ('robot.launch.py', ROBOT)])
def test_launch_file_declares_its_arguments(file: str, expected: set[str]) -> None:
    declared = {a.name: a for a in _load(file).get_launch_arguments()}
    assert expected <= set(declared)
    assert all(a.description and a.default_value is not None for a in declared.values())


@needs_launch
def test_sim_starts_every_process_once() -> None:
    from abm_ros.bringup.launch_files import graph_actions
    nodes = _nodes(graph_actions(_texts(True, body='gym:PandaReach-v3'), simulated=True))
    assert sorted(node.node_executable for node in nodes) == sorted([
        'gym_body', 'sensory_gate', 'system_a', 'system_a_learner', 'system_b',
        'system_b_learner', 'episodic_memory', 'motor_gate', 'system_m'])
    assert {node.node_package for node in nodes} == {'abm_ros'}


@needs_launch
def test_robot_starts_no_body(tmp_path: Path) -> None:
    from abm_ros.bringup.launch_files import graph_actions
    urdf = tmp_path / 'arm.urdf'
    urdf.write_text('<robot name="r"/>')
    nodes = _nodes(graph_actions(
        _texts(False, robot_description_file=str(urdf)), simulated=False))
    names = [node.node_executable for node in nodes]
    assert 'robot_state_publisher' in names
    assert not {'bullet_arm', 'gym_body'} & set(names)


@needs_launch
def test_bad_body_starts_nothing_and_fails() -> None:
    from launch import LaunchContext
    from launch.actions import OpaqueFunction
    context = LaunchContext()
    context.launch_configurations.update(_texts(True, body='bullet:fly'))
    start = next(e for e in _load('sim.launch.py').entities if isinstance(e, OpaqueFunction))
    with pytest.raises(BodyError, match="unknown task 'fly'"):
        start.execute(context)


@needs_launch
@pytest.mark.parametrize(('code', 'ends'), [(2, True), (1, False), (-9, False)])
def test_refused_settings_end_the_launch(code: int, ends: bool) -> None:
    from launch import LaunchContext
    from launch.actions import ExecuteProcess, RegisterEventHandler
    from launch.events.process import ProcessExited

    from abm_ros.bringup.launch_files import graph_actions
    actions = graph_actions(_texts(True), simulated=True)
    handler = next(a for a in actions if isinstance(a, RegisterEventHandler)).event_handler
    event = ProcessExited(action=ExecuteProcess(cmd=['x']), name='bullet_arm-1', cmd=['x'],
                          cwd=None, env=None, pid=1, returncode=code)
    if ends:
        with pytest.raises(GraphError, match='bullet_arm-1 refused its settings'):
            handler.handle(event, LaunchContext())
    else:
        assert handler.handle(event, LaunchContext()) is None


@pytest.mark.parametrize(('words', 'says'), [
    (['headles:=true'], "sim.launch.py has no argument 'headles'; did you mean 'headless'?"),
    (['headless:=true', 'zzz:=1'], "sim.launch.py has no argument 'zzz'")])
def test_an_argument_that_there_is_not_is_refused(words: list[str], says: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_given(['/opt/ros2', 'launch', 'abm_ros', 'sim.launch.py', *words], simulated=True)
    assert str(error.value) == says


@pytest.mark.parametrize('command', [
    ['ros2', 'launch', 'abm_ros', 'sim.launch.py', 'headless:=true', '--show-args'],
    ['ros2', 'launch', 'mine', 'all.launch.py', 'my_own:=1'], ['pytest', 'x:=1']])
def test_the_arguments_of_others_are_theirs(command: list[str]) -> None:
    check_given(command, simulated=True)


def _params(folder: Path, **nodes: dict[str, Any]) -> str:
    file = folder / 'params.yaml'
    file.write_text(yaml.safe_dump({name.replace('__', '/'): {'ros__parameters': values}
                                    for name, values in nodes.items()}))
    return str(file)


def test_a_node_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no node 'sytem_m'; did you mean 'system_m'\?"):
        check_params_file(_params(tmp_path, sytem_m={'tick_s': 0.1}))
    with pytest.raises(ConfigError, match="no node 'my_body'"):
        check_params_file(_params(tmp_path, my_body={}))
    assert check_params_file(_params(tmp_path, my_body={}, bullet_arm={}, arm__system_m={}),
                             ['my_body']) == ''


def test_a_file_names_one_directory_or_none(tmp_path: Path) -> None:
    assert check_params_file(_params(tmp_path, episodic_memory={'directory': '/a'},
                                     system_m={'directory': '/a'})) == '/a'
    with pytest.raises(ConfigError, match=r"'directory' is /a and /b"):
        check_params_file(_params(tmp_path, episodic_memory={'directory': '/a'},
                                  system_m={'directory': '/b'}))


def test_the_directory_of_the_graph_comes_after_any_file() -> None:
    given = {spec.name: spec.last for spec in describe(GraphOptions(directory='/runs/3'))}
    keepers = {'episodic_memory', 'system_a_learner', 'system_b_learner', 'system_a',
               'system_m'}
    assert {name for name, last in given.items() if last == [{'directory': '/runs/3'}]} == keepers
    assert all(last == [] for name, last in given.items() if name not in keepers)
