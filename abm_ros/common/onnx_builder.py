"""Builds an ONNX graph from arrays of weights, operator by operator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Arrays = Mapping[str, np.ndarray]
OPSET = 18
IR_VERSION = 9
Shape = Sequence[int | str]


class Graph:
    """An ONNX graph under construction; weights are added once and shared by name."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._nodes: list[NodeProto] = []
        self._weights: dict[str, np.ndarray] = {}
        self._count = 0

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output and return its name."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Append a node with several outputs and return their names."""
        names = [f'v{self._count + i}' for i in range(outputs)]
        self._count += outputs
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def constant(self, name: str, value: np.ndarray | float) -> str:
        """Add a named constant, as float32 unless it is int64."""
        array = np.asarray(value)
        self._weights[name] = array if array.dtype == np.int64 else array.astype(np.float32)
        return name

    def weight(self, name: str) -> str:
        """Return the name of a weight from the arrays."""
        return self.constant(name, self._arrays[name])

    def axes(self, *axes: int) -> str:
        """Return a constant that lists axes."""
        return self.constant('axes' + '_'.join(map(str, axes)), np.array(axes, np.int64))

    def silu(self, x: str) -> str:
        """Append x * sigmoid(x)."""
        return self.op('Mul', x, self.op('Sigmoid', x))

    def affine(self, x: str, weight: str, bias: str, *, single: bool = False) -> str:
        """Append x @ weight + bias; `single`: x and weight are matrices, so that Gemm does."""
        if single:
            return self.op('Gemm', x, weight, bias)
        return self.op('Add', self.op('MatMul', x, weight), bias)

    def net(self, name: str, x: str, more: str = '', *, single: bool = False) -> str:
        """Append `nets.apply_net`; `single`: a net of (B, n), not an ensemble."""
        hidden, i = self.op('Concat', x, more, axis=-1) if more else x, 0
        while f'{name}.w{i}' in self._arrays:
            hidden = self.silu(self.affine(hidden, self.weight(f'{name}.w{i}'),
                                           self.weight(f'{name}.b{i}'), single=single))
            i += 1
        linear = self.affine(x, self.weight(f'{name}.skip'), self.weight(f'{name}.bias'),
                             single=single)
        return self.affine(hidden, self.weight(f'{name}.out'), linear, single=single)

    def build(self, inputs: Mapping[str, Shape], outputs: Mapping[str, str],
              shapes: Mapping[str, Shape]) -> bytes:
        """
        Finish the model.

        :param inputs: name -> shape.
        :param outputs: name -> value in the graph.
        :param shapes: output's name -> shape.
        """
        nodes = self._nodes + [helper.make_node('Identity', [value], [name])
                               for name, value in outputs.items()]
        graph = helper.make_graph(
            nodes, 'abm', [_info(n, s) for n, s in inputs.items()],
            [_info(n, shapes[n]) for n in outputs],
            [numpy_helper.from_array(np.ascontiguousarray(a), n)
             for n, a in self._weights.items()])
        model: ModelProto = helper.make_model(
            graph, opset_imports=[helper.make_opsetid('', OPSET)], ir_version=IR_VERSION)
        data: bytes = model.SerializeToString(deterministic=True)
        return data


def _info(name: str, shape: Shape) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
