"""How actuators answer, in words."""

import numpy as np
import pytest

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.words import world_words

SPEC = ObservationSpec((FieldSpec('joint_position', 2, angles=True), FieldSpec('tool', 2)), 'tool',
                       0.05, 2, 0.05, 10)


def words(*rows: list[float], deviation: float = 0.0, offset: tuple[float, ...] = ()) -> str:
    mean = np.array(rows, float)
    size = mean.size + len(offset)
    return world_words(ActuatorMap(mean, deviation ** 2 * np.eye(size), np.array(offset)), SPEC)


@pytest.mark.parametrize(('rows', 'said'), [
    ([[1, 0, 0], [0, 1.1, 0.1]], ''),
    ([[1, 0, 0], [0, 0.5, 0]], '#1 answers with 0.5 of what it did'),
    ([[-1.05, 0, 0], [0, -0.95, 0]], '#0, #1 turns the other way'),
    ([[-2, 0, 0], [0, 0.02, 0]],
     '#0 answers with 2.0 of what it did, the other way; #1 does not answer'),
    ([[0, 1, 0], [-0.9, 0.1, 0]], '#0 does the work of #1 reversed; #1 does the work of #0'),
    ([[1, 0, 0.4], [0, 1, 0]], '#0 moves by itself (+0.4)')])
def test_what_differs_from_the_first_world_is_told(rows, said) -> None:
    assert words(*rows) == said


def test_what_is_not_known_well_is_not_told() -> None:
    assert words([1, 0, 0], [0, 0.5, 0], deviation=0.3) == ''
    assert words([1, 0, 0], [0, 0.5, 0], deviation=0.1) != ''


def test_a_reading_that_is_off_is_told_by_its_joint_or_its_field() -> None:
    right = [1, 0, 0], [0, 1, 0]
    assert words(*right, offset=(0, 0.3, 0, 0)) == '#1 reads 0.3 rad too much'
    assert words(*right, offset=(0, 0, 0, -0.02)) == 'tool 1 reads 0.02 too little'


def test_a_camera_that_was_moved_is_told_beside_what_reads_wrong() -> None:
    known = ActuatorMap(np.eye(2, 3), np.zeros((10, 10)), np.array([0.3, 0, 0, 0]))
    assert world_words(known, SPEC, ['front']) == (
        "#0 reads 0.3 rad too much; the camera of 'front' was moved")
