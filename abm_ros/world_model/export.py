"""
The graphs of a System A's snapshot, made from any `WorldModel`.

Acting nodes depend on these names, inputs and outputs; lengths marked B are free.

- `encode`: observation (B, D) -> latent (B, Z). The control path runs this graph alone.
- `perceive`: observation, previous (B, D), action (B, A) -> latent (B, Z); error (B, 2), the
  squared errors of the prediction and of persistence in normalised plain numbers; uncertainty
  (B,), the members' disagreement about this transition.
- `predict`: latent (B, Z), action (B, A) -> next (B, Z), the members' mean; observation (B, V),
  its plain numbers in their own units; uncertainty (B,); proximity (B,), of the mean.
"""

import torch
from torch import Tensor

from abm_ros.common.onnx_export import export
from abm_ros.world_model.contract import WorldModel
from abm_ros.world_model.normaliser import normalise


def perceive(model: WorldModel, observation: Tensor, previous: Tensor,
             action: Tensor) -> dict[str, Tensor]:
    """Return the outputs of graph `perceive`; see the module."""
    both = torch.cat([observation, previous])
    latent, source = model.encode(both).chunk(2)
    now, before = normalise(model.mean, model.scale, both[:, :model.spec.numbers]).chunk(2)
    member = model.predict(source.expand(model.members, -1, -1), action)
    error = [(now - guess).square().sum(-1, keepdim=True)
             for guess in (model.readout(member.mean(0)), before)]
    return {'latent': latent, 'error': torch.cat(error, dim=-1),
            'uncertainty': model.disagreement(member)}


def predict(model: WorldModel, latent: Tensor, action: Tensor) -> dict[str, Tensor]:
    """Return the outputs of graph `predict`; see the module."""
    member = model.predict(latent.expand(model.members, -1, -1), action)
    mean = member.mean(0)
    return {'next': mean, 'observation': model.readout(mean) * model.scale + model.mean,
            'uncertainty': model.disagreement(member), 'proximity': model.proximity(mean)}


def graphs(model: WorldModel) -> dict[str, bytes]:
    """Return the graphs of a system_a snapshot."""
    seen, action = ('B', model.spec.size), ('B', model.spec.action_size)
    return {
        'encode': export(lambda observation: {'latent': model.encode(observation)},
                         {'observation': seen}),
        'perceive': export(lambda **given: perceive(model, **given),
                           {'observation': seen, 'previous': seen, 'action': action}),
        'predict': predict_graph(model)}


def predict_graph(model: WorldModel) -> bytes:
    """Return the graph `predict`, which System B's snapshots contain too."""
    return export(lambda **given: predict(model, **given), {
        'latent': ('B', model.latent_size), 'action': ('B', model.spec.action_size)})
