"""What `ros2 run abm_ros <node> --help` tells: the node, its parameters, how to set them."""

import importlib
from dataclasses import fields
from typing import Any, get_args

from abm_ros.common import names
from abm_ros.common.config import setting_of
from abm_ros.nodes.body import config_of


def config_class(node: str) -> type:
    """Return the configuration class from which a node declares its parameters."""
    if node in (*names.BODIES, names.BODY):
        return config_of(names.BODIES.get(node, ''))
    module: Any = importlib.import_module(f'abm_ros.nodes.{node}')
    stem = ''.join(part.capitalize() for part in node.split('_'))
    if hasattr(module, f'{stem}Config'):
        found: type = getattr(module, f'{stem}Config')
        return found
    for base in getattr(module, stem).__orig_bases__:
        for argument in get_args(base):
            return argument
    raise LookupError(f'{node} has no configuration class')


def usage(node: str) -> str:
    """Return a node's usage."""
    told = (importlib.import_module(
        f'abm_ros.nodes.{"body" if node in (*names.BODIES, names.BODY) else node}').__doc__ or '')
    lines = [f'usage: ros2 run abm_ros {node} --ros-args [-p NAME:=VALUE ...] '
             '[--params-file FILE] [-r __ns:=NAMESPACE]', '',
             told.strip().splitlines()[0], '', 'parameters:']
    for item in fields(config_class(node)):
        info = setting_of(item)
        unit = f' [{info.unit}]' if info.unit else ''
        choices = f' One of: {", ".join(repr(c) for c in info.choices)}.' if info.choices else ''
        default = list(item.default) if isinstance(item.default, tuple) else item.default
        lines += [f'  {item.name} (default: {default!r})',
                  f'      {info.description}{unit}{choices}']
    return '\n'.join(lines) + '\n'
