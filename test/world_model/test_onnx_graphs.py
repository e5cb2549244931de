"""The hand-made ONNX graphs compute what the torch functions compute, to 1e-5."""

import numpy as np
import pytest
import torch

from abm_ros.common.nets import Params, to_arrays
from abm_ros.common.snapshot import session
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.policy import actor
from abm_ros.policy.actor import ActorConfig
from abm_ros.world_model import latent_model, onnx_graphs, world_model
from abm_ros.world_model.latent_model import World, WorldModelConfig

SPEC = ObservationSpec((FieldSpec('a', 4), FieldSpec('goal', 3), FieldSpec('b', 2)), 'goal',
                       0.2, 5, 0.05, 20)
SEEING = ObservationSpec((*SPEC.fields[:2], FieldSpec('b', 2, hidden=True),
                          FieldSpec('camera', 96, (3, 8, 4))), 'goal', 0.2, 5, 0.05, 20)
FAR = ObservationSpec((FieldSpec('a', 4, angles=True), FieldSpec('goal', 1, hidden=True),
                       FieldSpec('b', 2),
                       FieldSpec('camera', 96, (3, 8, 4))), 'goal', 0.2, 5, 0.05, 20)
CLOSE = {'atol': 1e-5, 'rtol': 1e-5}


@pytest.fixture(params=[(1, 1, SPEC), (4, 2, SPEC), (2, 1, SEEING), (2, 1, FAR)],
                ids=['one-member', 'ensemble', 'seeing', 'far'])
def model(request: pytest.FixtureRequest) -> tuple[World, Params]:
    """Return a world and a policy with random weights everywhere."""
    members, layers, spec = request.param
    config = WorldModelConfig(latent=11, image_latent=0, members=members, hidden=16, layers=layers)
    world = world_model.create(config, spec, 0).world()
    params = actor.create(ActorConfig(hidden=16), world, 0).params
    rng = torch.Generator().manual_seed(5)
    for params_of in (world.params, params):
        for name in params_of:
            if name == 'apart.place' or name.startswith('apart.distance.chain'):
                continue
            shape = params_of[name].shape
            noise = torch.randn(shape, generator=rng) / max(shape[-2:][0], 1) ** 0.5
            params_of[name] = noise if 'moments' not in name else 0.5 + noise.abs()
    return world, params


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape).astype(np.float32)


def expected_proximity(world: World, latent: torch.Tensor) -> torch.Tensor:
    """Return what the graph's `proximity` is to give for latents (B, Z)."""
    if 'near.blocks' not in world.params:
        return torch.ones(len(latent))
    pairs = world.params['near.blocks']
    heeded = world.params['predictor.w0'][:, -4 * pairs.shape[2]:].unflatten(1, (4, -1))
    block = int(heeded.square().sum((0, 1, 3)).argmax())
    numbers = (latent @ world.params['near.basis'] * world.params['moments.scale']
               + world.params['moments.mean'])
    return torch.exp(-2.0 * (numbers @ pairs[:, :, block]).square().sum(1))


def test_perceive(model: tuple[World, Params]) -> None:
    world, _ = model
    size = world.spec.size
    now, before, action = numbers(1, size), numbers(1, size) + 0.3, numbers(1, 5)
    graph = session(onnx_graphs.perceive_graph(to_arrays(world.params), world.spec))
    latent, error, disagreement = graph.run(None, {'observation': now, 'previous': before,
                                            'action': action})
    old, new = torch.from_numpy(before), torch.from_numpy(now)
    start = latent_model.encode(world.params, world.spec, old)
    member = latent_model.predict(world.params, start.expand(world.config.members, -1, -1),
                                  torch.from_numpy(action))
    truth = latent_model.normalised(world.params, new)
    gap = latent_model.readout(world.params, member.mean(0)) - truth
    change = latent_model.normalised(world.params, old) - truth
    np.testing.assert_allclose(latent, latent_model.encode(world.params, world.spec, new), **CLOSE)
    np.testing.assert_allclose(error, [gap.square().sum(), change.square().sum()], **CLOSE)
    expected = latent_model.disagreement(world.params, member)
    np.testing.assert_allclose(disagreement, expected, **CLOSE)


