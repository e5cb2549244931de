"""System B acting: habit, prepared plans and babbling."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from tiny_bodies import LinearSystem, trained

from abm_ros.common.errors import NonFiniteError, SnapshotError, SpecError
from abm_ros.common.snapshot import session
from abm_ros.common.spec import ObservationSpec
from abm_ros.policy.controller import Controller, ControllerConfig
from abm_ros.policy.exploration import Aim
from abm_ros.policy.model_bias import BiasEstimator
from abm_ros.policy.planner import Objective, Planner
from abm_ros.world_model.perception import Perception

GOAL = np.array([0.6, -0.6], np.float32)


def behaviour(seed: int = 0, loaded: bool = True) -> Controller:
    body, _, b = trained()
    made = Controller(body.spec, ControllerConfig(), np.random.default_rng(seed))
    if loaded:
        made.load(b)
    return made


def lived(b: Controller, steps: int, objective: Objective,
          drift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """
    Return the actions and the last state of an episode from the origin.

    :param drift: what the body adds to the second number in every step; no model knows of it.
    """
    body, a, _ = trained()
    perception, x, actions, executed = Perception(body.spec), np.zeros(6, np.float32), [], None
    perception.load(a)
    for t in range(steps):
        percept = perception.observe(x, executed, t == 0)
        executed = b.act(percept.latent, percept.lineage, GOAL, t == 0, objective)
        b.prepare(x[:2])
        x = x + executed @ body.gain
        x[1] += drift
        actions.append(executed)
    return np.array(actions), x


def test_without_a_model_of_this_lineage_it_babbles() -> None:
    plain = [behaviour(5, False).act(np.zeros(0), '', GOAL, True, Objective()) for _ in range(2)]
    assert np.array_equal(*plain)
    for latent, lineage in ((np.zeros(12), 'f' * 16), (np.zeros(0), ''),
                            (np.zeros(7), trained()[1].lineage)):
        b = behaviour(5)
        assert np.array_equal(b.act(latent, lineage, GOAL, True, Objective()), plain[0])
        b.prepare(GOAL)


def test_a_new_episode_begins_with_the_habit() -> None:
    _, a, b = trained()
    latent = np.linspace(-1, 1, 12, dtype=np.float32)
    policy = session(b.blobs['policy'])
    expected = policy.run(None, {'latent': latent[None], 'goal': GOAL[None]})[0][0]
    actor = behaviour()
    assert np.array_equal(actor.act(latent, a.lineage, GOAL, True, Objective()), expected)
    actor.prepare(GOAL)
    planned = actor.act(latent, a.lineage, GOAL, False, Objective())
    assert not np.array_equal(planned, expected)
    assert np.array_equal(actor.act(latent, a.lineage, GOAL, True, Objective()), expected)
    other = policy.run(None, {'latent': latent[None], 'goal': -GOAL[None]})[0][0]
    actor.prepare(GOAL)
    assert np.array_equal(actor.act(latent, a.lineage, -GOAL, False, Objective()), other)


@pytest.mark.parametrize(('objective', 'deliberates'), [
    (Objective(), False), (Objective(goal_weight=0.0, intrinsic_weight=1.0), True)])
def test_where_habit_suffices_nothing_is_searched(objective: Objective, deliberates: bool) -> None:
    """Who plays has no goal at which habit could arrive."""
    way = np.full((12, 3), 0.25, np.float32)
    with (mock.patch.object(Planner, 'habit', return_value=way),
          mock.patch.object(Planner, 'plan', return_value=-way) as search):
        actor, latent = behaviour(), np.zeros(12, np.float32)
        actor.act(latent, trained()[1].lineage, GOAL, True, objective)
        actor.prepare(GOAL)
        action = actor.act(latent, trained()[1].lineage, GOAL, False, objective)
    assert actor.deliberates == search.called == deliberates
    np.testing.assert_array_equal(action, (-way if deliberates else way)[0])


@pytest.mark.parametrize(('goal', 'hidden', 'holds'), [
    ((0.0, 0.0), False, True), ((0.0, 0.0), True, False), ((0.6, -0.6), False, False)])
def test_at_its_goal_it_deliberates_how_to_stay(goal: tuple[float, float], hidden: bool,
                                                holds: bool) -> None:
    """By what the model foresees of the plan's beginning, if what goals are about is seen."""
    body, a, b = trained()
    settings = ControllerConfig(wanted_events=0.0, handling=0.0)    # nothing but its goal
    perception, acting = Perception(body.spec), Controller(body.spec, settings,
                                                          np.random.default_rng(0))
    perception.load(a)
    acting.load(b)
    latent, way = perception.encode(np.zeros(6, np.float32)), np.zeros((12, 3))
    with (mock.patch.object(Planner, 'habit', return_value=way) as habit,
          mock.patch.object(Planner, 'plan', return_value=way) as search,
          mock.patch.object(Controller, '_draw_noise', return_value=way[0].astype(np.float32)),
          mock.patch.object(ObservationSpec, 'goal_hidden', hidden)):
        acting.act(latent, a.lineage, np.array(goal, np.float32), True, Objective(exploration=1.0))
        acting.prepare(np.full(2, 9.0, np.float32))
    assert habit.called != holds
    assert search.called == holds
    assert not holds or search.call_args.args[1].arrived


