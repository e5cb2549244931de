"""The charge of a battery, told as a share or as per cent."""

import math

# Full batteries are told as a little more than 1; nobody counts half a per cent as full.
_FULL = 1.05


class Charge:
    """
    Reads the charge that a driver tells.

    sensor_msgs has it in [0, 1], many drivers tell 0 to 100. One that ever told more than 1 tells
    per cent, from then on: 0.8 is then almost nothing.
    """

    def __init__(self, unknown: float) -> None:
        """`unknown` is the share that counts while nothing is told, in [0, 1]."""
        self.share = unknown
        self.percent = False

    def take(self, told: float) -> bool:
        """
        Take a charge as it was told; what is no charge is left out.

        :return: whether this shows for the first time that the driver tells per cent.
        """
        if not math.isfinite(told) or not 0.0 <= told <= 100.0:
            return False
        first = not self.percent and told > _FULL
        self.percent |= first
        self.share = min(1.0, told / 100.0 if self.percent else told)
        return first
