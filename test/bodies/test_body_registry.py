"""Kinds of bodies: ours, and one from a package of its own."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from body_package import add_point_package

from abm_ros.bodies.config import BulletArmConfig, GymBodyConfig
from abm_ros.bodies.make import body_config, make_body
from abm_ros.bodies.registry import BodyKind, kind_of
from abm_ros.bringup.graph import GraphOptions, command_interface, describe
from abm_ros.common.config import setting
from abm_ros.common.errors import BodyError, ConfigError


@pytest.fixture
def point_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    add_point_package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop('point_package', None)


@pytest.mark.parametrize(('name', 'config', 'settings'), [
    ('bullet:push', BulletArmConfig, {'task': 'push', 'observes': 'state'}),
    ('bullet:reach:camera', BulletArmConfig, {'task': 'reach', 'observes': 'camera'}),
    ('gym:PandaReach-v3', GymBodyConfig, {'env_id': 'PandaReach-v3'})])
def test_a_name_is_a_kind_and_its_settings(name: str, config: type, settings: dict) -> None:
    kind, named = kind_of(name)
    assert (kind.config, named) == (config, settings)


def test_another_package_adds_a_kind(point_package: Path) -> None:
    assert body_config('point:0.25', {'seed': 3}).drag == 0.25
    body = make_body('point', {'seed': 3})
    places = [body.step(np.ones(2)).position[:2] for _ in range(2)]
    # Speeds 0.1, then half of it and 0.1 more.
    np.testing.assert_allclose(places, [[0.1, 0.1], [0.25, 0.25]])
    with pytest.raises(ConfigError, match=r'drag: 3\.0 is out of bounds'):
        make_body('point:3')
    with pytest.raises(BodyError, match="body 'point:much': could not convert"):
        make_body('point:much')


def test_an_entry_that_is_no_kind_is_refused(point_package: Path) -> None:
    (point_package / 'point_package.py').write_text('POINT = 3\n')
    with pytest.raises(ConfigError, match="'point' is 3, expected a BodyKind"):
        make_body('point')


def test_the_graph_runs_it_by_the_generic_executable(point_package: Path) -> None:
    options = GraphOptions(body='point:0.25', seed=7, lock_step=True, headless=False)
    spec = describe(options)[0]
    assert (spec.name, spec.command) == ('point_mass', ('body', 'point'))
    # Of what the graph offers it takes what it has: no URDF, no window.
    assert spec.parameters == {'drag': 0.25, 'seed': 7, 'lock_step': True, 'distractor': '',
                               'life': '', 'controller': 'arm_controller',
                               'use_sim_time': False}
    gate = next(s for s in describe(options) if s.name == 'motor_gate')
    assert gate.parameters['command_interface'] == command_interface(options) == 'effort'


def test_ours_run_by_executables_of_their_own() -> None:
    assert [describe(GraphOptions(body=body))[0].command
            for body in ('bullet:reach', 'gym:PandaReach-v3')] == [('bullet_arm',), ('gym_body',)]


def test_an_unknown_kind_is_told_the_known_ones(point_package: Path) -> None:
    with pytest.raises(BodyError, match=r'bullet:reach, .*gym:.*, point\[:drag\]'):
        kind_of('mujoco:reach')


def test_a_broken_package_takes_no_kind_away(tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    add_point_package(tmp_path)
    (tmp_path / 'point_package.py').write_text('import no_such_module\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    assert kind_of('bullet:reach')[0].node == 'bullet_arm'
    with pytest.raises(BodyError, match='expected bullet:reach'):
        kind_of('mujoco:reach')
    with pytest.raises(ConfigError, match='no_such_module'):
        kind_of('point')


def test_a_kind_without_what_every_body_is_told_is_refused() -> None:
    @dataclass(frozen=True)
    class Bare:
        speed: float = setting(1.0, 'Speed.')

    with pytest.raises(ConfigError, match='Bare: a body needs the setting seed, ends_at_success'):
        BodyKind(Bare, lambda config: config, 'bare')
