"""The order of planned replay, and draws that treat every world alike."""

from dataclasses import fields

import numpy as np
from lived_steps import filled, life

from abm_ros.common import names
from abm_ros.common.config import setting_of
from abm_ros.memory.replay.draw import KINDS, REVERSE, Draw
from abm_ros.memory.replay.order import PLANNED, PREFERENCES, kind_of
from abm_ros.meta.phi import Modulation


def test_a_plan_goes_through_its_kinds_in_turn_and_system_b_sweeps_backwards_first() -> None:
    for learner in (names.SYSTEM_A_LEARNER, names.SYSTEM_B_LEARNER):
        kinds = [kind_of(PLANNED, learner, request) for request in range(8)]
        assert kinds[:4] == kinds[4:]
        assert set(kinds) <= set(KINDS)
        assert {'uniform', 'worlds'} < set(kinds)
        assert (kinds[0] == REVERSE) == (learner == names.SYSTEM_B_LEARNER)
        assert REVERSE not in kinds[1:4]
    assert [kind_of('gain', learner, request) for request in range(3)] == ['gain'] * 3


def test_phi_can_name_every_preference() -> None:
    replay = next(field for field in fields(Modulation) if field.name == 'replay')
    assert set(setting_of(replay).choices or ()) == set(PREFERENCES)


def test_a_world_that_was_brief_is_drawn_as_often_as_a_long_one() -> None:
    index = filled(life([90, 9]), 200)
    index.world[90:99] = 7                 # the second episode
    batch = index.draw(np.random.default_rng(0), Draw(1000, 1, 'worlds', hindsight=0.0))
    start = batch.observation[:, 0, 0]     # the number of the step, from 1
    assert (start > 90).sum() == 500
    # 8 transitions share 500 draws: 62.5 each, with a standard deviation of 7.4
    _, counts = np.unique(start[start > 90], return_counts=True)
    assert len(counts) == 8
    assert counts.min() > 30
