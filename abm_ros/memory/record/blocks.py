"""
Many steps as columns: how the durable record keeps them and how the index in RAM takes them.

On disk a block is a header followed by its columns, all little-endian. Its checksum stands beside
it.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from abm_ros.common.errors import SpecError
from abm_ros.common.packing import Packing, joined
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import PROVENANCES, Step

# Number of steps, of floats per step, length of the modes' JSON, total length of the PNG files.
_HEAD = struct.Struct('<4sIIIQ')
MAGIC = b'ABMB'
_ACTED, _SUCCESS, _ORIGIN_SHIFT, _ORIGIN_MASK, _TOLD = 1, 2, 2, 3, 16
# Columns that a block has only where they say something; its JSON then names them beside the
# modes, which it is a list of otherwise, as in schema version 2.
_OPTIONAL = {'reward': '<f4', 'world': '<i8'}
_MODES_LIMIT = 255


@dataclass(frozen=True)
class StepBlock:
    """
    N steps in the order lived.

    `rows` holds, for each step, the observation's numbers, the goal and the action (zeros where
    there is none). `novelty` and `surprise` are nan where they were not known.
    """

    id: np.ndarray                     # (N,) int64
    episode: np.ndarray                # (N,) int64
    index: np.ndarray                  # (N,) int64
    stamp_ns: np.ndarray               # (N,) int64
    mode: np.ndarray                   # (N,) uint8, index into `modes`
    origin: np.ndarray                 # (N,) uint8, index into PROVENANCES
    acted: np.ndarray                  # (N,) bool, whether there is an action
    success: np.ndarray                # (N,) bool
    told: np.ndarray                   # (N,) bool, whether the task told the success
    reward: np.ndarray                 # (N,) float32, nan where the task told none
    world: np.ndarray                  # (N,) int64, in which the step was lived
    signals: np.ndarray                # (N, 2) float32: novelty, surprise
    rows: np.ndarray                   # (N, V + G + A) float32
    pixels: np.ndarray                 # (N, P) uint8
    modes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.id)

    def take(self, which: np.ndarray | slice) -> 'StepBlock':
        """Return the steps that a mask, places or a slice select."""
        return replace(self, **{item.name: getattr(self, item.name)[which]
                                for item in fields(self) if item.name != 'modes'})

    def steps(self, spec: ObservationSpec, packing: Packing) -> Iterator[Step]:
        """Iterate over the steps; their arrays are views."""
        numbers, goal = packing.number_size, spec.goal_size
        observation = joined(self.rows[:, :numbers], self.pixels)
        scalars = zip(self.episode.tolist(), self.index.tolist(), self.stamp_ns.tolist(),
                      self.mode.tolist(), self.origin.tolist(), self.acted.tolist(),
                      self.success.tolist(), self.signals.tolist(), self.told.tolist(),
                      self.reward.tolist(), self.world.tolist(), strict=True)
        for i, (episode, index, stamp, mode, origin, acted, success, signal, told,
                reward, world) in enumerate(scalars):
            row = self.rows[i]
            yield Step(episode, index, stamp, observation[i], row[numbers:numbers + goal],
                       row[numbers + goal:] if acted else None, self.modes[mode], success,
                       PROVENANCES[origin], signal[0], signal[1], told, reward, world)


def join(blocks: Sequence[StepBlock]) -> StepBlock:
    """
    Return one block with the steps of several blocks, in their order.

    :raises SpecError: together they name more modes than a block can.
    """
    modes = tuple(dict.fromkeys(mode for block in blocks for mode in block.modes))
    if len(modes) > _MODES_LIMIT:
        raise SpecError(f'a block of steps can name {_MODES_LIMIT} modes, got {len(modes)}')
    codes = [np.array([modes.index(mode) for mode in block.modes], np.uint8)[block.mode]
             for block in blocks]
    columns = {item.name: np.concatenate([getattr(block, item.name) for block in blocks])
               for item in fields(StepBlock) if item.name not in ('mode', 'modes')}
    return StepBlock(**columns, mode=np.concatenate(codes), modes=modes)


def encode_block(block: StepBlock, packing: Packing) -> bytes:
    """Return the bytes that `decode_block` reads."""
    files = packing.compress(block.pixels) if packing.images else []
    lengths = np.array([len(data) for data in files], '<u4')
    told = {name: getattr(block, name).astype(_OPTIONAL[name], copy=False)
            for name, said in (('reward', ~np.isnan(block.reward)), ('world', block.world != 0))
            if said.any()}
    modes = json.dumps({'modes': block.modes, 'columns': list(told)} if told else block.modes
                       ).encode()
    flags = (block.acted.astype(np.uint8) * _ACTED | block.success.astype(np.uint8) * _SUCCESS
             | block.told.astype(np.uint8) * _TOLD | block.origin << _ORIGIN_SHIFT
             ).astype(np.uint8)
    return b''.join([
        _HEAD.pack(MAGIC, len(block), block.rows.shape[1], len(modes), int(lengths.sum())),
        modes, *(column.astype('<i8', copy=False).tobytes()
                 for column in (block.id, block.episode, block.index, block.stamp_ns)),
        block.mode.tobytes(), flags.tobytes(),
        block.signals.astype('<f4', copy=False).tobytes(),
        block.rows.astype('<f4', copy=False).tobytes(),
        *(column.tobytes() for column in told.values()), lengths.tobytes(), *files])


def decode_block(data: bytes, spec: ObservationSpec, packing: Packing) -> StepBlock:
    """
    Return the block that `encode_block` wrote; its arrays are views of the bytes.

    :raises ValueError: it is not a block of this spec.
    """
    magic, count, width, modes_size, _ = _HEAD.unpack_from(data)
    expected = packing.number_size + spec.goal_size + spec.action_size
    if magic != MAGIC or width != expected:
        raise ValueError(f'expected a block of {expected} numbers per step, got {width}')
    reader = _Reader(data, _HEAD.size)
    names = json.loads(reader.take(modes_size))
    modes, columns = ((tuple(names['modes']), names['columns']) if isinstance(names, dict) else
                      (tuple(names), ()))
    if unknown := set(columns) - set(_OPTIONAL):
        raise ValueError(f'unknown columns {sorted(unknown)}')
    ids, episode, index, stamp = (reader.array('<i8', count) for _ in range(4))
    mode, flags = reader.array('u1', count), reader.array('u1', count)
    signals = reader.array('<f4', 2 * count).reshape(count, 2)
    rows = reader.array('<f4', count * width).reshape(count, width)
    found = {name: reader.array(_OPTIONAL[name], count) for name in columns}
    reward = found.get('reward', np.full(count, np.nan, np.float32))
    world = found.get('world', np.zeros(count, np.int64))
    if packing.images:
        lengths = reader.array('<u4', count * len(packing.images)).tolist()
        pixels = packing.decompress([reader.take(length) for length in lengths])
    else:
        pixels = np.empty((count, 0), np.uint8)
    origin = flags >> _ORIGIN_SHIFT & _ORIGIN_MASK
    if reader.place != len(data) or (count and (
            mode.max() >= len(modes) or origin.max() >= len(PROVENANCES))):
        raise ValueError(f'a block of {count} steps does not fill its {len(data)} bytes')
    return StepBlock(ids, episode, index, stamp, mode, origin, flags & _ACTED > 0,
                     flags & _SUCCESS > 0, flags & _TOLD > 0, reward, world, signals, rows, pixels,
                     modes)


def checksum(first_id: int, last_id: int, data: bytes) -> int:
    """Return the CRC-32 of a block and of its first and last id."""
    return zlib.crc32(data, zlib.crc32(struct.pack('<qq', first_id, last_id)))


class _Reader:
    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self.place = place

    def take(self, size: int) -> bytes:
        piece = self._data[self.place:self.place + size]
        if len(piece) != size:
            raise ValueError('cut short')
        self.place += size
        return piece

    def array(self, kind: str, count: int) -> np.ndarray:
        size = np.dtype(kind).itemsize * count
        if self.place + size > len(self._data):
            raise ValueError('cut short')
        array = np.frombuffer(self._data, kind, count, self.place)
        self.place += size
        return array
