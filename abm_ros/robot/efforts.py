"""Efforts of the arm relative to their limits, from all sources together."""

from collections.abc import Sequence

from abm_ros.robot.description import JointLimits
from abm_ros.robot.detect.peak_hold import PeakHold


class Efforts:
    """
    Keeps the efforts of joint states as shares of their limits.

    An arm and its gripper may report in turn: the larger of their last values counts.
    """

    def __init__(self, hold_s: float, timeout_s: float) -> None:
        """
        Start without efforts.

        :param hold_s: how long the largest effort is held as the peak.
        :param timeout_s: how long the last value of a silent source counts.
        """
        self._timeout_s = timeout_s
        self._newest = PeakHold(0.0, timeout_s)
        self._peak = PeakHold(hold_s, timeout_s)
        self._told: dict[tuple[str, ...], tuple[float, float]] = {}    # when, and the ratio

    def take(self, limits: JointLimits, names: tuple[str, ...], efforts: Sequence[float],
             now_s: float) -> None:
        """Take the efforts of a joint state; ignore one without efforts."""
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
        """Return the held peak, since an impact is shorter than a tick."""
        return self._peak.value(now_s)
