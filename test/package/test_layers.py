"""
Who may import whom, as far as an import linter cannot say it.

The contracts in pyproject.toml hold the rooms; `lint-imports` checks them. It counts imports in
functions too, so it cannot tell what a process loads: that is read here, with ast.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = 'abm_ros'
ACTING = [f'abm_ros.nodes.{name}' for name in (
    'system_a', 'system_b', 'sensory_gate', 'motor_gate', 'episodic_memory', 'system_m')] + [
        f'abm_ros.{name}' for name in (
            'world_model.perception', 'world_model.contract', 'world_model.config',
            'policy.controller', 'policy.planner', 'policy.contract', 'policy.config')]
LEARNING_ONLY = {'torch', 'onnx'}


def loaded_by(source: str, package: str) -> Iterator[str]:
    """Yield what a module imports as it is loaded: not in functions, not for type checkers."""
    waiting = list(ast.parse(source).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                parent = package.split('.')[:len(package.split('.')) - node.level + 1]
                base = '.'.join([*parent, *([base] if base else [])])
            yield base
            yield from (f'{base}.{alias.name}' for alias in node.names)
        elif not (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                  or (isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test))):
            waiting.extend(ast.iter_child_nodes(node))


def _read_package() -> dict[str, list[str]]:
    modules = {}
    for path in sorted((ROOT / PACKAGE).rglob('*.py')):
        parts = path.relative_to(ROOT).with_suffix('').parts
        name = '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)
        package = name if parts[-1] == '__init__' else name.rpartition('.')[0]
        modules[name] = list(loaded_by(path.read_text(encoding='utf-8'), package))
    return modules


MODULES = _read_package()


def _closure(start: str) -> dict[str, str]:
    """Return every own module loaded by importing `start`, with who imported it first."""
    came_from, queue = {start: ''}, [start]
    while queue:
        module = queue.pop()
        # Importing a module runs the __init__ of its packages too.
        parents = [module.rsplit('.', i)[0] for i in range(1, module.count('.') + 1)]
        for target in [*MODULES[module], *parents]:
            if target in MODULES and target not in came_from:
                came_from[target] = module
                queue.append(target)
    return came_from


@pytest.mark.parametrize('acting', ACTING)
def test_acting_parts_never_load_torch(acting: str) -> None:
    came_from = _closure(acting)
    wrong = [f'{module} imports {target}, reached from {came_from[module]}'
             for module in came_from for target in MODULES[module]
             if target.split('.')[0] in LEARNING_ONLY]
    assert not wrong


def test_the_reader_sees_what_is_loaded_and_no_more() -> None:
    source = ('from . import a\nfrom ..b import c\n'
              'try:\n    import d\nexcept ImportError:\n    pass\n'
              'class E:\n    import e\n'
              'def f():\n    import torch\n'
              'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import onnx\n')
    seen = set(loaded_by(source, 'abm_ros.room'))
    assert {'abm_ros.room.a', 'abm_ros.b.c', 'd', 'e'} <= seen
    assert not seen & LEARNING_ONLY


def test_one_file_leans_on_the_insides_of_rclpy() -> None:
    private = re.compile(r'\._(state_machine|parameter_overrides)\b|\.handle\b|__signature__')
    found = {path.name for path in (ROOT / PACKAGE).rglob('*.py')
             if private.search(path.read_text(encoding='utf-8'))}
    assert found == {'rclpy_internals.py'}


def test_names_of_parameters_are_private_to_their_room() -> None:
    """Those of System A in world_model/, those of System B in policy/."""
    for room, names in (('world_model', 'moments|near|apart|predictor|readout|encoder|foremost'),
                        ('policy', 'actor|critic')):
        name = re.compile(rf"""['"]({names})\.['"\w]""")
        found = [str(path) for path in (ROOT / PACKAGE).rglob('*.py')
                 if room not in path.parts and name.search(path.read_text(encoding='utf-8'))]
        assert not found


@pytest.mark.parametrize('words', [['lint-imports', '--no-cache'], ['vulture']],
                         ids=['lint-imports', 'vulture'])
def test_linters_find_nothing(words: list[str]) -> None:
    command = Path(sys.executable).with_name(words[0])
    if not command.exists():
        pytest.skip(f"{words[0]} is not installed: pip install 'abm_ros[dev]'")
    done = subprocess.run([command, *words[1:]], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
