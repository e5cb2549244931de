"""
Nets as plain functions over a dictionary of tensors.

Parameters are passed in and returned, so that ensembles, populations and ONNX graphs can use the
same arrays. Every net is a linear map plus an MLP. The linear term learns first and gives most of
the sample efficiency on robot dynamics.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Params = dict[str, Tensor]


def prepare_training() -> None:
    """
    Make torch ready for a learner's thread: one thread, and nothing left to load.

    torch loads as much again with the first optimiser as when it is imported; on a slow computer
    that took 15 s of the time in which there was something to learn from.
    """
    torch.set_num_threads(1)
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)], fused=True)


def init_net(rng: torch.Generator, name: str, sizes: tuple[int, ...],
             members: int = 0, more: int = 0) -> Params:
    """
    Make a net `x -> x @ skip + MLP(x)` whose output is zero at first.

    :param rng: source of the hidden weights.
    :param name: prefix of the parameters' names.
    :param sizes: input, hidden..., output.
    :param members: K for an ensemble with a leading dimension, 0 for a single net.
    :param more: further inputs of the MLP alone, with zero weights at first.
    """
    lead = (members,) if members else ()
    row = (members, 1) if members else ()
    params: Params = {}
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes[:-1])):
        weight = torch.randn(*lead, fan_in, fan_out, generator=rng)
        params[f'{name}.w{i}'] = weight * (1.0 / fan_in) ** 0.5
        params[f'{name}.b{i}'] = 0.1 * torch.randn(*row, fan_out, generator=rng)
    if more:
        params[f'{name}.w0'] = torch.cat(
            [params[f'{name}.w0'], torch.zeros(*lead, more, sizes[1])], dim=-2)
    params[f'{name}.out'] = torch.zeros(*lead, sizes[-2], sizes[-1])
    params[f'{name}.skip'] = torch.zeros(*lead, sizes[0], sizes[-1])
    params[f'{name}.bias'] = torch.zeros(*row, sizes[-1])
    return params


def apply_net(params: Mapping[str, Tensor], name: str, x: Tensor,
              more: Tensor | None = None) -> Tensor:
    """
    Run a net.

    :param x: (B, in) or, for an ensemble, (K, B, in) float32.
    :param more: (B, more) or (K, B, more), inputs of the MLP alone.
    :return: (B, out) or (K, B, out).
    """
    hidden, i = x if more is None else torch.cat([x, more], dim=-1), 0
    while f'{name}.w{i}' in params:
        hidden = functional.silu(affine(hidden, params[f'{name}.w{i}'], params[f'{name}.b{i}']))
        i += 1
    linear = affine(x, params[f'{name}.skip'], params[f'{name}.bias'])
    return affine(hidden, params[f'{name}.out'], linear)


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return x @ weight + bias for single nets (2-D weight) and ensembles (3-D weight)."""
    if weight.dim() == 3:
        return torch.baddbmm(bias, x, weight)
    return torch.addmm(bias, x, weight)


def rescaled(params: Mapping[str, Tensor], name: str, made: str, scale: Tensor,
             shift: Tensor | float = 0.0, part: slice = slice(None)) -> Params:
    """
    Return a net that gives `scale * y[..., part] + shift` where another one gives y.

    The change is in the last weights, so that it costs nothing when the net is run.

    :param name: of the net.
    :param made: name of the net that is returned.
    :param scale: (n,), of the n outputs in the part.
    """
    new = {f'{made}{key.removeprefix(name)}': p for key, p in params.items()
           if key.startswith(f'{name}.')}
    for end in ('out', 'skip', 'bias'):
        new[f'{made}.{end}'] = new[f'{made}.{end}'][..., part] * scale
    new[f'{made}.bias'] = new[f'{made}.bias'] + shift
    return new


def to_arrays(params: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Return the parameters as numpy arrays for ONNX graphs and safetensors."""
    return {name: p.detach().numpy().copy() for name, p in params.items()}


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Params:
    """Return tensors of numpy arrays."""
    return {name: torch.from_numpy(a.copy()) for name, a in arrays.items()}


def descend(loss: Tensor, optimiser: torch.optim.Optimizer, max_norm: float,
            plasticity: float = 1.0) -> bool:
    """
    Take an optimiser's step with the gradient clipped to a norm.

    :param plasticity: factor of the learning rates that the optimiser was made with.
    :return: False when the gradient was not finite; then nothing is changed.
    """
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    for group in optimiser.param_groups:
        group['lr'] = plasticity * group.setdefault('full_lr', group['lr'])
    leaves = [p for group in optimiser.param_groups for p in group['params']]
    finite = bool(torch.isfinite(torch.nn.utils.clip_grad_norm_(leaves, max_norm)))
    if finite:
        optimiser.step()
    return finite
