"""
Exports torch functions as ONNX graphs, in milliseconds (decision 0003).

A function is run once on placeholder tensors. Operations on placeholders become operators of the
graph. Operations on weights alone are carried out at once, and their results become weights of the
graph. So every snapshot gets its graphs from the one definition of the model.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor

from abm_ros.common.errors import ExportError
from abm_ros.common.onnx_graph import Graph, Shape
from abm_ros.common.onnx_operators import BATCH, OPERATORS


class Traced:
    """
    A placeholder for a value of the graph; torch's functions and methods accept it as a tensor.

    :param graph: where operators on it are recorded.
    :param name: of the value in the graph.
    :param like: a tensor of the same shape with an empty batch.
    """

    __slots__ = ('graph', 'like', 'name')

    def __init__(self, graph: Graph, name: str, like: Tensor) -> None:
        self.graph, self.name, self.like = graph, name, like

    @classmethod
    def __torch_function__(cls, function: Callable[..., Any], types: Any,
                           args: tuple[Any, ...] = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        """Record a call of a function of torch with a placeholder."""
        return record(function.__name__, function, args, kwargs or {})

    @property
    def shape(self) -> torch.Size:
        """The shape; the length of a batch is not the real one."""
        return self.like.shape

    @property
    def mT(self) -> Any:  # noqa: N802
        """The last two dimensions exchanged, as in torch."""
        return record('mT', _mt, (self,), {})

    def __bool__(self) -> bool:
        raise ExportError('an exported function branches on the values of its inputs; '
                          'expected one that computes the same way for all values')

    __iter__ = __bool__

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        raise _unknown(name)


def _mt(x: Tensor) -> Tensor:
    return x.mT


def _unknown(name: str) -> ExportError:
    return ExportError(f"torch's '{name}' cannot be exported; expected one of "
                       f'{", ".join(sorted(OPERATORS))} (common/onnx_operators.py)')


def record(name: str, function: Callable[..., Any], args: tuple[Any, ...],
           kwargs: Mapping[str, Any]) -> Any:
    """
    Append a function of torch to the graph of its arguments.

    :param name: of the function.
    :raises ExportError: there is no such operator in `onnx_operators`.
    """
    if name not in OPERATORS:
        raise _unknown(name)
    graph, alike = _graph_and_likes(args)
    made = _like(name, function, alike, kwargs)
    names = OPERATORS[name](graph, made, *args, **kwargs)
    if isinstance(names, str):
        return Traced(graph, names, made)
    return tuple(Traced(graph, one, like) for one, like in zip(names, made, strict=True))


def _graph_and_likes(args: tuple[Any, ...]) -> tuple[Graph, list[Any]]:
    """Return the graph of the placeholders, and the arguments with empty tensors for them."""
    graph = cast('Graph', None)
    alike: list[Any] = []
    for arg in args:
        if type(arg) is Traced:
            graph = arg.graph
            alike.append(arg.like)
        elif type(arg) is list:
            graph = next((a.graph for a in arg if type(a) is Traced), graph)
            alike.append([a.like if type(a) is Traced else a for a in arg])
        else:
            alike.append(arg)
    return graph, alike


def _like(name: str, function: Callable[..., Any], args: list[Any],
          kwargs: Mapping[str, Any]) -> Any:
    if name == 'unflatten':     # torch cannot infer -1 for an empty tensor
        x, dim, sizes = args
        return x.reshape(*x.shape[:dim % x.dim()], *(BATCH if n == -1 else n for n in sizes),
                         *x.shape[dim % x.dim() + 1:])
    return function(*args, **kwargs)


def _method(name: str, function: Callable[..., Any], *, swapped: bool = False
            ) -> Callable[..., Any]:
    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return record(name, function, (*args, self) if swapped else (self, *args), kwargs)
    return method


for _name in OPERATORS:
    if callable(getattr(Tensor, _name, None)):
        setattr(Traced, _name, _method(_name, getattr(Tensor, _name)))
for _slot, _function in (('add', torch.add), ('sub', torch.sub), ('mul', torch.mul),
                         ('truediv', torch.div), ('matmul', torch.matmul),
                         ('getitem', Tensor.__getitem__)):
    _name = _slot.removeprefix('true')
    setattr(Traced, f'__{_slot}__', _method(_name, _function))
    setattr(Traced, f'__r{_slot}__', _method(_name, _function, swapped=True))


def export(function: Callable[..., Mapping[str, Tensor]], inputs: Mapping[str, Shape]) -> bytes:
    """
    Return the ONNX graph of a function of tensors.

    :param function: takes the inputs by name and returns the outputs by name.
    :param inputs: name -> shape; 'B' stands for the length of a batch, which is free.
    :raises ExportError: it uses a function of torch that `onnx_operators` lacks.
    """
    graph = Graph()
    given = {name: Traced(graph, name, torch.empty(
        [BATCH if n == 'B' else n for n in shape]))  # type: ignore[misc]
        for name, shape in inputs.items()}
    with torch.no_grad():
        made = cast('Mapping[str, Traced]', function(**given))
    return graph.build(inputs, {name: value.name for name, value in made.items()},
                       {name: ['B' if n == BATCH else n for n in value.shape]
                        for name, value in made.items()})
