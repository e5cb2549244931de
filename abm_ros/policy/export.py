"""
The graphs of System B's snapshot, made from the latent actor and any `WorldModel`.

`contract.py` describes their names, inputs and outputs, on which the acting node depends.
"""

from collections.abc import Mapping

from torch import Tensor

from abm_ros.common.onnx_export import export
from abm_ros.policy.actor import features, policy
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.imagination import propose, rollout
from abm_ros.world_model.contract import WorldModel
from abm_ros.world_model.export import predict_graph


def graphs(world: WorldModel, params: Mapping[str, Tensor],
           config: ActorConfig, told: bool = False) -> dict[str, bytes]:
    """
    Return the graphs of a system_b snapshot.

    :param world: the model to plan in.
    :param params: of the actor and its critics, without gradient.
    :param told: the goal has no place; see `ObservationSpec`.
    """
    spec, horizon = world.spec, config.plan_horizon
    latent, goal = ('B', world.latent_size), ('B', spec.goal_size)
    plans = ('B', horizon, spec.action_size)
    return {
        'predict': predict_graph(world),
        'policy': export(lambda latent, goal: {
            'action': policy(params, features(world, latent, None if told else goal))},
            {'latent': latent, 'goal': goal}),
        'proposal': export(lambda **given: propose(world, params, told, **given),
                           {'latent': latent, 'goal': goal, 'noise': plans}),
        'rollout': export(
            lambda **given: rollout(world, params, config.goal_deadband, told, **given), {
                'latent': latent, 'actions': plans, 'goal': goal,
                'offset': (horizon, 1, world.latent_size)})}
