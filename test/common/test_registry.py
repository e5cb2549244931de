"""Things found by name, in this package and in others."""

from math import hypot, sin
from pathlib import Path

import pytest

from abm_ros.common.errors import ConfigError
from abm_ros.common.registry import Registry

GROUP = 'abm_ros.test_things'


def add_package(folder: Path, package: str, *entries: str) -> None:
    """Write what pip leaves of an installed package that has entry points."""
    info = folder / f'{package}-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text('\n'.join([f'[{GROUP}]', *entries]) + '\n')


@pytest.fixture
def things() -> Registry:
    return Registry(GROUP, {'builtin': 'math:hypot', 'broken': 'math:no_such_thing',
                            'absent': 'no_such_module:thing', 'malformed': 'math'})


def test_builtin_is_found(things: Registry) -> None:
    assert things.get('builtin') is hypot


def test_unknown_name_lists_the_known(things: Registry) -> None:
    with pytest.raises(ConfigError, match=f"{GROUP}: 'other' is unknown, expected one of builtin"):
        things.get('other')


@pytest.mark.parametrize('name', ['broken', 'absent', 'malformed'])
def test_what_cannot_be_imported_is_told(things: Registry, name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        things.get(name)


def test_import_error_is_kept_as_the_cause(things: Registry) -> None:
    with pytest.raises(ConfigError) as caught:
        things.get('absent')
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_another_package_adds_one(things: Registry, tmp_path: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    add_package(tmp_path, 'other', 'mine = math:sin')
    monkeypatch.syspath_prepend(str(tmp_path))
    assert things.get('mine') is sin
    assert things.names() == ['builtin', 'broken', 'absent', 'malformed', 'mine']


def test_builtin_names_are_not_taken(things: Registry, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    add_package(tmp_path, 'other', 'builtin = math:sin')
    monkeypatch.syspath_prepend(str(tmp_path))
    assert things.get('builtin') is hypot
    assert things.names().count('builtin') == 1


def test_two_packages_with_one_name_are_refused(things: Registry, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    add_package(tmp_path, 'one', 'mine = math:sin')
    add_package(tmp_path, 'two', 'mine = math:cos')
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError, match=r"'mine' is claimed by math:cos, math:sin"):
        things.get('mine')
