"""The generated documentation is not stale, and no setting is dead."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest

pytest.importorskip('rclpy')

from abm_ros.cli.reference import config_class, reference
from abm_ros.nodes.__main__ import NODES

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_is_what_the_code_says():
    written = (ROOT / 'docs' / 'REFERENCE.md').read_text(encoding='utf-8')
    assert written == reference(), 'run: python -m abm_ros.cli.reference > docs/REFERENCE.md'


def attributes_read() -> set[str]:
    """Return every attribute name that the package reads anywhere."""
    return {node.attr for file in (ROOT / 'abm_ros').rglob('*.py')
            for node in ast.walk(ast.parse(file.read_text(encoding='utf-8')))
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}


@pytest.mark.parametrize('node', NODES)
def test_every_setting_is_read(node):
    read = attributes_read()
    assert [f.name for f in fields(config_class(node)) if f.name not in read] == []
