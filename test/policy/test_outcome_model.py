"""What is predicted of success and reward, where it is known what decides them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_bodies import trained

from abm_ros.common.transition import Batch
from abm_ros.policy import outcome_model
from abm_ros.policy.actor_learner import ActorLearner
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.outcome_learner import OutcomeLearner
from abm_ros.world_model.ensemble import EnsembleModel
from abm_ros.world_model.ensemble_learner import EnsembleLearner

SMALL = ActorConfig(hidden=16)
PLACE = np.array([0.5, -0.3], np.float32)


def world() -> EnsembleModel:
    body, a, _ = trained()
    return EnsembleLearner.view(a, body.spec)


def batch(seed: int, count: int = 128) -> Batch:
    return replace(trained()[0].batch(np.random.default_rng(seed), count, 1), told=True)


def told(data: Batch, won: np.ndarray) -> Batch:
    return replace(data, success=won.astype(np.float32)[:, None])


def at_place(data: Batch, radius: float = 0.25) -> np.ndarray:
    return np.asarray(np.linalg.norm(data.observation[:, 1, :2] - PLACE, axis=1) <= radius)


def learned(outcomes: OutcomeLearner, batches: list[Batch]) -> OutcomeLearner:
    model = world()
    for data in batches:
        latent = model.encode(torch.from_numpy(data.observation[:, 1])).detach()
        outcomes.learn(model, latent, data, 1.0)
    return outcomes


def predicted(outcomes: OutcomeLearner, data: Batch, outcome: int = 0) -> np.ndarray:
    model = world()
    latent = model.encode(torch.from_numpy(data.observation[:, 1]))
    found: np.ndarray = torch.sigmoid(
        outcome_model.logits(outcomes.frozen(), model, latent))[:, outcome].detach().numpy()
    return found


def test_it_knows_nothing_before_a_success_was_told() -> None:
    data = batch(0)
    outcomes = learned(OutcomeLearner(SMALL, 0), [told(data, np.zeros(128))] * 5)
    model = world()
    latent = model.encode(torch.from_numpy(data.observation[:, 1]))
    assert not outcome_model.cost(outcomes.frozen(), model, latent).any()


def test_one_success_says_where_to_go() -> None:
    """A single one among 128: what is nearer to where it was told costs less."""
    data = batch(1)
    distance = np.linalg.norm(data.observation[:, 1, :2] - PLACE, axis=1)
    won = np.arange(128) == distance.argmin()
    outcomes, model = learned(OutcomeLearner(SMALL, 0), [told(data, won)] * 30), world()
    new = batch(2)
    latent = model.encode(torch.from_numpy(new.observation[:, 1]))
    cost = outcome_model.cost(outcomes.frozen(), model, latent).detach().numpy()
    away = np.linalg.norm(new.observation[:, 1, :2] - data.observation[won, 1, :2], axis=1)
    assert np.corrcoef(np.argsort(np.argsort(away)), np.argsort(np.argsort(cost)))[0, 1] > 0.9


def test_a_place_is_told_from_its_surroundings() -> None:
    """Both kinds of outcomes weigh the same, so a rare success is rather claimed than missed."""
    outcomes = learned(OutcomeLearner(SMALL, 0), [
        told(data := batch(n), at_place(data)) for n in range(300)])
    new = batch(1000, 1000)
    found, right = predicted(outcomes, new) > 0.5, at_place(new)
    assert found[right].mean() > 0.95
    assert found[~right].mean() < 0.2


def test_success_need_not_be_a_place() -> None:
    """It is decided by a number that the goal is not about."""
    outcomes = learned(OutcomeLearner(SMALL, 0), [
        told(data := batch(n), data.observation[:, 1, 4] > 0.5) for n in range(400)])
    new = batch(1000, 1000)
    found, right = predicted(outcomes, new) > 0.5, new.observation[:, 1, 4] > 0.5
    assert (found == right).mean() > 0.9


def test_a_reward_is_predicted_between_the_worst_and_the_best() -> None:
    def paid(data: Batch) -> Batch:
        near = np.exp(-np.square(data.observation[:, 1, :2] - PLACE).sum(1))
        return replace(data, reward=(near - 1.0).astype(np.float32)[:, None])

    outcomes = learned(OutcomeLearner(SMALL, 0), [paid(batch(n)) for n in range(400)])
    new = paid(batch(1000, 1000))
    assert new.reward is not None
    assert np.corrcoef(predicted(outcomes, new, 1), 1.0 + new.reward[:, 0])[0, 1] > 0.95


@pytest.mark.parametrize('mask', [0.0, 1.0])
def test_padding_is_not_learned_from(mask: float) -> None:
    data = batch(0)
    padded = replace(told(data, np.ones(128)), mask=np.full((128, 1), mask, np.float32))
    outcomes = learned(OutcomeLearner(SMALL, 0), [padded])
    assert outcomes.frozen()[outcome_model.KNOWN].tolist() == [mask, 0.0]


def test_a_snapshot_keeps_what_was_told() -> None:
    model = world()
    state = ActorLearner.create(SMALL, model, 0)
    for n in range(3):
        state.learn(model, told(data := batch(n), at_place(data)))
    again = ActorLearner.restore(state.snapshot(model), model)
    kept, first = again.outcomes.frozen(), state.outcomes.frozen()
    assert kept.keys() == first.keys()
    assert all(torch.equal(kept[name], p) for name, p in first.items())
    assert first[outcome_model.KNOWN].tolist() == [1.0, 0.0]


def test_where_a_distance_counts_nothing_is_added() -> None:
    model = world()
    state = ActorLearner.create(SMALL, model, 0)
    state.learn(model, replace(batch(0), told=False, success=np.zeros((128, 1), np.float32)))
    assert not state.outcomes.params
    assert not any(name.startswith('outcome') for name in ActorLearner.restore(
        state.snapshot(model), model).params)


def test_a_refuted_claim_makes_room_for_the_next_at_once() -> None:
    """
    A place that a teacher showed was believed in for long; own experience refutes it.

    One batch later it is gone, and so is what the net learned of it, if another is told.
    """
    lie, outcomes, model = -PLACE, OutcomeLearner(SMALL, 0), world()
    sure = [replace(told(data := batch(n), np.linalg.norm(data.observation[:, 1, :2] - lie, axis=1)
                         < model.spec.goal_tolerance), weight=np.full(128, 0.5, np.float32))
            for n in range(100)]
    learned(outcomes, sure)
    assert np.linalg.norm(outcome_model.place(outcomes.params, model) - lie) < 0.3
    learned(outcomes, [refuting(batch(200), lie)])
    assert np.linalg.norm(outcome_model.place(outcomes.params, model) - PLACE) < 0.3


def test_a_claim_is_believed_while_its_surroundings_succeed() -> None:
    data = batch(0)
    outcomes = learned(OutcomeLearner(SMALL, 0), [told(data, at_place(data))] * 30)
    before = outcome_model.place(outcomes.params, world())
    data = refuting(batch(1), before)
    assert data.success is not None
    data.numbers[0, 1, :2], data.success[0] = before, 1.0
    learned(outcomes, [data])
    assert np.linalg.norm(outcome_model.place(outcomes.params, world()) - before) < 0.1


def refuting(data: Batch, lie: np.ndarray) -> Batch:
    """Return a batch with four visits to a place without a success, and one success at PLACE."""
    numbers = data.numbers.copy()
    numbers[:4, 1, :2] = lie
    numbers[4, 1, :2] = PLACE
    return replace(told(data, np.arange(128) == 4), numbers=numbers,
                   weight=np.ones(128, np.float32))
