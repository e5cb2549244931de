"""Plans against a system whose best plan is known."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from tiny_bodies import trained

from abm_ros.common.errors import ConfigError, SnapshotError
from abm_ros.common.snapshot import Snapshot
from abm_ros.policy.actor_learner import ActorLearner
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.controller import Controller, ControllerConfig
from abm_ros.policy.exploration import Aim
from abm_ros.policy.planner import Objective, Planner, PlannerConfig, PlanRequest
from abm_ros.world_model.ensemble_learner import EnsembleLearner
from abm_ros.world_model.perception import Perception


def latent_of(observation: np.ndarray) -> np.ndarray:
    body, a, _ = trained()
    perception = Perception(body.spec)
    perception.load(a)
    return perception.observe(observation, None, True).latent


def situation(goal: list[float], objective: Objective | None = None) -> PlanRequest:
    return PlanRequest(latent_of(np.zeros(6)), np.array(goal, np.float32),
                       objective or Objective())


def plan(seed: int, goal: list[float], settings: PlannerConfig | None = None,
         objective: Objective | None = None) -> np.ndarray:
    planner = Planner(settings or PlannerConfig(), trained()[2])
    return planner.plan(np.random.default_rng(seed), situation(goal, objective))


@pytest.mark.parametrize('proposals', [0, 8])
def test_the_shortest_way_is_found(proposals: int) -> None:
    """The goal dimensions move by 0.3 per unit of actions 0 and 1: go at full speed, then stop."""
    settings = PlannerConfig(proposals=proposals, iterations=5)
    way = 0.3 * np.cumsum(plan(0, [0.6, -0.6], settings)[:, :2], axis=0)
    ideal = np.minimum(0.3 * np.arange(1, 13), 0.6)[:, None] * [1, -1]
    assert np.abs(way - ideal).mean() < 0.3


def test_plans_stay_in_range_and_repeat_bit_for_bit() -> None:
    first, second, other = plan(1, [0.5, 0.2]), plan(1, [0.5, 0.2]), plan(2, [0.5, 0.2])
    assert first.shape == (12, 3)
    assert np.abs(first).max() <= 1.0
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_past_the_deadline_the_first_iteration_counts() -> None:
    late, once = (
        Planner(settings, trained()[2]).plan(np.random.default_rng(3), situation([0.5, 0.2]),
                                             deadline_s=deadline_s)
        for settings, deadline_s in ((PlannerConfig(), 0.0),
                                     (PlannerConfig(iterations=1), np.inf)))
    np.testing.assert_array_equal(late, once)


def test_novelty_pulls_where_the_goal_does_not() -> None:
    """Intrinsic weight seeks the disagreement that the penalty avoids: bolder actions."""
    curious = plan(0, [0.0, 0.0], objective=Objective(0.0, 5.0, 0.0))
    careful = plan(0, [0.0, 0.0], PlannerConfig(penalty=5.0), Objective(0.0, 0.0, 0.0))
    assert np.abs(curious.sum(0)).mean() > np.abs(careful.sum(0)).mean()


def test_a_warm_start_is_among_the_candidates() -> None:
    """Hardly any spread and no proposals: it is the warm start or rest."""
    settings = PlannerConfig(spread=0.01, least_spread=0.0, proposals=0, iterations=1)
    warm = np.full((12, 3), 0.5, np.float32)
    planner = Planner(settings, trained()[2])
    got = planner.plan(np.random.default_rng(0), situation([5.0, 5.0]), warm)
    np.testing.assert_allclose(got, warm, atol=0.05)


def test_a_goal_that_is_near_enough_is_left_alone() -> None:
    near = 0.5 * trained()[0].spec.goal_tolerance
    kept, sought = ([plan(seed, [way * near, 0.0])[0, 0] for seed in range(4)] for way in (1, 6))
    assert np.abs(kept).mean() < 0.15
    assert np.mean(sought) > 0.3


@pytest.mark.parametrize(('drift', 'acts'), [(0.005, False), (0.3, True)])
def test_a_goal_that_is_reached_is_held(drift: float, acts: bool) -> None:
    """
    What would lose it is countered; what would not is left alone, warm start or not.

    :param drift: that rest is said to have, per step, in units of latents.
    """
    planner, warm = Planner(PlannerConfig(), trained()[2]), np.full((12, 3), 0.3, np.float32)
    spent = {}
    for arrived in (False, True):
        here = replace(situation([0.0, 0.0]), offset=drift, arrived=arrived)
        found = [planner.plan(np.random.default_rng(seed), here, warm) for seed in range(4)]
        spent[arrived] = np.square(found).mean()
    assert spent[True] < spent[False]
    assert (spent[True] > 0.01) == acts


def test_who_plays_moves_what_the_goal_is_about() -> None:
    """Where the goal is already reached, one rests and the other moves."""
    planner = Planner(PlannerConfig(), trained()[2])
    way = {}
    for aim in (Aim.PURSUE, Aim.MOVE):
        found = planner.plan(np.random.default_rng(0), replace(situation([0.0, 0.0]), aim=aim))
        way[aim] = np.linalg.norm(0.3 * found[:, :2].cumsum(axis=0), axis=1).mean()
    assert way[Aim.MOVE] > 3.0 * way[Aim.PURSUE]


@pytest.mark.parametrize(('policy_acceptance', 'goal', 'suffices'), [
    (100.0, [0.6, -0.6], True), (100.0, [0.6, 0.6], False),     # elsewhere
    (0.01, [0.6, -0.6], False),                                 # the members do not agree so well
    (0.0, [0.6, -0.6], False)])
def test_habit_suffices_where_it_surely_arrives(monkeypatch: pytest.MonkeyPatch,
                                                policy_acceptance: float,
                                                goal: list[float], suffices: bool) -> None:
    """The policy goes to (0.6, -0.6), whatever is asked, as a search has found the way."""
    planner = Planner(PlannerConfig(policy_acceptance=policy_acceptance), trained()[2])
    way = plan(0, [0.6, -0.6], PlannerConfig(iterations=20))
    monkeypatch.setattr(planner, '_propose', lambda *_: [way[None]])
    found = planner.habit(situation(goal))
    assert (found is not None) == suffices
    if found is not None:
        np.testing.assert_array_equal(found, way)


def test_bad_settings_and_snapshots_are_refused() -> None:
    with pytest.raises(ConfigError, match='candidates'):
        PlannerConfig(candidates=10)
    _, a, b = trained()
    for source in (a, replace(b, meta={}), replace(b, meta={**b.meta, 'horizon': 5})):
        with pytest.raises(SnapshotError):
            Planner(PlannerConfig(), source)


@functools.cache
def told_snapshot() -> Snapshot:
    """Return a System B that was told: success is where the first number is beyond 0.4."""
    body, a, _ = trained()
    world, rng = EnsembleLearner.view(a, body.spec), np.random.default_rng(0)
    learner = ActorLearner.create(ActorConfig(hidden=16, learning_rate=3e-3, target_rate=0.05),
                                  world, 0)
    for _ in range(300):
        batch = body.batch(rng, 64, 1)
        success = (batch.observation[:, 1:, 0] > 0.4).astype(np.float32)
        learner.learn(world, replace(batch, success=success, told=True))
    return learner.snapshot(world)


@pytest.mark.parametrize('foretells', [True, False])    # or leaves it to the critics alone
def test_where_the_goal_has_no_place_plans_go_where_success_was_told(foretells: bool) -> None:
    planner, ends = Planner(PlannerConfig(), told_snapshot()), []
    assert planner.foretells
    planner.foretells = foretells
    for goal in ([-0.6, 0.6], [0.0, -0.6]):
        here = replace(situation(goal), told=True)
        found = planner.plan(np.random.default_rng(0), here)
        assert 0.3 * found[:, 0].sum() > 0.4
        ends.append(found)
    assert np.array_equal(*ends)


@pytest.mark.parametrize('known', [True, False])
def test_who_knows_where_success_is_does_not_search_for_it(known: bool) -> None:
    """As after a restart with the models that were kept."""
    source = told_snapshot() if known else trained()[2]
    spec = replace(source.spec, told=True)
    settings = ControllerConfig(wanted_events=0.0, searching=0.0, handling=0.0)
    controller = Controller(spec, settings, np.random.default_rng(0))
    controller.load(source)
    latent = latent_of(np.zeros(6))
    controller.act(latent, str(source.meta['world_lineage']), np.zeros(2, np.float32), True,
                   Objective(exploration=0.3))
    controller.prepare(np.zeros(2, np.float32), success=False)
    assert controller.aim is (Aim.PURSUE if known else Aim.SEARCH)


def test_a_search_goes_to_its_place() -> None:
    here = replace(situation([-0.6, -0.6]), told=True, aim=Aim.SEARCH)
    found = Planner(PlannerConfig(), told_snapshot()).plan(np.random.default_rng(0), here)
    assert np.linalg.norm(0.3 * found[:, :2].sum(0) - [-0.6, -0.6]) < 0.6    # of 0.85
    assert found[:, 0].sum() < 0.0      # away from where success was told
