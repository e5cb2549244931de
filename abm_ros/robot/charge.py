"""The charge of a battery, reported as a share or in per cent."""

import math

# A full battery may report slightly more than 1, but never as little as half a per cent.
_FULL = 1.05


class Charge:
    """
    Reads the charge that a driver reports.

    sensor_msgs defines it in [0, 1], but many drivers report 0 to 100. A driver that once reported
    more than 1 counts as one that reports per cent: 0.8 then means an almost empty battery.
    """

    def __init__(self, unknown: float) -> None:
        """Start with the share `unknown`, in [0, 1], until a charge is reported."""
        self.share = unknown
        self.percent = False

    def take(self, told: float) -> bool:
        """
        Take a reported charge; ignore values that are no charge.

        :return: whether this value is the first to show that the driver reports per cent.
        """
        if not math.isfinite(told) or not 0.0 <= told <= 100.0:
            return False
        first = not self.percent and told > _FULL
        self.percent |= first
        self.share = min(1.0, told / 100.0 if self.percent else told)
        return first
