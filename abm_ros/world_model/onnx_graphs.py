"""
ONNX graphs made by hand from arrays of weights, in milliseconds.

A learner publishes a snapshot every second or two, and torch's exporter takes longer than that.
Parity with the torch functions of `latent_model` and `actor` is tested.
Shape letters: B batch, D observation, V plain numbers in it, A action, Z latent, G goal,
K ensemble members, N candidate plans, H planning horizon.
"""

import numpy as np

from abm_ros.common.onnx_builder import Arrays
from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model.onnx_world import WorldGraph

ROLLED = ('terminal_distance', 'proximity', 'distance', 'disagreement', 'displacement', 'value')


def perceive_graph(arrays: Arrays, spec: ObservationSpec) -> bytes:
    """
    System A's acting path for one transition.

    Inputs: observation, previous (1, D), action (1, A). Outputs: latent (1, Z); error (2,), the
    squared error of the prediction and of persistence in normalised plain numbers;
    uncertainty (1,), the members' disagreement about this transition.
    """
    g = WorldGraph(arrays)
    both = g.op('Concat', 'observation', 'previous', axis=0)
    seen, numbers = g.perceived(both, spec)
    now, before = g.ops('Split', 2, numbers, axis=0, num_outputs=2)
    latents = g.net('encoder', seen, single=True)
    latent, source = g.ops('Split', 2, latents, axis=0, num_outputs=2)
    member = g.predict(g.expand(source), 'action')
    guess = g.readout(g.mean_member(member))
    error = [g.op('ReduceSumSquare', g.op('Sub', now, x), g.axes(1), keepdims=0)
             for x in (guess, before)]
    return g.build(
        {'observation': (1, spec.size), 'previous': (1, spec.size), 'action': (1, g.action)},
        {'latent': latent, 'error': g.op('Concat', *error, axis=0),
         'uncertainty': g.disagreement(member)},
        {'latent': (1, g.latent), 'error': (2,), 'uncertainty': (1,)})


def encode_graph(arrays: Arrays, spec: ObservationSpec) -> bytes:
    """
    System A's control path alone: what System B waits for.

    Input: observation (1, D). Output: latent (1, Z).
    """
    g = WorldGraph(arrays)
    latent = g.net('encoder', g.perceived('observation', spec)[0], single=True)
    return g.build({'observation': (1, spec.size)}, {'latent': latent}, {'latent': (1, g.latent)})


def predict_graph(arrays: Arrays) -> bytes:
    """
    One imagined step of a batch.

    Inputs: latent (B, Z), action (B, A). Outputs: members (K, B, Z); next (B, Z), their mean;
    observation (B, V), the plain numbers in their own units; uncertainty (B,); beside (B,), of the
    mean.
    """
    g = WorldGraph(arrays)
    member = g.predict(g.expand('latent'), 'action')
    mean = g.mean_member(member)
    raw = g.op('Add', g.op('Mul', g.readout(mean), g.weight('moments.scale')),
               g.weight('moments.mean'))
    return g.build({'latent': ('B', g.latent), 'action': ('B', g.action)},
                   {'members': member, 'next': mean, 'observation': raw,
                    'uncertainty': g.disagreement(member), 'proximity': g.proximity(mean)},
                   {'members': (g.members, 'B', g.latent), 'next': ('B', g.latent),
                    'observation': ('B', g.numbers), 'uncertainty': ('B',), 'proximity': ('B',)})


def _goal_arrays(arrays: Arrays, spec: ObservationSpec) -> dict[str, np.ndarray]:
    """Add a readout of the achieved goal alone, in units of the goal's own."""
    part = spec.goal_slice
    scale, mean = arrays['moments.scale'][part], arrays['moments.mean'][part]
    goal = {n.replace('readout.', 'goal.'): a for n, a in arrays.items()
            if n.startswith('readout.')}
    for name in ('out', 'skip', 'bias'):
        goal[f'goal.{name}'] = arrays[f'readout.{name}'][..., part] * scale
    goal['goal.bias'] = goal['goal.bias'] + mean
    return {**arrays, **goal, 'goal_mean': mean, 'goal_scale': scale}


