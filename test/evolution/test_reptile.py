"""Reptile: other arms, and innate weights between those of before and those that were learned."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('gymnasium')
pytest.importorskip('odd_envs')

from abm_ros.bodies.shift.script import LifeScript
from abm_ros.common.errors import SnapshotError
from abm_ros.evolution.reptile import learned_from, other_arm, outer_step, search
from abm_ros.lives.innate import load_innate
from abm_ros.lives.settings import LifeSettings
from abm_ros.world_model.ensemble_learner import EnsembleLearner

SCRIPT = LifeScript('gym:Odd/Point-v0', 14, ())
SMALL = LifeSettings().changed({
    'warm_up': {'warm_up': 10}, 'schedule': {'updates': 2, 'first_updates': 3},
    'world': {'latent': 8, 'members': 2, 'hidden': 8, 'encoder_hidden': 8, 'batch': 8},
    'actor': {'hidden': 8, 'batch': 8}, 'planner': {'enabled': False}}).agent


def test_arms_differ_in_each_motor_and_by_bounded_factors() -> None:
    one, two = (other_arm(SCRIPT, np.random.default_rng(seed), 3) for seed in (1, 2))
    assert one != two
    assert [event.joints for event in one.events] == [(0,), (1,), (2,)]
    assert all(0.49 < event.value < 2.02 for event in (*one.events, *two.events))


def test_an_outer_step_goes_a_share_of_the_way() -> None:
    start = learned_from(None, SCRIPT, SMALL, 1, 0.1)
    ends = [learned_from(start, other_arm(SCRIPT, np.random.default_rng(n), 2), SMALL, n, 0.1)
            for n in range(2)]
    moved = outer_step(start, ends, 0.5)
    assert moved[0].lineage == start[0].lineage == ends[0][0].lineage
    assert moved[1].meta['world_lineage'] == moved[0].lineage
    before, first, second, after = (dict(EnsembleLearner.restore(
        models[0], models[0].spec).params) for models in (start, *ends, moved))
    name = next(n for n in before if n.startswith('predictor.') and before[n].ndim > 1)
    expected = before[name] + 0.5 * ((first[name] + second[name]) / 2 - before[name])
    np.testing.assert_allclose(after[name].detach(), expected.detach(), rtol=1e-4, atol=1e-6)
    assert not np.allclose(before[name].detach(), after[name].detach())


def test_a_search_goes_on_where_it_was(tmp_path: Path) -> None:
    told: list[int] = []
    whole, parts = tmp_path / 'whole/innate.abm', tmp_path / 'parts/innate.abm'
    search(SCRIPT, SMALL, 2, 0, whole, told.append, batch=1)
    search(SCRIPT, SMALL, 1, 0, parts, told.append, batch=1)
    search(SCRIPT, SMALL, 2, 0, parts, told.append, batch=1)
    assert told == [1, 2, 1, 2]
    assert whole.read_bytes() == parts.read_bytes()
    assert load_innate(parts)[0].kind == 'system_a'


def test_a_life_too_short_to_learn_is_refused() -> None:
    with pytest.raises(SnapshotError, match='nothing was learned in 5 steps'):
        learned_from(None, LifeScript(SCRIPT.body, 5, ()), SMALL, 1, 0.1)
