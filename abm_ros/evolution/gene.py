"""One gene: a number of phi or of a part's settings, with its bounds, unit and scale."""

import math
from dataclasses import dataclass

from abm_ros.common.errors import GenomeError

LINEAR, LOG = 'linear', 'log'


@dataclass(frozen=True)
class Gene:
    """
    One number that evolution may change.

    `name` is its place: 'phi.task.bias', or 'world.learning_rate' of a life's settings. A whole
    gene is rounded where it is expressed. On the scale `log` equal factors are equal distances.
    """

    name: str
    low: float
    high: float
    unit: str = ''
    scale: str = LINEAR
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.scale == LOG and self.low <= 0):
            raise GenomeError(f'gene {self.name}: expected low < high, above 0 on a log scale, '
                              f'got [{self.low:g}, {self.high:g}]')

    def check(self, value: float) -> float:
        """
        Return a value of this gene.

        :raises GenomeError: out of bounds, or not finite.
        """
        if not self.low <= value <= self.high:
            unit = f' {self.unit}' if self.unit else ''
            raise GenomeError(f'gene {self.name}: {value:g} is out of bounds, expected a number '
                              f'in [{self.low:g}, {self.high:g}]{unit}')
        return value

    def encode(self, value: float) -> float:
        """Return the place of a value between the bounds, in [0, 1]."""
        value, low, high = self.check(value), self.low, self.high
        if self.scale == LOG:
            value, low, high = math.log(value), math.log(low), math.log(high)
        return min(max((value - low) / (high - low), 0.0), 1.0)

    def decode(self, place: float) -> float:
        """
        Return the value at a place in [0, 1].

        :raises GenomeError: the place is outside.
        """
        if not 0.0 <= place <= 1.0:
            raise GenomeError(f'gene {self.name}: place {place:g}, expected one in [0, 1]')
        if self.scale == LOG:
            value = math.exp(math.log(self.low) + place * math.log(self.high / self.low))
        else:
            value = self.low + place * (self.high - self.low)
        value = min(max(value, self.low), self.high)
        return float(round(value)) if self.whole else value
