"""
System A's functions as parts of an ONNX graph.

Parity with the torch functions of `latent_model` is tested. Shape letters as in `onnx_graphs`.
"""

import numpy as np
import torch

from abm_ros.common.onnx_builder import Arrays, Graph
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.world_model import distance, learned_kinematics, proximity, vision
from abm_ros.world_model.normaliser import CLIP


class WorldGraph(Graph):
    """A graph that contains System A's functions."""

    def __init__(self, arrays: Arrays) -> None:
        step = arrays['moments.step']
        scaled = {f'predictor.{n}': arrays[f'predictor.{n}'] * step
                  for n in ('out', 'skip', 'bias')}   # the unit of a step goes into the weights
        self._far = 'apart.place' in arrays
        if self._far:
            place, scale = arrays['apart.place'], arrays['moments.scale']
            scaled |= {n: arrays[n] * (1 - place) for n in ('readout.out', 'readout.skip')}
            scaled['readout.bias'] = (arrays['readout.bias'] * (1 - place)
                                      - place * arrays['moments.mean'] / scale)
            scaled['apart.share'] = place / scale
        super().__init__({**arrays, **scaled})
        self._pairs = arrays.get('near.blocks')
        self._places: dict[str, np.ndarray] = {}
        if self._pairs is not None:
            flat = self._pairs.reshape(len(self._pairs), -1)
            self._places = {
                'near.places': arrays['near.basis'] @ (arrays['moments.scale'][:, None] * flat),
                'near.offset': arrays['moments.mean'] @ flat}
        self.members = int(arrays['predictor.skip'].shape[0])
        self.latent = int(arrays['readout.skip'].shape[0])
        self.numbers = int(arrays['readout.skip'].shape[1])
        self.action = int(arrays['predictor.skip'].shape[1]) - self.latent
        self._unit = float(np.square(step.astype(np.float64)).mean())

    def perceived(self, observation: str, spec: ObservationSpec) -> tuple[str, str]:
        """Append what the encoder's net sees of (B, D), and its normalised numbers (B, V)."""
        if not spec.images and all(spec.perceived):
            seen = self.normalise(observation)
            return seen, seen
        numbers, *images = self.ops(
            'Split', 1 + len(spec.images), observation, self.constant('split', np.array(
                [spec.numbers, *(f.size for f in spec.images)])), axis=1)
        seen = self.normalise(numbers)
        parts = [self.op('Mul', seen, self.constant('perceived', np.array(spec.perceived,
                                                                          np.float32)))]
        looks = [self.look(name, f) for name, f in zip(images, spec.images, strict=True)]
        if looks:
            parts.append(self.normalise(self.op('Concat', *looks, axis=1), 'look_'))
        return self.op('Concat', *parts, axis=1), seen

    def look(self, pixels: str, field: FieldSpec) -> str:
        """Append what `vision.look` computes of (B, C * H * W)."""
        name = f'encoder.{field.name}'
        shape = self.constant(f'{name}.shape', np.array([-1, *field.shape]))
        found = self.op('Relu', self.op(
            'Conv', self.op('Reshape', pixels, shape), self.weight(f'{name}.kernel'),
            self.weight(f'{name}.offset'), strides=[vision.STRIDE] * 2))
        amount = self.op('Add', self.op('ReduceSum', found, self.axes(2, 3), keepdims=0),
                         self.constant('speck', vision.SPECK))
        places = []
        for axis, size in ((2, field.shape[2]), (3, field.shape[1])):
            steps = (size - vision.KERNEL) // vision.STRIDE + 1
            ruler = self.constant(f'ruler{steps}', np.linspace(-vision.SPAN, vision.SPAN, steps,
                                                                 dtype=np.float32))
            moment = self.op('MatMul', self.op('ReduceSum', found, self.axes(axis), keepdims=0),
                             ruler)
            places.append(self.op('Div', moment, amount))
        return self.op('Concat', *places, self.op('Log', amount), axis=1)

    def normalise(self, observation: str, kind: str = '') -> str:
        """Append the normalised plain numbers of (B, V), or features with the kind 'look_'."""
        centred = self.op('Sub', observation, self.weight(f'moments.{kind}mean'))
        return self.op('Clip', self.op('Div', centred, self.weight(f'moments.{kind}scale')),
                       self.constant('low', -CLIP), self.constant('high', CLIP))

    def readout(self, latent: str) -> str:
        """Append the normalised plain numbers (B, V) of latents (B, Z)."""
        read = self.net('readout', latent, single=True)
        if not self._far:
            return read
        far = self.op('Mul', self.length(latent, read), self.weight('apart.share'))
        return self.op('Add', read, far)

    def goal(self, latent: str) -> str:
        """Append the achieved goal (B, G), in its own units, of latents (B, Z)."""
        if self._far:
            return self.length(latent, self.net('readout', latent, single=True))
        return self.net('goal', latent, single=True)

    def length(self, latent: str, read: str) -> str:
        """Append what `distance.length` computes: (B, 1) of (B, Z) and (B, V)."""
        # Places are columns here: operators on rows of a few numbers cost several times as much.
        parts = [self.end(name, read) for name in distance.chains(self._arrays)]
        parts += [self.op('Transpose', self.net(
            name, self.op('MatMul', latent, self.weight(f'apart.{name}')), single=True))
            for name in distance.pictures(self._arrays)]
        square = self.op('ReduceSumSquare', self.op('Sum', *parts), self.axes(0), keepdims=0)
        least = self.constant('least_length', distance.LEAST ** 2)
        length = self.op('Mul', self.op('Sqrt', self.op('Add', square, least)),
                         self.weight('apart.unit'))
        return self.op('Unsqueeze', length, self.axes(1))

    def end(self, name: str, read: str) -> str:
        """Append what `chain.end` computes, as (E, B), of normalised plain numbers (B, V)."""
        arrays, which = self._arrays, self._arrays[f'apart.{name}']
        link, rate = arrays[f'{name}.link'], which * arrays[f'{name}.rate']
        start = arrays['moments.mean'] @ rate + arrays[f'{name}.angle']
        angle = self.op(
            'Gemm', self.constant(f'{name}.turn', (arrays['moments.scale'][:, None] * rate).T),
            read, self.constant(f'{name}.start', start[:, None]), transB=1)
        count, size = which.shape[1], link.shape[1]
        sines = self.ops('Split', count, self.op('Sin', angle), axis=0, num_outputs=count)
        cosines = self.ops('Split', count, self.op(
            'Sub', self.op('Cos', angle), self.constant('whole', 1.0)), axis=0,
            num_outputs=count)
        turns = learned_kinematics.turns(*(torch.from_numpy(arrays[f'{name}.{n}'])
                              for n in ('from', 'to'))).numpy()
        turns = np.stack(np.split(turns.swapaxes(1, 2), 2, axis=1), axis=1)   # (J, 2, E, E)
        place = ''
        for i in reversed(range(count)):
            shift, turn = link[i], turns[i]
            if place:
                parts = [place, self.op('Mul', sines[i], place),
                         self.op('Mul', cosines[i], place)]
                turn = np.concatenate([np.eye(size), *turn], axis=1)          # (E, 3 E)
            else:
                parts, shift = [sines[i], cosines[i]], shift + link[-1]
                turn = (turn @ link[-1]).T                                    # (E, 2)
            place = self.op('Gemm', self.constant(f'{name}.turn{i}', turn),
                            self.op('Concat', *parts, axis=0),
                            self.constant(f'{name}.link{i}', shift[:, None]))
        if f'{name}.slide' not in arrays:
            return place
        slide = self.constant(f'{name}.slide', (which @ arrays[f'{name}.slide']).T)
        return self.op('Gemm', slide, read, place, transB=1)

    def expand(self, x: str) -> str:
        """Append x (1 or none, B, n) repeated for every member: (K, B, n)."""
        shape = self.constant('per_member', np.array([self.members, 1, 1], np.int64))
        return self.op('Expand', x, shape)

    def predict(self, latent: str, action: str) -> str:
        """Append each member's next latent (K, B, Z) of (K, B, Z) and (B, A)."""
        inputs = self.op('Concat', latent, self.expand(action), axis=-1)
        return self.op('Add', latent, self.net('predictor', inputs, self.near(latent)))

    def near(self, latent: str) -> str:
        """Append what `nearness.near` computes of (K, B, Z); '' if it is no part of the model."""
        if self._pairs is None:
            return ''
        apart = self.affine(latent, *(self.constant(n, a) for n, a in self._places.items()))
        blocks = self.constant('blocks', np.array([0, 0, *self._pairs.shape[1:]]))
        apart = self.op('Reshape', apart, blocks)
        square = self.op('ReduceSumSquare', apart, self.axes(2), keepdims=1)
        close = self.op('Exp', self.op('Mul', square, self.constant('half', -0.5)))
        both = self.op('Concat', close, self.op('Mul', close, apart), axis=2)
        return self.op('Reshape', both, self.constant('flat', np.array([0, 0, -1])))

    def proximity(self, latent: str) -> str:
        """
        Append how near the foremost block is to the achieved goal: (B,) in [0, 1] of (B, Z).

        exp(-2 d^2) of the distance d in tolerances; 1 where there is no block.
        """
        if self._pairs is None:
            return self.op('Exp', self.op('Mul', self.constant('never', 0.0), self.op(
                'ReduceSumSquare', latent, self.axes(1), keepdims=0)))
        seen = self.latent + self.action
        block = proximity.foremost(self._arrays['predictor.w0'][:, seen:], self._pairs)
        places, offset = (a.reshape(*a.shape[:-1], *self._pairs.shape[1:])[..., block]
                          for a in self._places.values())
        apart = self.affine(latent, self.constant('beside.place', places),
                            self.constant('beside.offset', offset))
        square = self.op('ReduceSumSquare', apart, self.axes(1), keepdims=0)
        return self.op('Exp', self.op('Mul', square, self.constant('sharp', -2.0)))

    def mean_member(self, latent: str) -> str:
        """Append the mean over the members, the first axis of (K, ...)."""
        return self.op('ReduceMean', latent, self.axes(0), keepdims=0)

    def disagreement(self, latent: str) -> str:
        """Append how far the members (K, B, Z) are apart, (B,) in units of a typical step."""
        centred = self.op('Sub', latent, self.op('ReduceMean', latent, self.axes(0), keepdims=1))
        # Along the last axis first: over both at once takes several times as long.
        square = self.op('ReduceSumSquare', centred, self.axes(2), keepdims=0)
        unit = self._unit * self.members * self.latent
        return self.op('Sqrt', self.op('Div', self.op('ReduceSum', square, self.axes(0),
                                                      keepdims=0), self.constant('unit', unit)))
