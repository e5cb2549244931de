"""Functions of torch as ONNX graphs, against torch itself."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch
from torch.nn import functional

from abm_ros.common.errors import ExportError
from abm_ros.common.onnx_export import export
from abm_ros.common.snapshot import session

WEIGHT = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
DEEP = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(1))
KERNEL = torch.randn(5, 3, 2, 2, generator=torch.Generator().manual_seed(2))
FUNCTIONS: dict[str, Callable[..., torch.Tensor]] = {
    'numbers on both sides': lambda x: 2.0 - (1.0 + x * 3.0) / 2.0 - 1,
    'weights on both sides': lambda x: WEIGHT.T @ (x.mT - torch.ones(4, 1)) * WEIGHT[0][:, None],
    'a product with itself': lambda x: x.square() - x * 0.5,
    'elementwise': lambda x: torch.tanh(x) + x.sin() * x.cos() - torch.sigmoid(x).exp(),
    'positive': lambda x: (x.square() + 1.0).sqrt().log(),
    'silu and relu': lambda x: functional.silu(x) - functional.relu(x),
    'softplus': functional.softplus,
    'clamps': lambda x: x.clamp(-0.3, 0.4) + x.clamp_min(0.0) + x.clamp_max(0.1) + x.clamp_min(.2),
    'a layer': lambda x: torch.addmm(torch.ones(3), x, WEIGHT),
    'layers of members': lambda x: torch.baddbmm(torch.ones(2, 1, 3), x.expand(2, -1, -1), DEEP),
    'sums of squares': lambda x: x.square().sum(-1) + x.sum(-1) + x.square().sum((1,)),
    'means and extremes': lambda x: x - x.mean(-1, keepdim=True) - x.amin(-1, keepdim=True),
    'over members': lambda x: x.expand(3, -1, -1).mean(0) + x.unflatten(-1, (2, 2)).amax((-1,))[
        :, :1],
    'joined': lambda x: torch.cat([x, x[:, 1:3]], dim=-1),
    'stacked': lambda x: torch.stack([x, 2.0 * x], dim=1),
    'cut': lambda x: x[..., 2] + x[:, 0] + x[:, -1] + x[:, 1:].sum(-1) + x[..., :2].sum(-1),
    'one by one': lambda x: sum(x.unbind(1)),
    'halves': lambda x: x.chunk(2, dim=1)[1] - torch.cat([x, x]).chunk(2)[0][:, :2],
    'other shapes': lambda x: x.unsqueeze(1).expand(-1, 6, -1).flatten(0, 1).unflatten(0, (-1, 6))[
        :, 3].unsqueeze(-1).squeeze(-1),
    'a convolution': lambda x: functional.conv2d(
        x.unflatten(1, (1, 2, 2)).expand(-1, 3, -1, -1), KERNEL, torch.ones(5),
        stride=2).flatten(1)}


@pytest.mark.parametrize('name', FUNCTIONS)
def test_a_graph_computes_what_torch_computes(name: str) -> None:
    function = FUNCTIONS[name]
    graph = session(export(lambda x: {'y': function(x)}, {'x': ('B', 4)}))
    for batch in (1, 7):
        x = torch.randn(batch, 4, generator=torch.Generator().manual_seed(batch))
        np.testing.assert_allclose(graph.run(['y'], {'x': x.numpy()})[0], function(x),
                                   rtol=1e-5, atol=1e-6)


def operators(blob: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(blob).graph.node]


def test_what_depends_on_weights_alone_is_computed_at_once() -> None:
    blob = export(lambda x: {'y': x * (WEIGHT.square() @ WEIGHT.T).sum(0).tanh()}, {'x': ('B', 4)})
    assert operators(blob) == ['Mul']


def test_nothing_is_computed_twice_or_in_vain() -> None:
    def function(x: torch.Tensor) -> dict[str, torch.Tensor]:
        x.log()
        return {'y': (x - 1.0).tanh() + (x - 1.0).tanh()}
    assert operators(export(function, {'x': ('B', 4)})) == ['Sub', 'Tanh', 'Add']


def test_a_value_may_be_told_by_several_names() -> None:
    def function(x: torch.Tensor) -> dict[str, torch.Tensor]:
        y = x + 1.0
        return {'one': y, 'other': y, 'same': x, 'later': y * 2.0}
    x = np.ones((2, 4), np.float32)
    got = session(export(function, {'x': ('B', 4)})).run(['one', 'other', 'same', 'later'],
                                                         {'x': x})
    for value, expected in zip(got, (2.0, 2.0, 1.0, 4.0), strict=True):
        np.testing.assert_array_equal(value, expected * x)


def test_weights_are_those_of_the_moment_of_export() -> None:
    weight = torch.ones(4)
    blob = export(lambda x: {'y': x * weight}, {'x': ('B', 4)})
    weight += 1.0
    x = np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(session(blob).run(None, {'x': x})[0], x)


@pytest.mark.parametrize('function', [lambda x: x.cumsum(0), torch.erf, lambda x: x.no_such()])
def test_what_cannot_be_exported_is_told_by_name(function: Callable) -> None:
    with pytest.raises(ExportError, match=r'cumsum|erf|no_such'):
        export(lambda x: {'y': function(x)}, {'x': ('B', 4)})


@pytest.mark.parametrize('function', [lambda x: x if x else -x, lambda x: torch.stack(list(x))])
def test_what_depends_on_the_numbers_is_refused(function: Callable) -> None:
    with pytest.raises(ExportError, match='branches on the values'):
        export(lambda x: {'y': function(x)}, {'x': ('B', 4)})
