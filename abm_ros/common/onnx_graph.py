"""An ONNX graph under construction, operator by operator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from torch import Tensor

OPSET = 18
IR_VERSION = 9
Shape = Sequence[int | str]
_Node = tuple[str, tuple[str, ...], tuple[str, ...], dict[str, Any]]


class Graph:
    """Operators and constants; equal ones are added once."""

    def __init__(self) -> None:
        self._nodes: list[_Node] = []
        self._known: dict[Any, list[str]] = {}
        self._constants: dict[str, np.ndarray] = {}
        self._weights: dict[int, tuple[str, Tensor]] = {}
        self._makers: dict[str, _Node] = {}
        self._count = 0

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append an operator with one output and return the output's name."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Append an operator with several outputs and return their names."""
        key = (kind, inputs, outputs, repr(attributes) if attributes else '')
        if key not in self._known:
            names = [f'v{self._count + i}' for i in range(outputs)]
            self._count += outputs
            node = (kind, inputs, tuple(names), attributes)
            self._nodes.append(node)
            self._makers.update(dict.fromkeys(names, node))
            self._known[key] = names
        return self._known[key]

    def constant(self, value: np.ndarray | float) -> str:
        """Return the name of a constant: int64 if the array is, else float32."""
        array = np.asarray(value)
        array = np.ascontiguousarray(array if array.dtype == np.int64 else
                                     array.astype(np.float32)).reshape(array.shape)
        key = (array.dtype.char, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = [f'c{len(self._constants)}']
            self._constants[self._known[key][0]] = array
        return self._known[key][0]

    def weight(self, tensor: Tensor) -> str:
        """Return the name of a tensor of weights, which must not change before `build`."""
        known = self._weights.get(id(tensor))
        if known is None:
            # The tensor is stored, so that no other one can get its id.
            known = self._weights[id(tensor)] = self.constant(tensor.numpy()), tensor
        return known[0]

    def integers(self, *values: int) -> str:
        """Return the name of a constant (n,) int64."""
        return self.constant(np.array(values, np.int64))

    def made_by(self, name: str) -> tuple[str, tuple[str, ...]]:
        """Return the operator that makes a value and its inputs; ('', ()) if there is none."""
        kind, inputs, _, _ = self._makers.get(name, ('', (), (), {}))
        return kind, inputs

    def build(self, inputs: Mapping[str, Shape], outputs: Mapping[str, str],
              shapes: Mapping[str, Shape]) -> bytes:
        """
        Finish the model; operators that no output depends on are left out.

        :param inputs: name -> shape; a text stands for a length that is free.
        :param outputs: name -> value in the graph.
        :param shapes: output's name -> shape.
        """
        called = {value: name for name, value in outputs.items() if value in self._makers}
        copied = [helper.make_node('Identity', [called.get(value, value)], [name])
                  for name, value in outputs.items() if called.get(value) != name]
        needed = set(outputs.values())
        nodes: list[NodeProto] = []
        for kind, of, names, attributes in reversed(self._nodes):
            if not needed.isdisjoint(names):
                needed.update(of)
                nodes.append(helper.make_node(kind, [called.get(n, n) for n in of],
                                              [called.get(n, n) for n in names], **attributes))
        nodes = nodes[::-1] + copied
        weights = [numpy_helper.from_array(array, name)
                   for name, array in self._constants.items() if name in needed]
        graph = helper.make_graph(nodes, 'abm', [_info(n, s) for n, s in inputs.items()],
                                  [_info(n, shapes[n]) for n in outputs], weights)
        model: ModelProto = helper.make_model(
            graph, opset_imports=[helper.make_opsetid('', OPSET)], ir_version=IR_VERSION)
        data: bytes = model.SerializeToString(deterministic=True)
        return data


def _info(name: str, shape: Shape) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
