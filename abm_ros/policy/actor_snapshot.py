"""System B's snapshots: policy and A's rollout graphs to act with, weights to learn on from."""

from dataclasses import asdict

import numpy as np
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from abm_ros.common import nets
from abm_ros.common.config import from_mapping
from abm_ros.common.errors import ConfigError, SnapshotError
from abm_ros.common.seeds import derive_seed
from abm_ros.common.snapshot import Snapshot
from abm_ros.policy import actor
from abm_ros.policy.actor import ActorConfig, ActorState
from abm_ros.world_model import onnx_graphs
from abm_ros.world_model.latent_model import World


def snapshot(state: ActorState, world: World) -> Snapshot:
    """
    Return what System B acts with: its policy, and A's model to plan in.

    :param world: the model that the policy was last trained in.
    """
    own = nets.to_arrays(state.params)
    arrays = {**nets.to_arrays(world.params), **own}
    weights = {**own, **{f'target.{n}': a for n, a in nets.to_arrays(state.target).items()}}
    spec, horizon = state.spec, state.config.plan_horizon
    return Snapshot(
        'system_b', state.version, state.lineage, spec, asdict(state.config),
        {'world_lineage': world.lineage, 'world_version': world.version,
         'latent': world.config.latent, 'members': world.config.members},
        {'weights': save_safetensors(weights), 'predict': onnx_graphs.predict_graph(arrays),
         'policy': onnx_graphs.policy_graph(arrays, spec),
         'proposal': onnx_graphs.proposal_graph(arrays, spec, horizon),
         'rollout': onnx_graphs.rollout_graph(arrays, spec, horizon, state.config.goal_deadband)})


def restore(source: Snapshot, world: World) -> ActorState:
    """
    Go on learning from a snapshot in a model of the same lineage; only Adam starts anew.

    :raises SnapshotError: of another kind, spec or lineage of A, or weights that do not fit.
    """
    if source.kind != 'system_b' or source.spec != world.spec:
        raise SnapshotError(f'expected a snapshot of system_b with the same observation spec, '
                            f"got '{source.kind}'")
    if source.meta.get('world_lineage') != world.lineage:
        raise SnapshotError("system_b's snapshot reads latents of lineage "
                            f"{source.meta.get('world_lineage')}, System A has {world.lineage}; "
                            'keep both snapshots of a life together')
    try:
        config = from_mapping(ActorConfig, source.config)
        arrays = load_safetensors(source.blob('weights'))
    except (ConfigError, TypeError) as error:
        raise SnapshotError(f'system_b snapshot cannot be used: {error}') from error
    except SnapshotError:
        raise
    except Exception as error:  # safetensors raises a type of its own without a common base
        raise SnapshotError(f'system_b weights cannot be read: {error}') from error
    expected = {n: tuple(p.shape) for n, p in actor.create(config, world, 0).params.items()}
    expected |= {f'target.{n}': s for n, s in expected.items() if n.startswith('critic.')}
    got = {n: tuple(a.shape) for n, a in arrays.items()}
    if got != expected:
        wrong = sorted(n for n in {*got, *expected} if got.get(n) != expected.get(n))
        raise SnapshotError(f'system_b weights do not fit their config: {", ".join(wrong[:5])}')
    if not all(np.isfinite(a).all() for a in arrays.values()):
        raise SnapshotError('system_b weights are not finite')
    params = nets.from_arrays({n: np.asarray(a, np.float32) for n, a in arrays.items()})
    target = {n.removeprefix('target.'): params.pop(n) for n in list(params)
              if n.startswith('target.')}
    seed = derive_seed(source.version, f'{source.lineage}/imagination')
    return actor.assemble(config, world.spec, params, target,
                          (source.lineage, source.version, world.lineage), seed)