def rollout_graph(arrays: Arrays, spec: ObservationSpec, horizon: int,
                  goal_deadband: float = 0.0) -> bytes:
    """
    Cost of candidate plans over A's ensemble, every member on a trajectory of its own.

    Inputs: latent (1, Z), actions (N, H, A), goal (1, G) in its own units, offset (H, 1, Z) that
    is added to every member's prediction of a step. Outputs, sums over the
    horizon (N,), distances in tolerances and averaged over members: distance,
    max(|achieved - goal| - content, 0); doubt, the disagreement; influence,
    min(|achieved - achieved now|, 1); company, `WorldGraph.proximity` of the members' mean. Of the
    end alone (N,): away, how far the members' mean is from the goal, in tolerances; value, in
    [-1, 0]: what the least of B's critics gives for going on by habit from that mean, and 0 where
    the goal is reached there (times the last excess, at most 1).
    """
    g = WorldGraph(_goal_arrays(arrays, spec))
    now = g.goal('latent')
    plans = g.op('Transpose', 'actions', perm=[1, 0, 2])
    steps = g.ops('Split', horizon, plans, axis=0, num_outputs=horizon)     # each (1, N, A)
    count = g.op('Slice', g.op('Shape', 'actions'), g.constant('zero', np.array([0])),
                 g.constant('one', np.array([1])))
    offsets = g.ops('Split', horizon, 'offset', axis=0, num_outputs=horizon)
    shape = g.op('Concat', g.constant('k', np.array([g.members])), count,
                 g.constant('z', np.array([g.latent])), axis=0)
    member, way = g.op('Expand', 'latent', shape), list[str]()
    for action, offset in zip(steps, offsets, strict=True):
        member = g.op('Add', g.predict(member, action), offset)
        way.append(member)
    # What is read out of the way is read at once: a dozen small operators cost more than one.
    latents = g.op('Concat', *way, axis=1)                                  # (K, H N, Z)
    flat = g.op('Reshape', latents, g.constant('flat_way', np.array([-1, g.latent])))
    achieved = g.op('Reshape', g.goal(flat), g.constant('by_member', np.array(
        [g.members, -1, spec.goal_size])))
    whole = g.constant('whole', 1.0)

    def apart(other: str, here: str = achieved) -> str:
        square = g.op('ReduceSumSquare', g.op('Sub', here, other), g.axes(-1), keepdims=0)
        return g.op('Div', g.op('Sqrt', g.op('Add', square, g.constant('tiny', 1e-12))),
                    g.constant('tolerance', spec.goal_tolerance))

    def total(each: str) -> str:
        by_step = g.op('Reshape', each, g.constant('by_step', np.array([horizon, -1])))
        return g.op('ReduceSum', by_step, g.axes(0), keepdims=0)

    excess = g.op('Relu', g.op('Sub', apart('goal'), g.constant('goal_deadband', goal_deadband)))
    last = g.ops('Split', horizon, excess, axis=1, num_outputs=horizon)[-1]
    end = g.mean_member(member)
    mean = g.op('Reshape', g.mean_member(latents),
                g.constant('mean_way', np.array([-1, g.latent])))
    return g.build({'latent': (1, g.latent), 'actions': ('N', horizon, g.action),
                    'goal': (1, spec.goal_size), 'offset': (horizon, 1, g.latent)},
                   {'terminal_distance': apart('goal', g.goal(end)),
                    'proximity': total(g.proximity(mean)),
                    'distance': total(g.mean_member(excess)),
                    'disagreement': total(g.disagreement(latents)),
                    'displacement': total(g.mean_member(g.op('Min', apart(now), whole))),
                    'value': g.op('Mul', g.mean_member(g.op('Min', last, whole)),
                                  _value(g, end, 'goal'))},
                   dict.fromkeys(ROLLED, ('N',)))


def _features(g: WorldGraph, latent: str, goal: str) -> str:
    """Append what `actor.features` computes of (B, Z) and (B or 1, G)."""
    gap = g.op('Div', g.op('Sub', goal, g.goal(latent)), g.weight('goal_scale'))
    wanted = g.op('Div', g.op('Sub', goal, g.weight('goal_mean')), g.weight('goal_scale'))
    wanted = g.op('Add', wanted, g.op('Mul', gap, g.constant('none', 0.0)))  # repeats per row
    return g.op('Concat', latent, wanted, gap, axis=-1)


def _policy(g: WorldGraph, latent: str, goal: str) -> str:
    """Append what `actor.policy` computes: (B, A) of (B, Z) and (B or 1, G)."""
    return g.op('Tanh', g.net('actor', _features(g, latent, goal), single=True))


def _value(g: WorldGraph, latent: str, goal: str) -> str:
    """Append the least of what `actor.values` computes (B,) for the policy's action."""
    seen = _features(g, latent, goal)
    pair = g.op('Concat', seen, g.op('Tanh', g.net('actor', seen, single=True)), axis=-1)
    each = g.net('critic', g.op('Unsqueeze', pair, g.axes(0)))                  # (C, B, 1)
    least = g.op('ReduceMin', each, g.axes(0, 2), keepdims=0)
    return g.op('Clip', least, g.constant('worst', -1.0), g.constant('best', 0.0))


def policy_graph(arrays: Arrays, spec: ObservationSpec) -> bytes:
    """System B's habit. Inputs: latent (B, Z), goal (B, G). Output: action (B, A)."""
    g = WorldGraph(_goal_arrays(arrays, spec))
    return g.build({'latent': ('B', g.latent), 'goal': ('B', spec.goal_size)},
                   {'action': _policy(g, 'latent', 'goal')}, {'action': ('B', g.action)})


def proposal_graph(arrays: Arrays, spec: ObservationSpec, horizon: int) -> bytes:
    """
    Plans that the policy would follow, as proposals for the planner.

    Inputs: latent (1, Z), goal (1, G), noise (N, H, A) added to its actions.
    Output: actions (N, H, A) in [-1, 1].
    """
    g = WorldGraph(_goal_arrays(arrays, spec))
    noises = g.ops('Split', horizon, 'noise', axis=1, num_outputs=horizon)
    latent, plan = 'latent', []
    for i, noise in enumerate(noises):
        flat = g.op('Squeeze', noise, g.axes(1))
        action = g.op('Clip', g.op('Add', _policy(g, latent, 'goal'), flat),
                      g.constant('least', -1.0), g.constant('most', 1.0))
        plan.append(g.op('Unsqueeze', action, g.axes(1)))
        if i + 1 < horizon:
            rows = g.op('Mul', flat, g.constant('none', 0.0))
            start = g.op('Add', latent, g.op('ReduceSum', rows, g.axes(1), keepdims=1))
            latent = g.mean_member(g.predict(g.expand(start), action))
    return g.build({'latent': (1, g.latent), 'goal': (1, spec.goal_size),
                    'noise': ('N', horizon, g.action)},
                   {'actions': g.op('Concat', *plan, axis=1)},
                   {'actions': ('N', horizon, g.action)})
