"""
Launch arguments: the settings of `GraphOptions` as texts, as `ros2 launch` gives them.

This file does not import launch, so it also works where launch is not installed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from abm_ros.bringup.graph import GraphOptions
from abm_ros.common import names
from abm_ros.common.config import from_mapping, setting_of
from abm_ros.common.errors import BodyError, ConfigError
from abm_ros.common.names import check_namespace
from abm_ros.common.parameter_files import nearest, sections

LOG_LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
# Settings of real robots only.
_REAL_ONLY = ('dry_run',)
# Settings of simulated bodies only.
_SIM_ONLY = ('body', 'headless', 'lock_step', 'urdf', 'package_path', 'life')
# Nodes that a file for our launch files may name beside ours.
_OTHERS = ('robot_state_publisher',)
_TRUTH = {'true': True, '1': True, 'false': False, '0': False}


@dataclass(frozen=True)
class Argument:
    """An argument of a launch file; `default` is a text."""

    name: str
    default: str
    description: str


def arguments(*, simulated: bool) -> tuple[Argument, ...]:
    """Return the arguments of sim.launch.py or robot.launch.py."""
    own = [Argument('namespace', '', 'Namespace of the whole graph.'),
           Argument('params_file', '', 'YAML file of ROS parameters, which override all others.'),
           Argument('log_level', 'info', f'One of: {", ".join(LOG_LEVELS)}.')]
    if not simulated:
        own.append(Argument('robot_description_file', '', 'URDF that robot_state_publisher is '
                            'to publish; empty where the robot publishes its own.'))
    return (*own, *(Argument(item.name, _to_text(item.default), _description(item))
                    for item in _settings(simulated)))


def check_given(command: Sequence[str], *, simulated: bool) -> None:
    """
    Make sure that a launch file has the arguments that it is started with: launch drops others.

    :param command: of the process; not of `ros2 launch` where another launch file includes ours.
    :raises ConfigError: naming the argument, and the nearest that there is.
    """
    file = 'sim.launch.py' if simulated else 'robot.launch.py'
    at = next((n for n, word in enumerate(command) if Path(word).name == file), None)
    if at is None:
        return
    known = [argument.name for argument in arguments(simulated=simulated)]
    for word in command[at + 1:]:
        name, is_argument, _ = word.partition(':=')
        if is_argument and name not in known:
            raise ConfigError(f"{file} has no argument '{name}'{nearest(name, known)}")


def check_params_file(path: str, bodies: Collection[str] = ()) -> str:
    """
    Make sure that a parameter file names nodes that there are; they check their parameters.

    :param bodies: names of bodies beside the built-in ones.
    :return: the directory that it names, '' for none.
    :raises ConfigError: naming the node and the nearest that there is; or directories that differ,
        for memory, models and the audit log must not be parted.
    """
    nodes = {*names.WIRED_NODES, names.SYSTEM_M, *names.BODIES, *bodies, *_OTHERS}
    directories = set()
    for node, values in sections(
            yaml.safe_load(Path(path).expanduser().read_text(encoding='utf-8'))):
        name = node.rsplit('/', 1)[-1]
        if name not in nodes and '*' not in name:
            raise ConfigError(f"{path}: there is no node '{name}'{nearest(name, nodes)}")
        if 'directory' in values:
            directories.add(str(values['directory']))
    if len(directories) > 1:
        raise ConfigError(f"{path}: 'directory' is {' and '.join(sorted(directories))}, expected "
                          'one for all nodes')
    return next(iter(directories), '')


def parse_options(texts: Mapping[str, str], *, simulated: bool) -> GraphOptions:
    """
    Build the options of the graph from the arguments' texts.

    :param texts: a text for every argument in `arguments`.
    :raises ConfigError: a text is not of its setting's type, a value is refused, or a file that
        is named does not exist.
    :raises BodyError: a simulation without a body.
    """
    if texts['log_level'] not in LOG_LEVELS:
        raise ConfigError(f"log_level: {texts['log_level']!r} is unknown, expected one of "
                          f'{", ".join(LOG_LEVELS)}')
    check_namespace(texts['namespace'])
    for name in ('params_file', 'robot_description_file'):
        path = texts.get(name, '')
        if path and not Path(path).expanduser().is_file():
            raise ConfigError(f"{name}: there is no file '{path}'")
    values = {item.name: _from_text(item.name, item.default, texts[item.name])
              for item in _settings(simulated)}
    if not simulated:
        values['body'] = ''
    elif not values['body']:
        raise BodyError("body '': expected a simulated body, e.g. bullet:reach; for a robot "
                        'use robot.launch.py')
    return from_mapping(GraphOptions, values)


def _settings(simulated: bool) -> list[Any]:
    others = _REAL_ONLY if simulated else _SIM_ONLY
    return [item for item in fields(GraphOptions) if item.name not in others]


def _description(item: Any) -> str:
    info = setting_of(item)
    unit = f' [{info.unit}]' if info.unit else ''
    commas = ' Comma separated.' if isinstance(item.default, tuple) else ''
    choices = f' One of: {", ".join(info.choices)}.' if info.choices else ''
    return info.description + unit + commas + choices


def _to_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ','.join(value) if isinstance(value, tuple) else str(value)


def _from_text(name: str, default: Any, text: str) -> Any:
    """Read a text as the type of the setting's default."""
    if isinstance(default, bool):
        if text.lower() not in _TRUTH:
            raise ConfigError(f'{name}: expected true or false, got {text!r}')
        return _TRUTH[text.lower()]
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(',') if part.strip())
    try:
        return type(default)(text)
    except ValueError:
        kind = 'a whole number' if isinstance(default, int) else 'a number'
        raise ConfigError(f'{name}: expected {kind}, got {text!r}') from None
