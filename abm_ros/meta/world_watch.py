"""What System M makes of the worlds that System A tells: records, sentences and a guard."""

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from math import isnan
from typing import Any

from abm_ros.common.telemetry import SystemATelemetry
from abm_ros.common.telemetry_fields import known

_UNSURE = 0.35         # doubt above which it is not told yet what actions do


def with_names(words: str, joints: str) -> str:
    """
    Put names in place of '#' and an actuator's index.

    :param joints: the names, separated by blanks; an actuator beyond them keeps its index.
    """
    names = joints.split()
    return re.sub(r'#(\d{1,4})', lambda found: names[int(found[1])]
                  if int(found[1]) < len(names) else f'actuator {found[1]}', words)


class WorldWatch:
    """
    Follows which world is believed, and since when by the clock on the wall.

    :param clock: time since the epoch, s.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._told: SystemATelemetry | None = None
        self._since_s = 0.0

    def take(self, told: SystemATelemetry, joints: str) -> dict[str, Any] | None:
        """
        Take telemetry; return the record of a change of the world, None where it is the same.

        :param joints: as for `with_names`.
        """
        if isnan(told.world):
            return None
        before, self._told = self._told, told
        how = _how(told, before)
        if not how:
            return None
        self._since_s = self._clock() - known(told.world_age, 0.0)
        return {'world': int(told.world), 'before': int(before.world) if before else 0, 'how': how,
                'since': time.strftime('%H:%M:%S', time.localtime(self._since_s)),
                'worlds': int(told.worlds), 'doubt': round(told.doubt, 3),
                'prediction_error': round(known(told.prediction_error, 1.0), 3),
                'actuators': with_names(told.actuators, joints)}

    def sentence(self, joints: str) -> str:
        """Return what is told of a world that is not the first one, '' in that."""
        told = self._told
        if told is None or not told.world:
            return ''
        since = time.strftime('%H:%M', time.localtime(self._since_s))
        words = with_names(told.actuators, joints)
        if told.doubt > _UNSURE or not words:
            words = 'actions do something else; what, is being learned' if words else (
                'actions do nearly what they did')
        return f'Since {since} (world {told.world:.0f}): {words}.'


def _how(told: SystemATelemetry, before: SystemATelemetry | None) -> str:
    """Return how the world came to be believed that is; '' where that is no news."""
    if before is not None and before.incarnation == told.incarnation:
        return ('opened' if told.worlds_opened > before.worlds_opened else
                'recalled' if told.worlds_recalled > before.worlds_recalled else
                'relearned' if told.worlds_relearned > before.worlds_relearned else '')
    # A System A that was started since: it may have brought a world with it.
    return 'resumed' if told.world != (before.world if before is not None else 0.0) else ''


def world_text(record: Mapping[str, Any]) -> str:
    """Return a line about the record of a change of the world."""
    found = {'opened': 'another one, which is new', 'recalled': 'one that is known',
             'relearned': 'another one than was thought at first',
             'resumed': 'the one of before System A was started'}
    return (f'world {record["before"]} -> {record["world"]}: since {record["since"]} it is '
            f'{found.get(str(record["how"]), record["how"])}')


class RestlessWorlds:
    """Tells whether worlds are opened, or learned anew, more often than a body changes."""

    def __init__(self, most: int, window_s: float) -> None:
        self._window_s = window_s
        self._times_s: deque[float] = deque(maxlen=most)
        self._counted = (0.0, '')

    def take(self, told: SystemATelemetry, now_s: float) -> bool:
        """Take telemetry; tell whether there were that many within the window."""
        count = known(told.worlds_opened, 0.0) + known(told.worlds_relearned, 0.0)
        before, incarnation = self._counted
        if incarnation != told.incarnation:
            before = 0.0
        self._counted = (count, told.incarnation)
        self._times_s.extend([now_s] * min(int(max(count - before, 0.0)), 1000))
        times = self._times_s
        return len(times) == times.maxlen and now_s - times[0] < self._window_s
