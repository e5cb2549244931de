"""
Translations of functions of torch to ONNX: one entry per function, by its name in torch.

An entry takes the graph, torch's result (only its shape counts) and the arguments of the function.
It returns the name of the value in the graph. Entries cover what the models of this package use,
in float32. ONNX Runtime runs the operators unchanged, so they are chosen for speed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from abm_ros.common.onnx_graph import Graph

Entry = Callable[..., str | list[str]]
OPERATORS: dict[str, Entry] = {}
# Stands for the length of a batch: no other length is 0, and empty tensors cost nothing.
BATCH = 0


def name_of(graph: Graph, value: Any) -> str:
    """Return the name of an argument in the graph; numbers and tensors become constants."""
    if isinstance(value, Tensor):
        return graph.weight(value)
    return graph.constant(float(value)) if isinstance(value, int | float) else str(value.name)


def operator(name: str) -> Callable[[Entry], Entry]:
    """Register the translation of a function of torch."""
    def enter(entry: Entry) -> Entry:
        OPERATORS[name] = entry
        return entry
    return enter


def _elementwise(kind: str) -> Entry:
    def entry(graph: Graph, made: Tensor, *args: Any) -> str:
        return graph.op(kind, *(name_of(graph, a) for a in args))
    return entry


OPERATORS.update({name: _elementwise(kind) for name, kind in {
    'add': 'Add', 'sub': 'Sub', 'mul': 'Mul', 'div': 'Div', 'matmul': 'MatMul', 'neg': 'Neg',
    'exp': 'Exp', 'log': 'Log', 'sqrt': 'Sqrt', 'sin': 'Sin', 'cos': 'Cos', 'tanh': 'Tanh',
    'sigmoid': 'Sigmoid'}.items()})


@operator('rsub')
def _rsub(graph: Graph, made: Tensor, x: Any, other: Any) -> str:
    return graph.op('Sub', name_of(graph, other), name_of(graph, x))


@operator('silu')
def _silu(graph: Graph, made: Tensor, x: Any, inplace: bool = False) -> str:
    return graph.op('Mul', x.name, graph.op('Sigmoid', x.name))


@operator('relu')
def _relu(graph: Graph, made: Tensor, x: Any, inplace: bool = False) -> str:
    return graph.op('Relu', x.name)


@operator('softplus')
def _softplus(graph: Graph, made: Tensor, x: Any) -> str:
    return graph.op('Softplus', name_of(graph, x))


@operator('square')
def _square(graph: Graph, made: Tensor, x: Any) -> str:
    return graph.op('Mul', x.name, x.name)


@operator('clamp')
def _clamp(graph: Graph, made: Tensor, x: Any, least: Any = None, most: Any = None, **named: Any
           ) -> str:
    least, most = named.get('min', least), named.get('max', most)
    if least == 0 and most is None:
        return graph.op('Relu', x.name)
    if least is None:
        return graph.op('Min', x.name, name_of(graph, most))
    if most is None:
        return graph.op('Max', x.name, name_of(graph, least))
    return graph.op('Clip', x.name, name_of(graph, least), name_of(graph, most))


@operator('clamp_min')
def _clamp_min(graph: Graph, made: Tensor, x: Any, least: Any) -> str:
    return str(_clamp(graph, made, x, least, None))


@operator('clamp_max')
def _clamp_max(graph: Graph, made: Tensor, x: Any, most: Any) -> str:
    return str(_clamp(graph, made, x, None, most))


@operator('addmm')
def _addmm(graph: Graph, made: Tensor, bias: Any, x: Any, weight: Any) -> str:
    return graph.op('Gemm', *(name_of(graph, a) for a in (x, weight, bias)))


@operator('baddbmm')
def _baddbmm(graph: Graph, made: Tensor, bias: Any, x: Any, weight: Any) -> str:
    product = graph.op('MatMul', name_of(graph, x), name_of(graph, weight))
    return graph.op('Add', product, name_of(graph, bias))


def _reduction(kind: str) -> Entry:
    def entry(graph: Graph, made: Tensor, x: Any, dim: int | Sequence[int],
              keepdim: bool = False) -> str:
        of, what, axes = x.name, kind, [dim] if isinstance(dim, int) else dim
        if kind == 'ReduceSum':
            before, inputs = graph.made_by(x.name)
            if before == 'Mul' and inputs[0] == inputs[1]:
                of, what = inputs[0], 'ReduceSumSquare'
        return graph.op(what, of, graph.integers(*axes), keepdims=int(keepdim))
    return entry


OPERATORS.update({name: _reduction(kind) for name, kind in {
    'sum': 'ReduceSum', 'mean': 'ReduceMean', 'amin': 'ReduceMin', 'amax': 'ReduceMax'}.items()})


@operator('conv2d')
def _conv2d(graph: Graph, made: Tensor, x: Any, weight: Any, bias: Any, stride: int = 1) -> str:
    return graph.op('Conv', x.name, name_of(graph, weight), name_of(graph, bias),
                    strides=[stride, stride])


# Shapes.

@operator('cat')
def _cat(graph: Graph, made: Tensor, tensors: Sequence[Any], dim: int = 0) -> str:
    return graph.op('Concat', *(name_of(graph, t) for t in tensors), axis=dim)


@operator('stack')
def _stack(graph: Graph, made: Tensor, tensors: Sequence[Any], dim: int = 0) -> str:
    at = graph.integers(dim)
    return graph.op('Concat', *(graph.op('Unsqueeze', name_of(graph, t), at) for t in tensors),
                    axis=dim)


@operator('unsqueeze')
def _unsqueeze(graph: Graph, made: Tensor, x: Any, dim: int) -> str:
    return graph.op('Unsqueeze', x.name, graph.integers(dim))


@operator('squeeze')
def _squeeze(graph: Graph, made: Tensor, x: Any, dim: int) -> str:
    return graph.op('Squeeze', x.name, graph.integers(dim))


def _transposed(graph: Graph, made: Tensor, x: Any) -> str:
    order = list(range(len(x.shape)))
    order[-2:] = order[-1], order[-2]
    return graph.op('Transpose', x.name, perm=order)


OPERATORS.update({'mT': _transposed, 'T': _transposed, 't': _transposed})


def _reshape(graph: Graph, made: Tensor, x: Any, *_: Any) -> str:
    shape = [-1 if n == BATCH else n for n in made.shape]
    return graph.op('Reshape', x.name, graph.integers(*shape))


OPERATORS.update(dict.fromkeys(('flatten', 'unflatten', 'reshape', 'view'), _reshape))


@operator('expand')
def _expand(graph: Graph, made: Tensor, x: Any, *_: Any) -> str:
    # 1 keeps a length, also that of a batch.
    shape = [1 if n == BATCH else n for n in made.shape]
    return graph.op('Expand', x.name, graph.integers(*shape))


@operator('unbind')
def _unbind(graph: Graph, made: Sequence[Tensor], x: Any, dim: int = 0) -> list[str]:
    return [graph.op('Gather', x.name, graph.constant(np.array(i, np.int64)), axis=dim)
            for i in range(len(made))]


@operator('chunk')
def _chunk(graph: Graph, made: Sequence[Tensor], x: Any, chunks: int, dim: int = 0) -> list[str]:
    return graph.ops('Split', len(made), x.name, axis=dim, num_outputs=len(made))


@operator('getitem')
def _getitem(graph: Graph, made: Tensor, x: Any, at: Any) -> str:
    """Write indices and slices of step 1, with at most one `...`, no other kinds."""
    at = at if isinstance(at, tuple) else (at,)
    if ... in at:
        dots, rank = at.index(...), len(x.shape)
        at = (*at[:dots], *[slice(None)] * (rank - len(at) + 1), *at[dots + 1:])
    name, axis = x.name, 0
    for part in at:
        if isinstance(part, int):
            name = graph.op('Gather', name, graph.constant(np.array(part, np.int64)), axis=axis)
            continue
        start, stop, step = part.indices(x.shape[axis])
        if part != slice(None) and (start, stop, step) != (0, x.shape[axis], 1):
            name = graph.op('Slice', name, *(graph.integers(n) for n in (
                start, stop, axis, step)))
        axis += 1
    return name
