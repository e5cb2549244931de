"""The hidden button: a place that stays, that success alone tells; episodes begin elsewhere."""

import numpy as np
import pytest

from abm_ros.bench.common.life import life_in
from abm_ros.bodies.bullet import BulletArm
from abm_ros.bodies.config import BulletArmConfig
from abm_ros.bodies.make import make_body
from abm_ros.bringup.graph import GraphOptions, command_interface, describe
from abm_ros.common.errors import ConfigError
from abm_ros.robot.description import read_body_tag


def arm(seed: int = 0, **settings: int | bool | str | float) -> BulletArm:
    body = make_body('bullet:button', {'seed': seed, **settings})
    assert isinstance(body, BulletArm)
    return body


def place_of(button_seed: int, radius: float = 0.1) -> np.ndarray:
    shown = arm(button_seed=button_seed, button_shown=True, button_radius=radius)
    goal = shown.state().goal
    shown.close()
    assert goal is not None
    return goal


def test_success_is_within_the_radius_of_a_place_that_no_goal_tells() -> None:
    place, rng = place_of(3, 0.2), np.random.default_rng(0)
    body = arm(7, button_seed=3, button_radius=0.2, horizon=20)
    told, starts = [], []
    for _ in range(200):
        state = body.step(rng.uniform(-2.0, 2.0, 7))
        assert state.tool_position is not None
        assert state.goal is not None
        distance = np.linalg.norm(state.tool_position - place)
        assert state.told == state.success == bool(distance <= 0.2)
        told.append(state.told)
        if state.step == 0:
            starts.append(distance)
            np.testing.assert_allclose(state.goal, state.tool_position, atol=0.2)
    body.close()
    assert 0 < sum(told) < 200
    assert min(starts) > 0.2
    assert np.std(starts) > 0.02


def test_the_place_is_that_of_its_seed() -> None:
    np.testing.assert_array_equal(place_of(3), place_of(3))
    assert np.linalg.norm(place_of(3) - place_of(4)) > 0.01


def test_the_body_says_that_success_alone_is_told() -> None:
    for shown in (False, True):
        body = arm(button_shown=shown)
        tag = read_body_tag(body.description())
        assert tag is not None
        assert tag.told == life_in(body).spec.told == (not shown)
        assert (body.state().told is None) == shown
        body.close()


def test_it_is_commanded_by_velocities() -> None:
    options = GraphOptions(body='bullet:button')
    assert command_interface(options) == 'velocity'
    assert describe(options)[0].parameters['interface'] == 'velocity'
    with pytest.raises(ConfigError, match='velocity'):
        BulletArmConfig(task='button')
