"""Holds the layers: who may import whom. Reads the import graph with ast; imports nothing."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = 'abm_ros'
# A room may import itself, its inner rooms and what is listed.
ALLOWED = {
    'common': set(),
    'robot': {'common'},
    'world_model': {'common'},
    'policy': {'common', 'world_model'},
    'memory': {'common', 'world_model'},
    'meta': {'common'},
    'bodies': {'common', 'robot'},
    'agent': {'common', 'robot', 'world_model', 'policy', 'memory', 'bodies'},
    'exchange': {'common', 'robot', 'memory'},
    'ros': {'common', 'memory', 'meta'},
    'nodes': {'common', 'robot', 'world_model', 'policy', 'memory', 'meta', 'bodies', 'agent',
              'ros'},
    'bringup': {'common', 'bodies', 'ros'},
    'bench': {'common', 'robot', 'world_model', 'policy', 'memory', 'meta', 'bodies', 'agent',
              'ros', 'nodes', 'bringup'},
    'cli': {'common', 'robot', 'world_model', 'policy', 'memory', 'meta', 'bodies', 'agent',
            'exchange', 'ros', 'nodes', 'bringup', 'bench'},
}
# Rooms that no ROS enters.
PURE = ('common', 'robot', 'world_model', 'policy', 'memory', 'meta', 'bodies', 'agent',
        'exchange')
BODY_NODES = {'abm_ros.nodes.body'}
ROS_MODULES = {'rclpy', 'launch', 'launch_ros', 'ament_index_python', 'rosidl_runtime_py'}
ACTING = [f'abm_ros.nodes.{name}' for name in (
    'system_a', 'system_b', 'sensory_gate', 'motor_gate', 'episodic_memory', 'system_m')] + [
        f'abm_ros.{name}' for name in (
            'world_model.perception', 'policy.controller', 'policy.planner')]
LEARNING_ONLY = {'torch', 'onnx'}


@dataclass(frozen=True)
class Import:
    """One imported name; `lazy` when it is inside a function or TYPE_CHECKING."""

    target: str
    line: int
    lazy: bool


def _names(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ''
        if node.level:
            parent = package.split('.')[:len(package.split('.')) - node.level + 1]
            base = '.'.join([*parent, *([base] if base else [])])
        yield base
        yield from (f'{base}.{alias.name}' for alias in node.names)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test)


def imports_of(source: str, package: str) -> list[Import]:
    """Return every import of a module, whether at its top or lazy."""
    found: list[Import] = []

    def visit(node: ast.AST, lazy: bool) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.extend(Import(name, node.lineno, lazy) for name in _names(node, package))
        inner = lazy or _is_type_checking(node) or isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inner)

    visit(ast.parse(source), False)
    return found


def _read_package() -> dict[str, list[Import]]:
    modules = {}
    for path in sorted((ROOT / PACKAGE).rglob('*.py')):
        parts = path.relative_to(ROOT).with_suffix('').parts
        name = '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)
        package = name if parts[-1] == '__init__' else name.rpartition('.')[0]
        modules[name] = imports_of(path.read_text(encoding='utf-8'), package)
    return modules


MODULES = _read_package()


def _layer(module: str) -> str:
    parts = module.split('.')
    return parts[1] if len(parts) > 1 else ''


def _own(module: str, *, lazy: bool) -> Iterator[Import]:
    """Yield a module's imports of modules of this package."""
    for item in MODULES[module]:
        if item.target in MODULES and item.target != module and (lazy or not item.lazy):
            yield item


def _closure(start: str) -> dict[str, str]:
    """Return every own module loaded by importing `start`, with who imported it first."""
    came_from, queue = {start: ''}, [start]
    while queue:
        module = queue.pop()
        # Importing a module runs the __init__ of its packages too.
        parents = [module.rsplit('.', i)[0] for i in range(1, module.count('.') + 1)]
        for target in [*(i.target for i in _own(module, lazy=False)), *parents]:
            if target in MODULES and target not in came_from:
                came_from[target] = module
                queue.append(target)
    return came_from


def test_every_layer_is_known() -> None:
    assert {_layer(name) for name in MODULES} - {''} == set(ALLOWED)


def test_imports_point_downward() -> None:
    wrong = [f'{name}:{item.line} imports {item.target}'
             for name in MODULES for item in _own(name, lazy=True)
             if _layer(item.target) not in ALLOWED.get(_layer(name), set()) | {_layer(name), ''}]
    assert not wrong


def test_only_body_nodes_import_bodies() -> None:
    wrong = [f'{name}:{item.line} imports {item.target}'
             for name in MODULES if _layer(name) == 'nodes' and name not in BODY_NODES
             for item in _own(name, lazy=True) if _layer(item.target) == 'bodies']
    assert not wrong


def test_no_circular_imports() -> None:
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> None:
        assert module not in path, ' -> '.join([*path[path.index(module):], module])
        if module in done:
            return
        for item in _own(module, lazy=False):
            walk(item.target, [*path, module])
        done.add(module)

    for name in MODULES:
        walk(name, [])


def _importers(*roots: str) -> set[str]:
    return {name for name, items in MODULES.items()
            for item in items if item.target.split('.')[0] in roots}


def test_one_file_imports_pybullet() -> None:
    importers = _importers('pybullet', 'pybullet_data', 'pybullet_utils')
    assert importers == {'abm_ros.bodies.bullet_scene'}


def test_one_file_imports_launch() -> None:
    assert _importers('launch', 'launch_ros') == {'abm_ros.bringup.launch_files'}


def test_one_file_leans_on_the_insides_of_rclpy() -> None:
    private = re.compile(r'\._(state_machine|parameter_overrides)\b|\.handle\b|__signature__')
    found = {path.name for path in (ROOT / PACKAGE).rglob('*.py')
             if private.search(path.read_text(encoding='utf-8'))}
    assert found == {'rclpy_internals.py'}


def test_pure_rooms_know_no_ros() -> None:
    wrong = [f'{name}:{item.line} imports {item.target}'
             for name, items in MODULES.items() if _layer(name) in PURE
             for item in items
             if (root := item.target.split('.')[0]) in ROS_MODULES
             or root.endswith(('_msgs', '_interfaces', '_srvs'))]
    assert not wrong


@pytest.mark.parametrize('acting', ACTING)
def test_acting_parts_never_load_torch(acting: str) -> None:
    came_from = _closure(acting)
    wrong = [f'{module}:{item.line} imports {item.target}, reached from {came_from[module]}'
             for module in came_from for item in MODULES[module]
             if not item.lazy and item.target.split('.')[0] in LEARNING_ONLY]
    assert not wrong


def test_the_reader_sees_lazy_and_relative_imports() -> None:
    source = ('from . import a\nfrom ..b import c\n'
              'def f():\n    import torch\n'
              'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import onnx\n')
    seen = {(i.target, i.lazy) for i in imports_of(source, 'abm_ros.core')}
    assert {('abm_ros.core.a', False), ('abm_ros.b.c', False), ('torch', True),
            ('onnx', True)} <= seen
