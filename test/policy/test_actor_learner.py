"""System B: values against closed forms, and a policy that reaches in a known world."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_bodies import trained

from abm_ros.common import nets
from abm_ros.common.errors import SnapshotError
from abm_ros.common.transition import Batch
from abm_ros.policy import actor
from abm_ros.policy.actor_learner import ActorLearner
from abm_ros.policy.config import ActorConfig
from abm_ros.world_model.ensemble import EnsembleModel
from abm_ros.world_model.ensemble_learner import EnsembleLearner

SMALL = ActorConfig(hidden=16)


def world() -> EnsembleModel:
    body, a, _ = trained()
    return EnsembleLearner.view(a, body.spec)


def batch(seed: int, count: int = 64) -> Batch:
    return trained()[0].batch(np.random.default_rng(seed), count, 1)


def reached(data: Batch) -> Batch:
    """Return the batch with goals that every transition reaches."""
    return replace(data, goal=data.observation[:, 1, :2].copy())


def weights(state: ActorLearner, part: str) -> list[torch.Tensor]:
    return [p.detach().clone() for n, p in state.params.items() if n.startswith(part)]


def test_a_new_policy_rests_and_its_values_are_zero() -> None:
    model = world()
    state = ActorLearner.create(SMALL, model, 0)
    latent, goal = torch.randn(5, 12), torch.randn(5, 2)
    seen = actor.features(model, latent, goal)
    assert torch.equal(actor.policy(state.params, seen), torch.zeros(5, 3))
    assert torch.equal(actor.values(state.params, seen, torch.ones(5, 3)), torch.zeros(2, 5))


def test_the_features_show_the_way_to_the_goal() -> None:
    model = world()
    seen = torch.from_numpy(batch(0).observation[:, 0])
    features = actor.features(model, model.encode(seen), seen[:, :2] + 0.5)
    expected = 0.5 / model.scale[:2]
    assert float((features[:, -2:] - expected).abs().mean()) < 0.05


def test_values_where_every_step_reaches_the_goal_are_zero() -> None:
    state, model = ActorLearner.create(SMALL, world(), 0), world()
    metrics = [state.learn_values(model, reached(batch(i))) for i in range(20)]
    assert all(m['value'] == 0.0 for m in metrics)


def test_values_where_the_goal_is_never_reached_fall_to_minus_one() -> None:
    """-(1 - g) (1 + g + g^2 + ...) = -1, whatever the discount g."""
    config = replace(SMALL, discount=0.6, target_rate=0.2, learning_rate=5e-3)
    state, model = ActorLearner.create(config, world(), 0), world()
    for i in range(200):
        far = replace(batch(i), goal=np.full((64, 2), 50.0, np.float32))
        value = state.learn_values(model, far)['value']
    assert value == pytest.approx(-1.0, abs=0.05)


def test_a_value_step_leaves_the_policy_alone() -> None:
    state, model = ActorLearner.create(SMALL, world(), 0), world()
    before = weights(state, 'actor.')
    state.learn_values(model, batch(0))
    assert all(torch.equal(a, b) for a, b in zip(before, weights(state, 'actor.'), strict=True))
    state.learn(model, batch(0))
    assert not all(torch.equal(a, b) for a, b in zip(before, weights(state, 'actor.'),
                                                     strict=True))


def test_training_leaves_the_world_alone() -> None:
    model = world()
    before = {n: p.clone() for n, p in model.params.items()}
    ActorLearner.create(SMALL, model, 0).learn(model, batch(0))
    assert all(torch.equal(p, before[n]) for n, p in model.params.items())


def test_the_policy_moves_to_the_goal_in_the_true_system() -> None:
    body, model = trained()[0], world()
    state = ActorLearner.create(replace(SMALL, learning_rate=3e-3), model, 0)
    for i in range(250):
        state.learn(model, batch(i))
    data = batch(999, 200)
    now, goal = data.observation[:, 0].copy(), data.observation[:, 0, :2] + np.float32(0.4)
    for _ in range(6):
        latent = model.encode(torch.from_numpy(now))
        action = actor.policy(
            state.params, actor.features(model, latent, torch.from_numpy(goal)))
        now = now + action.detach().numpy() @ body.gain
    assert np.linalg.norm(now[:, :2] - goal, axis=1).mean() < 0.25 * 0.4 * 2 ** 0.5


def test_one_seed_gives_the_same_bits() -> None:
    model, results = world(), []
    for seed in (1, 1, 2):
        state = ActorLearner.create(SMALL, model, seed)
        for i in range(3):
            state.learn(model, batch(i))
        results.append(state.snapshot(model).to_bytes())
    assert results[0] == results[1] != results[2]


def test_an_infinite_gradient_is_not_applied() -> None:
    state, model = ActorLearner.create(SMALL, world(), 0), world()
    broken = {**model.params, 'moments.scale': torch.zeros(6)}
    state.learn(replace(model, params=broken), batch(0))
    assert state.skipped > 0
    assert all(bool(torch.isfinite(p).all()) for p in state.params.values())


def test_goals_of_a_wrong_size_are_refused() -> None:
    state, model = ActorLearner.create(SMALL, world(), 0), world()
    with pytest.raises(ValueError, match='goal'):
        state.learn(model, replace(batch(0), goal=np.zeros((64, 3), np.float32)))


def test_a_snapshot_of_another_lineage_is_refused() -> None:
    _, _, b = trained()
    with pytest.raises(SnapshotError, match='lineage'):
        ActorLearner.restore(b, replace(world(), lineage='f' * 16))


def test_without_imagination_the_policy_follows_the_critics_alone() -> None:
    """A critic whose value is the first action: the policy learns to take it, model or not."""
    model = world()
    state = ActorLearner.create(replace(SMALL, imagined_steps=0, learning_rate=0.02), model, 0)
    size = state.params['critic.skip'].shape[1]
    for name, p in state.params.items():
        if name.startswith('critic.'):
            p.data.zero_()
    state.params['critic.skip'].data[:, size - 3] = 1.0
    state.critic_optimiser.param_groups[0]['full_lr'] = 0.0
    blind = replace(model, params={n: p * (0.0 if n.startswith('predictor.') else 1.0)
                                   for n, p in model.params.items()})
    for _ in range(60):
        state.learn(blind, batch(3))
    seen = model.encode(torch.from_numpy(batch(4).observation[:, 0]))
    action = actor.policy(state.params, actor.features(model, seen, torch.zeros(len(seen), 2)))
    assert action[:, 0].mean() > 0.8


def test_what_the_task_told_counts_and_no_distance() -> None:
    """Told to succeed, every step is worth 0, however far the goal; told not to, none is."""
    model = world()
    for told, value in ((1.0, 0.0), (0.0, -1.0)):
        config = replace(SMALL, discount=0.6, target_rate=0.2, learning_rate=5e-3)
        state = ActorLearner.create(config, model, 0)
        for i in range(200):
            data = batch(i) if told else reached(batch(i))
            found = state.learn_values(model, replace(
                data, success=np.full((64, 1), told, np.float32)))
        assert found['value'] == pytest.approx(value, abs=0.05)


def test_where_the_task_told_nothing_the_distance_counts() -> None:
    state, model = ActorLearner.create(SMALL, world(), 0), world()
    unknown = np.full((64, 1), -1.0, np.float32)
    assert state.learn_values(model, replace(reached(batch(0)), success=unknown))['value'] == 0.0


@pytest.mark.parametrize('reward', [-0.25, -0.5])
def test_a_reward_sets_the_price_of_a_step(reward: float) -> None:
    """r (1 - g) (1 + g + g^2 + ...) = r of the worst, for a reward r between that and the best."""
    config = replace(SMALL, discount=0.6, target_rate=0.2, learning_rate=5e-3)
    state, model = ActorLearner.create(config, world(), 0), world()
    for i in range(200):
        far = replace(batch(i), goal=np.full((64, 2), 50.0, np.float32),
                      reward=np.full((64, 1), reward, np.float32))
        value = state.learn_values(model, far)['value']
    assert value == pytest.approx(reward, abs=0.05)


def test_a_goal_without_a_place_changes_nothing() -> None:
    model, results = world(), []
    for goal in (0.0, 50.0):
        state = ActorLearner.create(SMALL, model, 1)
        for i in range(5):
            state.learn(model, replace(
                batch(i), goal=np.full((64, 2), goal, np.float32), told=True,
                success=np.zeros((64, 1), np.float32)))
        results.append(nets.to_arrays({n: p.detach() for n, p in state.params.items()}))
    for name, array in results[0].items():
        np.testing.assert_array_equal(array, results[1][name])


@pytest.mark.parametrize('kind', [1.0, -1.0])
def test_what_a_teacher_did_or_corrected_is_imitated_as_far_as_it_counts(kind: float) -> None:
    """Demonstrations have a positive `shown`, corrections a negative one."""
    model, away = world(), []
    data = batch(0)
    for strength in (0.0, 0.2, 1.0):
        state = ActorLearner.create(replace(SMALL, learning_rate=3e-3, imitation_weight=30.0),
                                    model, 0)
        shown = replace(data, action=np.full_like(data.action, 0.5),
                        weight=np.ones(64, np.float32),
                        shown=np.full(64, kind * strength, np.float32))
        for _ in range(15):
            state.learn(model, shown)
        latent = model.encode(torch.from_numpy(data.observation[:, 0]))
        done = actor.policy(state.params, actor.features(
            model, latent, torch.from_numpy(data.goal)))
        away.append(float((done - 0.5).square().mean().detach()))
    assert away[0] > 1.3 * away[1] > 1.69 * away[2]
