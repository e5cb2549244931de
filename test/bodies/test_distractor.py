"""The noisy television: seeded, unpredictable, beside a body that lives as ever."""

from dataclasses import replace

import numpy as np
import pytest
from scripted_body import LineBody

from abm_ros.agent.life import Life
from abm_ros.bodies.distractor import NoisyTelevision, distracted
from abm_ros.common.errors import BodyError
from abm_ros.robot.description import read_body_tag
from abm_ros.robot.motor_guard import MotorConfig


class Seeing(LineBody):
    """A body with a black camera image."""

    def state(self):
        return replace(super().state(), image=np.zeros((8, 8, 3), np.uint8))


def watch(seed, steps=400):
    body = NoisyTelevision(LineBody(goals=[0.5]), seed)
    return np.array([body.step(np.array([0.3])).position for _ in range(steps)])


def test_one_seed_shows_one_programme_and_another_seed_another() -> None:
    assert np.array_equal(watch(1), watch(1))
    assert not np.array_equal(watch(1), watch(2))


def test_the_picture_is_white_noise() -> None:
    noise = watch(3, 4000)[:, -2:]
    for column in noise.T:
        assert abs(column.mean()) < 4 * 0.5 / 4000 ** 0.5
        assert column.std() == pytest.approx(0.5, rel=0.05)
        assert abs(np.corrcoef(column[1:], column[:-1])[0, 1]) < 4 / 4000 ** 0.5
    assert abs(np.corrcoef(noise.T)[0, 1]) < 4 / 4000 ** 0.5


def test_the_body_itself_is_as_ever_and_says_what_is_new() -> None:
    plain, beside = LineBody(goals=[0.5]), NoisyTelevision(LineBody(goals=[0.5]), 0)
    for _ in range(25):
        one, two = plain.step(np.array([0.3])), beside.step(np.array([0.3]))
        assert np.array_equal(one.position, two.position[:-2])
        assert (one.episode, one.step, one.success) == (two.episode, two.step, two.success)
    tag = read_body_tag(beside.description())
    assert tag.fields[:-1] == read_body_tag(plain.description()).fields
    assert (tag.fields[-1].name, tag.fields[-1].size) == ('television', 2)
    assert beside.state() is beside.state()


def test_a_patch_of_the_image_is_random_and_the_rest_untouched() -> None:
    body = NoisyTelevision(Seeing(goals=[0.5]), 0)
    first, second = (body.step(np.array([0.1])).image for _ in range(2))
    assert not np.array_equal(first, second)
    for image in (first, second):
        image[:2, :2] = 0
        assert not image.any()


def test_a_life_beside_it_observes_it() -> None:
    body = NoisyTelevision(LineBody(goals=[0.5]), 0)
    spec = Life(body, MotorConfig(command_interface='effort')).spec
    assert 'television' in [part.name for part in spec.fields]


def test_distractors_by_name() -> None:
    body = LineBody(goals=[0.5])
    assert distracted(body, '', 0) is body
    assert isinstance(distracted(body, 'noisy-tv', 0), NoisyTelevision)
    with pytest.raises(BodyError, match='noisy-tv'):
        distracted(body, 'radio', 0)
