"""
The two messages between memory and its consumers: credits one way, batches the other.

A consumer asks for a number of batches by credits, and memory sends exactly that many. So nothing
is dropped and nobody is flooded (decision 0031).
"""

from dataclasses import dataclass

import numpy as np
from std_msgs.msg import Float32MultiArray

from abm_ros.common.errors import SpecError
from abm_ros.common.packing import grouped, ungrouped
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch, Imagined
from abm_ros.memory.replay.draw import Draw
from abm_ros.ros.codec import Packet, attributes_of, decode, encode

MAX_COUNT = 32
MAX_BATCH = 4096
MAX_HORIZON = 64


@dataclass(frozen=True)
class Credits:
    """
    A request for batches, to be served once memory's experience counts `after` transitions.

    Requests of a session are numbered, so that a request that is sent again is served once. A new
    session of a consumer cancels the requests of its old one. `keep` is how many transitions of
    each window are sent, 0 for all; windows of reverse draws are sent whole.
    """

    consumer: str
    session: str
    number: int
    kind: str
    count: int
    batch: int
    horizon: int
    after: int = 0
    source: str = 'lived'
    keep: int = 0

    def __post_init__(self) -> None:
        if (not 1 <= self.count <= MAX_COUNT or not 1 <= self.batch <= MAX_BATCH
                or not 1 <= self.horizon <= MAX_HORIZON or not 0 <= self.keep <= MAX_HORIZON):
            raise SpecError(f'credits out of bounds: count in 1..{MAX_COUNT}, '
                            f'batch in 1..{MAX_BATCH}, horizon in 1..{MAX_HORIZON}, '
                            f'keep in 0..{MAX_HORIZON}, got {self}')
        self.draw(0.0, 0.0)      # refuses an unknown kind or source

    def draw(self, hindsight: float, events: float) -> Draw:
        """Return the draw of each of its batches; see `Draw` for the shares."""
        return Draw(self.batch, self.horizon, self.kind, hindsight, events, self.source,
                    self.keep)


@dataclass(frozen=True)
class ReplayedBatch:
    """A batch as it arrives at a consumer."""

    batch: Batch
    kind: str
    session: str
    number: int
    experience: int         # transitions since the warm-up
    spec: ObservationSpec
    source: str = 'lived'


def encode_credits(credits: Credits, stamp_ns: int) -> Float32MultiArray:
    """Write a request."""
    return encode(Packet(stamp_ns, {}, {
        key: str(value) for key, value in vars(credits).items()}))


def decode_credits(message: Float32MultiArray) -> Credits:
    """
    Read a request.

    :raises SpecError: it is malformed or out of bounds.
    """
    packet = decode(message)
    return Credits(packet.attributes.get('consumer', ''), packet.attributes.get('session', ''),
                   packet.integer('number'), packet.attributes.get('kind', ''),
                   packet.integer('count'),
                   packet.integer('batch'), packet.integer('horizon'), packet.integer('after'),
                   packet.attributes.get('source', 'lived'), packet.integer('keep'))


def encode_batch(batch: Batch, credits: Credits, experience: int, spec_json: str,
                 stamp_ns: int) -> Float32MultiArray:
    """Write one batch, addressed to the consumer of the credits."""
    arrays = {'observation': batch.numbers, 'action': batch.action, 'mask': batch.mask,
              'goal': batch.goal}
    for name, told in (('success', batch.success), ('reward', batch.reward)):
        if told is not None:
            arrays[name] = told
    if batch.pixels is not None and batch.pixels.shape[-1]:
        arrays['pixels'] = grouped(batch.pixels)
    return encode(Packet(stamp_ns, arrays, {
        'consumer': credits.consumer, 'session': credits.session,
        'number': str(credits.number), 'kind': credits.kind, 'source': credits.source,
        'experience': str(experience), 'spec': spec_json}))


def encode_imagined(imagined: Imagined, stamp_ns: int) -> Float32MultiArray:
    """Write imagined trajectories."""
    return encode(Packet(stamp_ns, imagined._asdict()))


def decode_imagined(message: Float32MultiArray) -> Imagined:
    """
    Read imagined trajectories; memory checks that they fit its spec.

    :raises SpecError: the message is malformed.
    """
    packet = decode(message)
    return Imagined(packet.array('numbers'), packet.array('action'), packet.array('goal'),
                    packet.array('length').astype(np.int64))


def addressed_to(message: Float32MultiArray) -> tuple[str, str, int]:
    """
    Return consumer, session and number of the request that a batch answers, without decoding it.

    :raises SpecError: it has no number.
    """
    told = Packet(0, {}, attributes_of(message))
    return (told.attributes.get('consumer', ''), told.attributes.get('session', ''),
            told.integer('number'))


def decode_batch(message: Float32MultiArray) -> ReplayedBatch:
    """
    Read a batch.

    :raises SpecError: it is malformed.
    """
    packet = decode(message)
    spec = ObservationSpec.from_json(packet.attributes.get('spec', ''))
    pixels = (ungrouped(packet.array('pixels'), spec.pixels) if spec.images else
              None)
    batch = Batch(packet.array('observation'), packet.array('action'), packet.array('mask'),
                  packet.array('goal'), pixels, packet.arrays.get('success'),
                  packet.arrays.get('reward'), spec.told)
    if batch.mask.ndim != 2:
        raise SpecError(f'replayed batch: expected a mask (B, L), got {batch.mask.shape}')
    count, length = batch.mask.shape
    expected = {'observation': (batch.numbers, (count, length + 1, spec.numbers)),
                'action': (batch.action, (count, length, spec.action_size)),
                'goal': (batch.goal, (count, spec.goal_size))}
    for name, told in (('success', batch.success), ('reward', batch.reward)):
        if told is not None:
            expected[name] = told, (count, length)
    if pixels is not None:
        expected['pixels'] = pixels, (count, length + 1, spec.pixels)
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise SpecError(f'replayed batch does not fit its spec: {name}: expected {shape}, '
                            f'got {array.shape}')
    return ReplayedBatch(batch, packet.attributes.get('kind', ''),
                         packet.attributes.get('session', ''), packet.integer('number'),
                         packet.integer('experience'), spec,
                         packet.attributes.get('source', ''))
