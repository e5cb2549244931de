"""The exported graphs compute what the torch functions compute, to 1e-5, for any batch."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from abm_ros.common.nets import Params
from abm_ros.common.snapshot import session
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.policy import actor
from abm_ros.policy import export as policy_export
from abm_ros.policy.config import ActorConfig
from abm_ros.world_model import export
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble import EnsembleModel
from abm_ros.world_model.ensemble_learner import EnsembleLearner
from abm_ros.world_model.normaliser import normalise

SPEC = ObservationSpec((FieldSpec('a', 4), FieldSpec('goal', 3), FieldSpec('b', 2)), 'goal',
                       0.2, 5, 0.05, 20)
SEEING = ObservationSpec((*SPEC.fields[:2], FieldSpec('b', 2, hidden=True),
                          FieldSpec('camera', 96, (3, 8, 4))), 'goal', 0.2, 5, 0.05, 20)
FAR = ObservationSpec((FieldSpec('a', 4, angles=True), FieldSpec('goal', 1, hidden=True),
                       FieldSpec('b', 2),
                       FieldSpec('camera', 96, (3, 8, 4))), 'goal', 0.2, 5, 0.05, 20)
CLOSE: dict[str, float] = {'atol': 1e-5, 'rtol': 1e-5}


@pytest.fixture(params=[(1, 1, SPEC), (4, 2, SPEC), (2, 1, SEEING), (2, 1, FAR)],
                ids=['one-member', 'ensemble', 'seeing', 'far'])
def model(request: pytest.FixtureRequest) -> tuple[EnsembleModel, Params]:
    """Return a world and a policy with random weights everywhere."""
    members, layers, spec = request.param
    config = WorldModelConfig(latent=11, image_latent=0, members=members, hidden=16, layers=layers)
    world = EnsembleLearner.create(config, spec, 0).freeze()
    rng = torch.Generator().manual_seed(5)
    params = actor.init_params(ActorConfig(hidden=16), world, rng)
    for params_of in (world.params, params):
        for name in params_of:
            if name == 'apart.place' or name.startswith('apart.distance.chain'):
                continue
            shape = params_of[name].shape
            noise = torch.randn(shape, generator=rng) / max(shape[-2:][0], 1) ** 0.5
            params_of[name] = noise if 'moments' not in name else 0.5 + noise.abs()
    return world, params


def numbers(*shape: int) -> torch.Tensor:
    rng = np.random.default_rng(sum(shape))
    return torch.from_numpy(rng.uniform(-1, 1, shape).astype(np.float32))


def check(graph: bytes, given: Mapping[str, torch.Tensor],
          expected: Mapping[str, torch.Tensor]) -> None:
    """Compare all outputs of a graph."""
    loaded = session(graph)
    assert {output.name for output in loaded.get_outputs()} == set(expected)
    got = loaded.run(list(expected), {name: value.numpy() for name, value in given.items()})
    for value, (name, wanted) in zip(got, expected.items(), strict=True):
        np.testing.assert_allclose(value, wanted, **CLOSE, err_msg=name)


def expected_proximity(world: EnsembleModel, latent: torch.Tensor) -> torch.Tensor:
    """Return what `proximity` is to give for latents (B, Z)."""
    if 'near.blocks' not in world.params:
        return torch.ones(len(latent))
    pairs = world.params['near.blocks']
    heeded = world.params['predictor.w0'][:, -4 * pairs.shape[2]:].unflatten(1, (4, -1))
    block = int(heeded.square().sum((0, 1, 3)).argmax())
    numbers = latent @ world.params['near.basis'] * world.scale + world.mean
    return torch.exp(-2.0 * (numbers @ pairs[:, :, block]).square().sum(1))


def members_of(world: EnsembleModel, latent: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
    return world.predict(latent.expand(world.members, -1, -1), action)


@pytest.mark.parametrize('batch', [1, 3])
def test_encode_and_perceive(model: tuple[EnsembleModel, Params], batch: int) -> None:
    world, _ = model
    size = world.spec.size
    now, before, action = numbers(batch, size), numbers(batch, size) + 0.3, numbers(batch, 5)
    graphs = export.graphs(world)
    latent = world.encode(now)
    check(graphs['encode'], {'observation': now}, {'latent': latent})
    member = members_of(world, world.encode(before), action)
    truth, old = (normalise(world.mean, world.scale, x[:, :world.spec.numbers])
                  for x in (now, before))
    error = [(x - truth).square().sum(1) for x in (world.readout(member.mean(0)), old)]
    check(graphs['perceive'], {'observation': now, 'previous': before, 'action': action},
          {'latent': latent, 'error': torch.stack(error, dim=1),
           'uncertainty': world.disagreement(member)})


@pytest.mark.parametrize('batch', [1, 6, 512])
def test_predict(model: tuple[EnsembleModel, Params], batch: int) -> None:
    world, _ = model
    latent, action = numbers(batch, 11), numbers(batch, 5)
    member = members_of(world, latent, action)
    mean = member.mean(0)
    check(export.predict_graph(world), {'latent': latent, 'action': action}, {
        'next': mean, 'observation': world.readout(mean) * world.scale + world.mean,
        'uncertainty': world.disagreement(member), 'proximity': expected_proximity(world, mean)})


def test_one_member_is_a_model_of_its_own(model: tuple[EnsembleModel, Params]) -> None:
    world, _ = model
    latent, action = numbers(6, 11), numbers(6, 5)
    all_members = members_of(world, latent, action)
    for k in range(world.members):
        alone = world.member(k)
        assert alone.members == 1
        torch.testing.assert_close(alone.predict(latent[None], action)[0], all_members[k],
                                   atol=1e-5, rtol=1e-5)


def graph_of(model: tuple[EnsembleModel, Params], name: str, horizon: int = 4) -> bytes:
    config = ActorConfig(hidden=16, plan_horizon=horizon)
    return policy_export.graphs(*model, config)[name]


@pytest.mark.parametrize('batch', [1, 6])
def test_policy(model: tuple[EnsembleModel, Params], batch: int) -> None:
    world, params = model
    latent, goal = numbers(batch, 11), numbers(batch, world.spec.goal_size)
    check(graph_of(model, 'policy'), {'latent': latent, 'goal': goal},
          {'action': actor.policy(params, actor.features(world, latent, goal))})


@pytest.mark.parametrize('plans', [1, 7])
def test_rollout(model: tuple[EnsembleModel, Params], plans: int) -> None:
    """Plans from one place and from several, step by step."""
    world, params = model
    latent, actions, goal = (numbers(plans, 11), numbers(plans, 4, 5),
                             numbers(plans, world.spec.goal_size))
    offset = 0.1 * numbers(4, 1, 11)
    member, now = latent.expand(world.members, plans, -1), world.achieved(latent)
    distance, disagreement, displacement, proximity = torch.zeros(4, plans)
    for t in range(4):
        member = world.predict(member, actions[:, t]) + offset[t]
        flat = world.achieved(member.flatten(0, 1)).view(world.members, plans, -1)
        excess = (torch.linalg.vector_norm(flat - goal, dim=-1) / 0.2 - 0.6).clamp_min(0)
        distance += excess.mean(0)
        disagreement += world.disagreement(member)
        moved = torch.linalg.vector_norm(flat - now, dim=-1)
        displacement += (moved / 0.2).clamp_max(1).mean(0)
        proximity += expected_proximity(world, member.mean(0))
    end = member.mean(0)
    seen = actor.features(world, end, goal)
    value = actor.values(params, seen, actor.policy(params, seen)).amin(0).clamp(-1.0, 0.0)
    check(graph_of(model, 'rollout'),
          {'latent': latent, 'actions': actions, 'goal': goal, 'offset': offset}, {
              'distance': distance, 'disagreement': disagreement, 'displacement': displacement,
              'proximity': proximity, 'value': value * excess.clamp_max(1.0).mean(0),
              'terminal_distance': torch.linalg.vector_norm(
                  world.achieved(end) - goal, dim=-1) / 0.2})


def test_proposals(model: tuple[EnsembleModel, Params]) -> None:
    world, params = model
    latent, goal, noise = (numbers(6, 11), numbers(6, world.spec.goal_size),
                           0.5 * numbers(6, 3, 5))
    state, plan = latent, []
    for t in range(3):
        habit = actor.policy(params, actor.features(world, state, goal))
        plan.append((habit + noise[:, t]).clamp(-1, 1))
        state = members_of(world, state, plan[-1]).mean(0)
    check(graph_of(model, 'proposal', 3), {'latent': latent, 'goal': goal, 'noise': noise},
          {'actions': torch.stack(plan, dim=1)})


def test_the_same_weights_give_the_same_bytes(model: tuple[EnsembleModel, Params]) -> None:
    assert graph_of(model, 'rollout') == graph_of(model, 'rollout')
