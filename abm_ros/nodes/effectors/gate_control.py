"""Whether heartbeats may say that the motors are open."""

import threading

# The decision thread must have come round within this time for a heartbeat to say "open".
_STALL_S = 3.0


class GateControl:
    """
    Shuts the motors from any thread, and opens them only if nobody shut them meanwhile.

    The motor gate itself opens by System M's heartbeats; this is what they say.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        # How often the motors were shut: whoever opens them must know of nothing newer.
        self._closings = 0
        self._turned_s = -float('inf')

    @property
    def is_open(self) -> bool:
        """Whether the mode in force has opened the motors."""
        return self._open

    def close(self) -> int:
        """Shut the motors until the next mode that opens them; return what `open` asks for."""
        with self._lock:
            self._open = False
            self._closings += 1
            return self._closings

    def open(self, closing: int, *, held: bool) -> None:
        """
        Open what was shut by this closing, unless somebody shut it since.

        :param held: whether the operator holds.
        """
        with self._lock:
            self._open = closing == self._closings and not held

    def turned(self, now_s: float) -> None:
        """Note that the decision thread came round."""
        self._turned_s = now_s

    def says_open(self, now_s: float) -> bool:
        """Tell whether a heartbeat may say "open": not while decisions are stalled."""
        return self._open and now_s - self._turned_s <= _STALL_S
