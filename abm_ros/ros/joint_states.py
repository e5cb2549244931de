"""
Joint states read on the control path: of every source the newest since the last look.

A robot shows itself up to a thousand times a second, an arm and its gripper each in messages of
their own; of all that, the newest message of each source counts. Older ones are told apart by the
names that they carry and are thrown away unread; making objects of a message takes most of the
time, so the numbers are read straight out of what DDS carries.
"""

import struct
import sys
from typing import NamedTuple

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState

from abm_ros.ros.codec import NATIVE_CDR
from abm_ros.ros.polled import Polled
from abm_ros.ros.stamps import NANOSECONDS, time_to_ns

# Twice what a robot of 1 kHz shows between two looks: the slower source must not be pushed out.
DEPTH = 50
_ORDER = sys.byteorder
_MOST_SOURCES = 32


class JointStateHeard(NamedTuple):
    """A joint state, and how long ago it came."""

    stamp_ns: int
    names: tuple[str, ...]
    position: tuple[float, ...]
    velocity: tuple[float, ...]
    age_s: float


class JointStateReader:
    """Reads a polled topic of serialised joint states."""

    def __init__(self, polled: Polled) -> None:
        self._polled = polled
        # By the bytes of its names.
        self._sources: dict[bytes, tuple[str, ...]] = {}

    def read(self) -> list[JointStateHeard]:
        """Return the newest message of each source since the last call, in order of arrival."""
        found: dict[tuple[str, ...], JointStateHeard] = {}
        for blob, age_s in reversed(self._polled.all()):
            if blob[:4] != NATIVE_CDR:      # a machine of the other byte order
                heard = _converted(blob, age_s)
                found.setdefault(heard.names, heard)
                continue
            begin = _aligned(16 + _count(blob, 12), 4)      # behind the frame
            names, size = self._names(blob, begin)
            if names not in found:
                found[names] = _parsed(blob, begin + size, names, age_s)
        return list(found.values())[::-1]

    def _names(self, blob: bytes, begin: int) -> tuple[tuple[str, ...], int]:
        """Return the joints' names and how many bytes they take."""
        for known, names in self._sources.items():
            if blob.startswith(known, begin):
                return names, len(known)
        at, names = begin + 4, ()
        for _ in range(_count(blob, begin)):
            end = at + 4 + _count(blob, at)
            names += (blob[at + 4:end - 1].decode(errors='replace'),)     # less the NUL
            at = _aligned(end, 4)
        if len(self._sources) >= _MOST_SOURCES:
            self._sources.clear()
        self._sources[blob[begin:at]] = names
        return names, at - begin


def _parsed(blob: bytes, at: int, names: tuple[str, ...], age_s: float) -> JointStateHeard:
    """Read stamp and numbers (DDSI-RTPS 2.5, section 10: CDR) from behind the names."""
    seconds, nanoseconds = struct.unpack_from('=iI', blob, 4)
    position, at = _doubles(blob, at)
    velocity, _ = _doubles(blob, at)
    return JointStateHeard(seconds * NANOSECONDS + nanoseconds, names, position, velocity, age_s)


def _doubles(blob: bytes, at: int) -> tuple[tuple[float, ...], int]:
    count = _count(blob, at)
    if not count:
        return (), at + 4
    at = _aligned(at + 4, 8)
    return struct.unpack_from(f'={count}d', blob, at), at + 8 * count


def _count(blob: bytes, at: int) -> int:
    return int.from_bytes(blob[at:at + 4], _ORDER)


def _aligned(at: int, size: int) -> int:
    # Counted from behind the four bytes that say how the message is encoded.
    return at + (4 - at) % size


def _converted(blob: bytes, age_s: float) -> JointStateHeard:
    message = deserialize_message(blob, JointState)
    return JointStateHeard(time_to_ns(message.header.stamp), tuple(message.name),
                           tuple(message.position), tuple(message.velocity), age_s)
