"""Holds the package's metadata and its installed files together; runs setup.py's own data."""

import ast
import os
import re
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import setuptools

from abm_ros.common import names
from abm_ros.nodes.__main__ import NODES

ROOT = Path(__file__).resolve().parents[2]
XML = ET.parse(ROOT / 'package.xml').getroot()
# Modules of ROS whose rosdep key is their own name.
ROS_SUFFIXES = ('_msgs', '_interfaces', '_srvs')


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What setup.py hands to setuptools."""
    seen: dict[str, Any] = {}
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(setuptools, 'setup', seen.update)
    runpy.run_path(str(ROOT / 'setup.py'))
    return seen


def test_metadata_agrees(metadata: dict[str, Any]) -> None:
    assert XML.get('format') == '3'
    assert XML.findtext('export/build_type') == 'ament_python'
    for tag, key in (('name', 'name'), ('version', 'version'), ('license', 'license')):
        assert XML.findtext(tag) == metadata[key]
    assert f'[{metadata["version"]}]' in (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8')


def test_every_node_has_an_executable() -> None:
    assert {path.name for path in (ROOT / 'scripts').iterdir()} == set(NODES) | {'abm'}


@pytest.mark.parametrize('path', sorted((ROOT / 'scripts').iterdir()), ids=lambda p: p.name)
def test_executable(path: Path) -> None:
    text = path.read_text(encoding='utf-8')
    assert text.startswith('#!/usr/bin/env python3\n')
    assert os.access(path, os.X_OK)
    expected = 'sys.exit(main())' if path.name == 'abm' else f"run('{path.name}')"
    assert expected in text


def test_every_node_has_a_module_with_main() -> None:
    for name in set(NODES) - {*names.BODIES, names.BODY}:
        text = (ROOT / f'abm_ros/nodes/{name}.py').read_text(encoding='utf-8')
        assert re.search(r'^def main\(twins: TwinWatch\) -> int:$', text, re.MULTILINE), name


def test_data_files_are_complete(metadata: dict[str, Any]) -> None:
    installed = {folder: set(files) for folder, files in metadata['data_files']}
    assert installed['share/ament_index/resource_index/packages'] == {'resource/abm_ros'}
    assert installed['share/abm_ros'] == {'package.xml', 'plugin.xml'}
    for source, target in (('launch', 'share/abm_ros/launch'), ('config', 'share/abm_ros/config'),
                           ('config/lives', 'share/abm_ros/config/lives'),
                           ('urdf', 'share/abm_ros/urdf'), ('scripts', 'lib/abm_ros')):
        there = {f'{source}/{path.name}' for path in (ROOT / source).iterdir() if path.is_file()}
        assert there
        assert installed[target] == there
    # colcon --symlink-install refuses absolute paths.
    assert not [f for files in installed.values() for f in files if Path(f).is_absolute()]


def test_every_package_is_installed(metadata: dict[str, Any]) -> None:
    there = {'.'.join(path.parent.relative_to(ROOT).parts)
             for path in (ROOT / 'abm_ros').rglob('__init__.py')}
    assert set(metadata['packages']) == there


def test_ros_wheels_are_an_extra_only(metadata: dict[str, Any]) -> None:
    for extra, requirements in metadata['extras_require'].items():
        has_ros = any(line.startswith('ros-') for line in requirements)
        assert has_ros == (extra == 'ros'), extra
    assert not [line for line in metadata['install_requires'] if line.startswith('ros-')]
    assert 'ros-rclpy[fastrtps]==9.1.2' in metadata['extras_require']['ros']


def _imported_ros() -> set[str]:
    roots = set()
    for path in (ROOT / 'abm_ros').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            names = ([a.name for a in node.names] if isinstance(node, ast.Import) else
                     [node.module or ''] if isinstance(node, ast.ImportFrom) else [])
            roots |= {name.split('.')[0] for name in names}
    return {r for r in roots if r.endswith(ROS_SUFFIXES) or r in ('rclpy', 'launch', 'launch_ros')}


def test_every_ros_import_is_declared(metadata: dict[str, Any]) -> None:
    declared, imported = {item.text for item in XML.findall('exec_depend')}, _imported_ros()
    assert imported <= declared
    wheels = {re.split(r'[\[=]', line)[0].removeprefix('ros-').replace('-', '_')
              for line in metadata['extras_require']['ros']}
    assert imported - {'launch', 'launch_ros'} <= wheels


def test_no_project_table() -> None:
    text = (ROOT / 'pyproject.toml').read_text(encoding='utf-8')
    assert not re.search(r'^\[project', text, re.MULTILINE), 'it breaks colcon builds'


def test_pins_hold_in_the_constraints(metadata: dict[str, Any]) -> None:
    locked = set((ROOT / 'requirements/constraints.txt').read_text(encoding='utf-8').splitlines())
    pins = {re.sub(r'\[.*\]', '', line) for lines in metadata['extras_require'].values()
            for line in lines if '==' in line}
    assert pins <= locked


def test_no_absolute_paths() -> None:
    files = [ROOT / name for name in ('setup.py', 'setup.cfg', 'pyproject.toml', 'package.xml',
                                      'Makefile', '.ci/run')]
    for folder in ('abm_ros', 'config', 'launch', 'scripts', 'urdf'):
        files += [p for p in (ROOT / folder).rglob('*')
                  if p.is_file() and p.suffix not in ('.pyc', '.so')]
    # Not a shebang and not a topic: folders of one machine.
    pattern = re.compile(r'(?<![\w.$~}])/(home|root|work|tmp|opt|mnt|Users)/')
    wrong = [f'{path.relative_to(ROOT)}: {match.group()}' for path in files
             if (match := pattern.search(path.read_text(encoding='utf-8')))]
    assert not wrong


def test_rqt_finds_the_plugin_where_its_manifest_says() -> None:
    """As rqt reads both files: a tag of its own name, then a class of its base type."""
    export = XML.find('export/rqt_gui')
    assert export is not None
    library = ET.parse(ROOT / export.get('plugin', '').replace('${prefix}/', '')).getroot()
    found = library.find('class')
    assert found is not None
    assert found.get('base_class_type') == 'rqt_gui_py::Plugin'
    module, _, name = str(found.get('type')).rpartition('.')
    source = (ROOT / f'{module.replace(".", "/")}.py').read_text(encoding='utf-8')
    assert re.search(rf'^class {name}\(Plugin\):', source, re.MULTILINE)
