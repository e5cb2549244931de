"""What System A tells System M of worlds: which is believed since when, and how it came to be."""

from collections import deque
from dataclasses import replace

from abm_ros.common.telemetry import SystemATelemetry
from abm_ros.world_model.worlds.told import ToldWorld

_NANOSECONDS = 1e9


class WorldCount:
    """
    Counts what is told, and follows since when the world is what it is.

    :param steps: transitions that the beginning of a world may lie back.
    """

    def __init__(self, steps: int) -> None:
        self._stamps: deque[int] = deque(maxlen=steps + 1)
        self._known: set[int] = set()
        self._change = 0.0          # the most since it was last told to System M
        self.told: ToldWorld | None = None
        self.number = self.since_ns = self.began_ns = 0
        self.opened = self.recalled = self.relearned = 0

    def take(self, stamp_ns: int, told: ToldWorld) -> None:
        """Take what is believed after an observation."""
        self._stamps.append(stamp_ns)
        self.number += 1
        self.began_ns = self.began_ns or stamp_ns
        if told.began:
            self.since_ns = self._stamps[max(-1 - told.began, -len(self._stamps))]
            self._count(told.world)
        self._known, self.told = set(told.maps), told
        self._change = max(self._change, told.change)

    def tell_system_m(self, telemetry: SystemATelemetry, words: str) -> SystemATelemetry:
        """
        Return the telemetry with what is to be told of the world, if worlds are told apart.

        :param words: how actuators answer in it.
        """
        told = self.told
        if told is None or not told.maps:
            return telemetry
        change, self._change = self._change, 0.0
        return replace(
            telemetry, world=told.world, worlds=len(told.maps), change=change, doubt=told.doubt,
            world_age=(self._stamps[-1] - (self.since_ns or self.began_ns)) / _NANOSECONDS,
            worlds_opened=self.opened, worlds_recalled=self.recalled,
            worlds_relearned=self.relearned, actuators=words)

    def _count(self, world: int) -> None:
        """Count how a world came to be believed: for the first time, again, or learned anew."""
        if world not in self._known:
            self.opened += 1
        elif self.told is not None and world == self.told.world:
            self.relearned += 1
        else:
            self.recalled += 1
