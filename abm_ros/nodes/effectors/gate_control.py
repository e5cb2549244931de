"""Decides whether heartbeats may say that the motors are open."""

import threading

# A heartbeat says "open" only if the decision thread ran within this time.
_STALL_S = 3.0


class GateControl:
    """
    Shuts the motors from any thread, and opens them only if no thread shut them meanwhile.

    The motor gate opens by System M's heartbeats; this class decides what they say.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        # How often the motors were shut; opening them needs the newest count.
        self._closings = 0
        self._turned_s = -float('inf')

    @property
    def is_open(self) -> bool:
        """Whether the mode in force has opened the motors."""
        return self._open

    def close(self) -> int:
        """Shut the motors until a mode opens them; return the count that `open` needs."""
        with self._lock:
            self._open = False
            self._closings += 1
            return self._closings

    def open(self, closing: int, *, held: bool) -> None:
        """
        Open the motors, unless they were shut again after this closing.

        :param held: whether the operator holds.
        """
        with self._lock:
            self._open = closing == self._closings and not held

    def turned(self, now_s: float) -> None:
        """Record that the decision thread ran."""
        self._turned_s = now_s

    def says_open(self, now_s: float) -> bool:
        """Tell whether a heartbeat may say "open"; not while decisions are stalled."""
        return self._open and now_s - self._turned_s <= _STALL_S
