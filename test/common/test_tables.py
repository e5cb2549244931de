"""The one reader of phi, constraints and wiring: every wrong text is one line of its own error."""

from pathlib import Path

import pytest
import yaml

from abm_ros.common.config import from_mapping
from abm_ros.common.errors import (
    AbmError,
    ConfigError,
    ConstraintError,
    GraphError,
    PhiError,
    WiringError,
)
from abm_ros.common.tables import Reader, read_text
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.modes import DESIGN, Modes
from abm_ros.meta.phi import Modulation, load_phi
from abm_ros.meta.wiring import load_wiring

CONFIG = Path(__file__).resolve().parents[2] / 'config'
LOADERS = [(load_phi, PhiError, 'phi'),
           (lambda text: load_constraints(text, Modes(DESIGN, 'task')), ConstraintError,
            'constraints'),
           (lambda text: load_wiring(text, {}, {}), WiringError, 'wiring')]
BOMB = 'modes: &a [x, x]\n' + '\n'.join(
    f'k{i}: &b{i} [*{"a" if i == 0 else f"b{i - 1}"}, *{"a" if i == 0 else f"b{i - 1}"}]'
    for i in range(60))


@pytest.mark.parametrize(('load', 'error', 'name'), LOADERS, ids=[x[2] for x in LOADERS])
@pytest.mark.parametrize(('text', 'says'), [
    ('[', 'not YAML'), ('\t', 'not YAML'), ('\x00', 'not YAML'), ('a: *b', 'not YAML'),
    ('a: 1\na: 2', r'duplicate key "a".* \(line 2\)'),
    ('modes: {play: {}, play: {}}', 'duplicate key "play"'),
    ('version: 1\nversion: 1', 'duplicate key "version"'), ('---\n---\n', 'not YAML'),
    ('a: 2026-99-99', 'not YAML: month'), ('a: !!int x', 'not YAML'), ('a: !tag x', 'not YAML'),
    ('a: !!python/object/apply:os.getcwd []', 'not YAML'),
    ('[' * 5000, 'not YAML: maximum recursion depth'), ('a: ' + '9' * 5000, 'not YAML'),
    ('version: 99', 'version: expected 1( or 2)?, got 99'),
    ('version: true', 'version: expected 1'),
    ('version: "1"', 'version: expected 1'), ('version: 1.0', 'version: expected 1'),
    ('version: 0x1' + 'f' * 5000, 'version: expected 1( or 2)?, got a int too long'),
    ('0', 'expected a mapping'), ('[]', 'expected a mapping'), ("''", 'expected a mapping'),
    ('false', 'expected a mapping'), ('text', 'expected a mapping'),
    ('{[modes]: 1}', 'unknown'), ('joy: 1', "unknown 'joy'"), ('1: 1', 'unknown 1'),
    (BOMB, 'unknown'), ('modes: 2026-01-01', 'modes'), ('x: &x {y: *x}', "unknown 'x'")],
    ids=lambda text: text[:24])
def test_what_is_no_table_is_refused_in_one_line(load, error, name, text, says) -> None:
    with pytest.raises(error, match=says) as caught:
        load(text)
    assert str(caught.value).startswith(name)
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize('name', ['phi', 'constraints', 'wiring'])
def test_the_packages_own_tables_mean_the_same_to_pyyaml(name) -> None:
    text = (CONFIG / f'{name}.yaml').read_text()
    assert Reader(name, ConfigError).load(text) == yaml.safe_load(text)


@pytest.mark.parametrize('value', [10 ** 400, -10 ** 400, 1e300, float('nan'), True, '1', None])
def test_numbers_have_bounds(value) -> None:
    with pytest.raises(GraphError, match=r'table\.x: expected a number from 0 to inf'):
        Reader('table', GraphError).number('table.x', value if value != 1e300 else -1e300, 0.0,
                                           float('inf'))
    if isinstance(value, int) and not isinstance(value, bool):
        with pytest.raises(ConfigError, match='out of bounds'):
            from_mapping(Modulation, {'exploration': value})


@pytest.mark.parametrize('make', [
    lambda folder: folder / 'none.yaml', lambda folder: folder, lambda _: Path('/dev/null/x'),
    lambda folder: folder / ('x' * 300), lambda _: Path('a\0b')], ids=range(5))
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, make) -> None:
    with pytest.raises(AbmError, match='cannot be read, expected a text file') as caught:
        read_text(make(tmp_path), GraphError)
    assert '\n' not in str(caught.value)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path) -> None:
    (tmp_path / 'x').write_bytes(b'\xff\xfe')
    with pytest.raises(GraphError, match='UTF-8'):
        read_text(tmp_path / 'x', GraphError)
