"""Environments that speak another API, break, or tell success in their own way."""

import numpy as np
import pytest

pytest.importorskip('gymnasium')
pytest.importorskip('odd_envs')

from abm_ros.bench.common.life import life_in
from abm_ros.bodies.config import GymBodyConfig
from abm_ros.bodies.gym_body import GymBody
from abm_ros.bodies.make import make_body
from abm_ros.cli.main import main
from abm_ros.common.errors import BodyError, BodyFailure

# What it does wrong, and when: in its first reset or in a step.
BROKEN = {
    'OldReset': ('reset', 'reset returned a dict, expected (observation, info)'),
    'SeedlessReset': ('reset', 'reset raised TypeError'),
    'LacksGoal': ('reset', "at step 0 'achieved_goal' of the observation cannot be read"),
    'OldStep': ('step', 'expected (observation, reward, terminated, truncated, info): the API of '
                        'gymnasium'),
    'NoInfo': ('step', 'step returned a NoneType as info, expected a dict'),
    'Unstable': ('step', 'step raised RuntimeError: unstable simulation: bad qacc'),
    'NotANumber': ('step', "at step 1 'achieved_goal' holds NaN or infinity"),
    'OtherSize': ('step', "at step 1 'observation' has 3 numbers, its space says 2"),
}


def made(name, **settings):
    return GymBody(GymBodyConfig(env_id=f'Odd/{name}-v0', **settings))


@pytest.mark.parametrize('name', BROKEN)
def test_a_broken_environment_fails_in_one_line_that_names_it(name):
    when, text = BROKEN[name]

    def lived():
        body = made(name)
        assert when == 'step'
        for _ in range(40):
            body.step(np.zeros(2))

    with pytest.raises(BodyFailure) as caught:
        lived()
    assert str(caught.value).startswith(f"environment 'Odd/{name}-v0': ")
    assert text in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('name', ['Discrete', 'Flat'])
def test_what_is_no_goal_environment_is_refused_and_has_not_failed(name):
    with pytest.raises(BodyError, match=f'Odd/{name}-v0') as caught:
        made(name)
    assert not isinstance(caught.value, BodyFailure)


def test_an_environment_without_a_picture():
    with pytest.raises(BodyFailure, match='render failed'):
        made('NoPicture', camera=True)
    assert made('NoPicture').state().image is None


def test_success_is_what_the_environment_tells():
    body = made('Wide', seed=3)
    start = body.state()
    assert np.linalg.norm(start.goal) > 0.5
    state = start
    while not state.success and state.step < 30:
        way = state.goal - state.position[2:4]
        state = body.step(way / np.abs(way).max())
        assert state.success == (np.linalg.norm(state.goal - state.position[2:4]) <= 0.45 + 1e-6)
    assert state.success
    assert np.linalg.norm(state.goal - state.position[2:4]) > 0.3    # far beyond the tolerance


def test_is_success_goes_before_success():
    assert not made('Both').step(np.zeros(2)).success


@pytest.mark.parametrize(('name', 'told', 'reward'), [
    ('Lever', [False] * 7 + [True], -1.0), ('Paid', [False] * 8, 0.8),
    ('Point', [False] * 8, -1.0)])
def test_where_the_goal_means_nothing_success_and_reward_are_told(name, told, reward):
    body = make_body(f'gym:Odd/{name}-v0:told')
    assert life_in(body).spec.told
    states = [body.step(np.ones(2 + (name != 'Point'))) for _ in range(8)]
    assert [state.told for state in states] == told
    assert states[-1].reward == pytest.approx(reward)


def test_otherwise_no_reward_is_told():
    body = made('Paid')
    assert not life_in(body).spec.told
    assert body.step(np.ones(3)).reward is None


def test_a_reward_that_is_no_number_ends_the_run():
    body = made('Unpaid', told=True)
    with pytest.raises(BodyFailure, match='the reward is nan, expected a finite number'):
        body.step(np.zeros(2))


@pytest.mark.parametrize(('name', 'code', 'text'), [
    ('Unstable', 1, 'step raised RuntimeError: unstable simulation: bad qacc'),
    ('OldReset', 1, 'reset returned a dict'),
    ('Flat', 2, 'is not a goal environment')])
def test_bench_learn_ends_with_one_line(name, code, text, capfd, monkeypatch):
    assert main(['bench', 'learn', '--env', f'gym:odd_envs:Odd/{name}-v0', '--seeds', '1',
                 '--steps', '30', '--eval-episodes', '1', '--baseline', 'none']) == code
    errors = [line for line in capfd.readouterr().err.splitlines() if 'error' in line]
    assert len(errors) == 1
    assert errors[0].startswith('error: ')
    assert f"Odd/{name}-v0'" in errors[0]
    assert text in errors[0]
