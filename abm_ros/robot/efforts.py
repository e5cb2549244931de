"""How hard the arm works: its efforts against their limits, of all sources together."""

from collections.abc import Sequence

from abm_ros.robot.description import JointLimits
from abm_ros.robot.detect.peak_hold import PeakHold


class Efforts:
    """
    Keeps the efforts that joint states tell, as shares of their limits.

    An arm and its gripper come in turn: what counts is the larger of what each told last.
    """

    def __init__(self, hold_s: float, timeout_s: float) -> None:
        """
        Know of no effort.

        :param hold_s: how long the largest one stays the peak.
        :param timeout_s: how long a source is believed that tells nothing any more.
        """
        self._timeout_s = timeout_s
        self._newest = PeakHold(0.0, timeout_s)
        self._peak = PeakHold(hold_s, timeout_s)
        self._told: dict[tuple[str, ...], tuple[float, float]] = {}    # when, and the ratio

    def take(self, limits: JointLimits, names: tuple[str, ...], efforts: Sequence[float],
             now_s: float) -> None:
        """Take the efforts of a joint state; one that tells none of them is left out."""
        if not names or len(efforts) != len(names):
            return
        self._told = {source: (at_s, ratio) for source, (at_s, ratio) in self._told.items()
                      if 0 <= now_s - at_s <= self._timeout_s}
        self._told[names] = now_s, limits.effort_ratio(dict(zip(names, efforts, strict=True)))
        ratio = max(ratio for _, ratio in self._told.values())
        self._newest.take(now_s, ratio)
        self._peak.take(now_s, ratio)

    def ratio(self, now_s: float) -> float:
        """Return the largest of the newest efforts, as a share of its limit."""
        return self._newest.value(now_s)

    def peak(self, now_s: float) -> float:
        """Return the largest effort of late: an impact is shorter than a look."""
        return self._peak.value(now_s)