def test_acting_never_searches() -> None:
    with mock.patch.object(Planner, 'plan', side_effect=AssertionError('searched')):
        actor = behaviour()
        for new in (True, False):
            actor.act(np.zeros(12, np.float32), trained()[1].lineage, GOAL, new, Objective())


def test_prepared_plans_reach_the_goal_of_the_true_system() -> None:
    """0.6 away at 0.3 per step: a perfect plan arrives in 2 steps."""
    _, x = lived(behaviour(), 6, Objective())
    assert np.linalg.norm(x[:2] - GOAL) < 0.15


def test_what_errs_steadily_is_allowed_for() -> None:
    """A drift of a tolerance per step puts a plan that ignores it off by as much and more."""
    miss = {}
    for allows in (True, False):
        with mock.patch('abm_ros.policy.controller.BiasEstimator.estimate',
                        BiasEstimator.estimate if allows else lambda _: 0.0):
            ends = [lived(behaviour(), n, Objective(), drift=0.1)[1][:2] for n in range(20, 26)]
        miss[allows] = np.linalg.norm(np.array(ends) - GOAL, axis=1).mean()
    assert miss[False] > 0.1
    assert miss[True] < 0.7 * miss[False]


def test_exploration_mixes_in_babbling() -> None:
    wild, _ = lived(behaviour(), 5, Objective(exploration=1.0))
    babble = behaviour(loaded=False)
    expected = [babble.act(np.zeros(0), '', GOAL, t == 0, Objective()) for t in range(5)]
    np.testing.assert_allclose(wild, expected, atol=1e-6)


@pytest.mark.parametrize('there', [-1.0, 1.0])
def test_who_reaches_no_goal_holds_what_it_babbles_where_things_are(there: float) -> None:
    """Proximity is in [0, 1]: near enough always, or never."""
    body, a, b = trained()
    acting = Controller(body.spec, ControllerConfig(
        handling=1.0, wanted_events=0.0, handle_proximity=there, handle_steps=4),
        np.random.default_rng(0))
    acting.load(b)
    perception = Perception(body.spec)
    perception.load(a)
    percept, far, held = perception.observe(np.zeros(6, np.float32), None, True), [9.0, 9.0], []
    for episode in range(60):
        held = []
        for step in range(2 if episode < 59 else 21):
            held.append(acting.act(percept.latent, percept.lineage, np.array(far, np.float32),
                                   step == 0, Objective(exploration=0.1)))
            acting.prepare(np.zeros(2))
    runs = np.flatnonzero(np.abs(np.diff(held, axis=0)).max(axis=1) > 0) + 1
    assert set(np.diff(runs)) == {4 if there < 0 else 1}


