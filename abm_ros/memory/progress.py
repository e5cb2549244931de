"""How much a learner still gains by replay: the measure by which sleep ends."""

from collections import deque
from math import isfinite, nan

import numpy as np

from abm_ros.common.scaling import clip_unit

# Updates of each of the two spans that are compared: one turn of a planned order, whose kinds have
# losses of their own.
SPAN = 32


class Progress:
    """The relative fall of a learner's loss, from the span before last to the last one."""

    def __init__(self) -> None:
        self._losses: deque[float] = deque(maxlen=2 * SPAN)

    def begin(self) -> None:
        """Forget what was measured."""
        self._losses.clear()

    def take(self, loss: float) -> None:
        """Take the loss of an update; one that is not known says nothing."""
        if isfinite(loss):
            self._losses.append(loss)

    @property
    def gain(self) -> float:
        """The gain in [0, 1]; 0 where the loss rose, NaN before both spans are full."""
        if len(self._losses) < 2 * SPAN:
            return nan
        losses = np.array(self._losses)
        before, after = float(losses[:SPAN].mean()), float(losses[SPAN:].mean())
        return clip_unit((before - after) / before) if before > 0 else 0.0
