"""Between what System A tells of the world and its message on `system_a/world`."""

import numpy as np
from std_msgs.msg import Float32MultiArray

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import ObservationSpec
from abm_ros.ros.codec import Packet, Writer, decode
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.told import HeardWorld, ToldWorld

_UNKNOWN = np.zeros((0, 0))     # of the doubt about a map, which does not travel


class WorldWriter:
    """Encodes the stream into one message that is used again and again."""

    def __init__(self) -> None:
        self._writer = Writer()

    def write(self, given: HeardWorld) -> Float32MultiArray:
        """
        Return the message.

        :raises NonFiniteError: a number is NaN or infinite.
        """
        told = given.told
        arrays = {'change': np.array([told.change], np.float32),
                  'doubt': np.array([told.doubt], np.float32)}
        if told.maps:
            arrays['maps'] = np.stack([known.mean for known in told.maps.values()]
                                      ).astype(np.float32)
            offsets = np.stack([known.offset for known in told.maps.values()])
            if offsets.size:
                arrays['offsets'] = offsets.astype(np.float32)
        return self._writer.write(Packet(given.stamp_ns, arrays, {
            'world': str(told.world), 'worlds': ' '.join(map(str, told.maps)),
            'began': str(told.began), 'since': str(given.since_ns),
            'number': str(given.number)}))


def decode_world(message: Float32MultiArray, spec: ObservationSpec) -> HeardWorld:
    """
    Read the message.

    :param spec: what the body observes and takes.
    :raises SpecError: a field or attribute is missing or malformed.
    :raises NonFiniteError: a number is NaN or infinite.
    """
    packet = decode(message)
    try:
        worlds = [int(text) for text in packet.attributes.get('worlds', '').split()]
    except ValueError as error:
        raise SpecError(f"attribute 'worlds': expected integers, got "
                        f'{packet.attributes["worlds"]!r}') from error
    shape = (len(worlds), spec.action_size, spec.action_size + 1)
    means = packet.array('maps').astype(np.float64) if worlds else np.zeros(shape)
    offsets = packet.arrays.get('offsets', np.zeros((len(worlds), 0))).astype(np.float64)
    world = packet.integer('world')
    if means.shape != shape or (worlds and world not in worlds) or offsets.shape not in (
            (len(worlds), 0), (len(worlds), spec.numbers)):
        raise SpecError(f'world {world} of {worlds}: expected maps of shape {shape}, one of them '
                        f'its own, and offsets of {spec.numbers} readings, got {means.shape} and '
                        f'{offsets.shape}')
    told = ToldWorld(world, packet.integer('began'), _number(packet, 'change'),
                     _number(packet, 'doubt'), {
        number: ActuatorMap(mean, _UNKNOWN, offset)
        for number, mean, offset in zip(worlds, means, offsets, strict=True)})
    return HeardWorld(packet.stamp_ns, packet.integer('number'), packet.integer('since'), told)


def _number(packet: Packet, name: str) -> float:
    value = packet.array(name)
    if value.shape != (1,):
        raise SpecError(f"field '{name}': expected one number, got {value.size}")
    return float(value[0])