def test_predict(model: tuple[World, Params]) -> None:
    world, _ = model
    latent, action = numbers(6, 11), numbers(6, 5)
    graph = session(onnx_graphs.predict_graph(to_arrays(world.params)))
    got = graph.run(['members', 'next', 'observation', 'uncertainty', 'proximity'],
                    {'latent': latent, 'action': action})
    start = torch.from_numpy(latent).expand(world.config.members, -1, -1)
    member = latent_model.predict(world.params, start, torch.from_numpy(action))
    seen = (latent_model.readout(world.params, member.mean(0)) * world.params['moments.scale']
            + world.params['moments.mean'])
    for value, expected in zip(got, (member, member.mean(0), seen, latent_model.disagreement(
            world.params, member), expected_proximity(world, member.mean(0))), strict=True):
        np.testing.assert_allclose(value, expected, **CLOSE)


def test_policy(model: tuple[World, Params]) -> None:
    world, params = model
    latent, goal = numbers(6, 11), numbers(6, world.spec.goal_size)
    arrays = to_arrays(world.params) | to_arrays(params)
    graph = session(onnx_graphs.policy_graph(arrays, world.spec))
    expected = actor.policy(params, actor.features(
        world, torch.from_numpy(latent), torch.from_numpy(goal)))
    np.testing.assert_allclose(graph.run(None, {'latent': latent, 'goal': goal})[0],
                               expected.detach(), **CLOSE)


def test_rollout_cost(model: tuple[World, Params]) -> None:
    world, params = model
    latent, actions, goal = numbers(1, 11), numbers(7, 4, 5), numbers(1, world.spec.goal_size)
    offset = 0.1 * numbers(4, 1, 11)
    arrays = to_arrays(world.params) | to_arrays(params)
    graph = session(onnx_graphs.rollout_graph(arrays, world.spec, 4, 0.6))
    got = graph.run(['distance', 'disagreement', 'displacement', 'proximity', 'value',
                     'terminal_distance'],
                    {'latent': latent, 'actions': actions, 'goal': goal, 'offset': offset})
    member = torch.from_numpy(latent).expand(world.config.members, 7, -1)
    now = latent_model.goal_estimate(world.params, world.spec, torch.from_numpy(latent))
    distance, disagreement, displacement, proximity = torch.zeros(4, 7)
    for t in range(4):
        member = latent_model.predict(world.params, member, torch.from_numpy(actions[:, t]))
        member = member + torch.from_numpy(offset[t])
        flat = latent_model.goal_estimate(world.params, world.spec, member.flatten(0, 1))
        terminal_distance = torch.linalg.vector_norm(
            flat - torch.from_numpy(goal), dim=-1).view(-1, 7)
        excess = (terminal_distance / 0.2 - 0.6).clamp_min(0)
        distance += excess.mean(0)
        disagreement += latent_model.disagreement(world.params, member)
        moved = torch.linalg.vector_norm(flat - now, dim=-1).view(-1, 7)
        displacement += (moved / 0.2).clamp_max(1).mean(0)
        proximity += expected_proximity(world, member.mean(0))
    end, wanted = member.mean(0), torch.from_numpy(goal).expand(7, -1)
    seen = actor.features(world, end, wanted)
    value = actor.values(params, seen, actor.policy(params, seen)).amin(0).clamp(-1.0, 0.0)
    value = value.detach() * excess.clamp_max(1.0).mean(0)
    gap = latent_model.goal_estimate(world.params, world.spec, end) - wanted
    terminal_distance = torch.linalg.vector_norm(gap, dim=-1) / 0.2
    told = distance, disagreement, displacement, proximity, value, terminal_distance
    for given, expected in zip(got, told, strict=True):
        np.testing.assert_allclose(given, expected, **CLOSE)


def test_proposals(model: tuple[World, Params]) -> None:
    world, params = model
    latent, goal, noise = numbers(1, 11), numbers(1, world.spec.goal_size), 0.5 * numbers(6, 3, 5)
    arrays = to_arrays(world.params) | to_arrays(params)
    got = session(onnx_graphs.proposal_graph(arrays, world.spec, 3)).run(
        None, {'latent': latent, 'goal': goal, 'noise': noise})[0]
    state = torch.from_numpy(latent).expand(6, -1)
    wanted = torch.from_numpy(goal).expand(6, -1)
    for t in range(3):
        habit = actor.policy(params, actor.features(world, state, wanted))
        action = (habit + torch.from_numpy(noise[:, t])).clamp(-1, 1)
        np.testing.assert_allclose(got[:, t], action.detach(), **CLOSE)
        state = latent_model.predict(world.params, state.expand(world.config.members, -1, -1),
                                     action).mean(0)


def test_the_same_weights_give_the_same_bytes(model: tuple[World, Params]) -> None:
    arrays, spec = to_arrays(model[0].params) | to_arrays(model[1]), model[0].spec
    assert onnx_graphs.rollout_graph(arrays, spec, 3) == onnx_graphs.rollout_graph(arrays, spec, 3)
