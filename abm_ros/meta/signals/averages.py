"""A running average."""

from dataclasses import dataclass
from math import isfinite, isnan, nan


@dataclass
class Average:
    """Exponential average with a time constant counted in samples."""

    samples: float
    value: float = nan

    def update(self, value: float) -> float:
        """Take a sample and return the average; the first sample is the first average."""
        if isfinite(value):
            rate = 1.0 / self.samples
            self.value = value if isnan(self.value) else (
                self.value + rate * (value - self.value))
        return self.value