def test_what_explores_by_handling_does_not_call_it_pursuit() -> None:
    body, a, b = trained()
    aims = {}
    for model, exploration in ((True, 0.1), (True, 0.0), (False, 0.1)):
        acting = Controller(body.spec, ControllerConfig(handling=1.0, wanted_events=0.0),
                           np.random.default_rng(0))
        if model:
            acting.load(b)
        acting.act(np.zeros(12, np.float32), a.lineage, GOAL, True,
                   Objective(exploration=exploration))
        acting.prepare(np.zeros(2))
        aims[model, exploration] = acting.aim
    assert aims == {(True, 0.1): Aim.HANDLE, (True, 0.0): Aim.PURSUE, (False, 0.1): Aim.PURSUE}


def test_one_seed_gives_the_same_bits() -> None:
    first, second, other = (lived(behaviour(s), 5, Objective(exploration=0.2))[0]
                            for s in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_new_lineage_voids_what_was_prepared() -> None:
    _, a, b = trained()
    actor = behaviour()
    actor.act(np.zeros(12, np.float32), a.lineage, GOAL, True, Objective())
    actor.load(replace(b, meta={**b.meta, 'world_lineage': 'f' * 16}))
    with mock.patch.object(Planner, 'plan', side_effect=AssertionError('planned')):
        actor.prepare(GOAL)


def test_bad_input_and_snapshots_are_refused() -> None:
    _, a, b = trained()
    actor = behaviour()
    with pytest.raises(SpecError, match='goal'):
        actor.act(np.zeros(12), a.lineage, np.zeros(3), True, Objective())
    with pytest.raises(NonFiniteError):
        actor.act(np.full(12, np.nan), a.lineage, GOAL, True, Objective())
    for snapshot in (a, replace(b, spec=LinearSystem(7).spec), replace(b, blobs={}),
                     replace(b, meta={'latent': 'x'}), replace(b, meta={**b.meta, 'latent': 5})):
        with pytest.raises(SnapshotError):
            actor.load(snapshot)
    assert actor.version == b.version


def test_without_deliberation_the_habit_acts_in_every_step() -> None:
    body, _, b = trained()
    made = Controller(body.spec, ControllerConfig(enabled=False), np.random.default_rng(0))
    made.load(b)
    policy = session(b.blob('policy'))
    with mock.patch.object(Planner, 'plan', side_effect=AssertionError):
        for t in range(4):
            latent = np.full(12, 0.1 * t, np.float32)
            action = made.act(latent, b.meta['world_lineage'], GOAL, t == 0, Objective())
            habit = policy.run(None, {'latent': latent[None], 'goal': GOAL[None]})[0][0]
            assert np.array_equal(action, habit)
            made.prepare(GOAL)


def test_many_states_get_the_actions_that_each_of_them_would_get_alone() -> None:
    body, a, _ = trained()
    rng, made = np.random.default_rng(5), behaviour()
    perception = Perception(body.spec)
    perception.load(a)
    latent = np.stack([perception.encode(x) for x in rng.normal(size=(4, 6)).astype(np.float32)])
    goals = rng.normal(size=(4, 2)).astype(np.float32)
    together = made.act_for_all(latent, perception.lineage, goals, Objective())
    alone = [made.act(z, perception.lineage, goal, True, Objective())
             for z, goal in zip(latent, goals, strict=True)]
    assert together == pytest.approx(np.stack(alone), abs=1e-6)
    tried = made.act_for_all(latent, perception.lineage, goals, Objective(exploration=0.5))
    assert np.abs(tried).max() <= 1.0
    assert (tried != together).all()


def test_many_states_of_another_system_a_are_answered_at_random_and_wrong_ones_refused() -> None:
    made, goals = behaviour(), np.zeros((3, 2), np.float32)
    latent = np.zeros((3, 12), np.float32)
    strange = made.act_for_all(latent, 'beef', goals, Objective())
    assert strange.shape == (3, 3)
    assert len(np.unique(strange)) == 9
    lineage = made._model.world
    with pytest.raises(SpecError):
        made.act_for_all(latent, lineage, goals[:2], Objective())
    with pytest.raises(NonFiniteError):
        made.act_for_all(np.full((3, 12), np.nan, np.float32), lineage, goals, Objective())
