"""Running mean and standard deviation of observations, as explicit state."""

from dataclasses import dataclass

import torch
from torch import Tensor

CLIP = 10.0  # larger normalised observations are taken for outliers of a sensor


@dataclass(frozen=True)
class Normaliser:
    """
    Moments of the observation; `update` returns a new one.

    A dimension that hardly varies keeps the scale `floor`, so that its numerical noise is not
    amplified to unit variance.
    """

    mean: Tensor        # (D,)
    variance: Tensor    # (D,)
    batches: int
    floor: float

    @classmethod
    def create(cls, size: int, floor: float) -> 'Normaliser':
        """
        Start with no data.

        :param size: D.
        :param floor: smallest standard deviation that counts as variation, in the unit of the
            observation.
        """
        return cls(torch.zeros(size), torch.ones(size), 0, floor)

    @property
    def scale(self) -> Tensor:
        """Standard deviation (D,), never below the floor."""
        return self.variance.sqrt().clamp_min(self.floor)

    def update(self, observations: Tensor, slowest: float) -> 'Normaliser':
        """
        Mix in the moments of a batch: first an average over all batches, later a slow average.

        :param observations: (B, D).
        :param slowest: smallest weight of a batch.
        """
        rate = max(1.0 / (self.batches + 1), slowest)
        variance, mean = torch.var_mean(observations, dim=0, correction=0)
        delta = mean - self.mean
        mixed = (1 - rate) * self.variance + rate * variance + rate * (1 - rate) * delta ** 2
        return Normaliser(self.mean + rate * delta, mixed, self.batches + 1, self.floor)


def normalise(mean: Tensor, scale: Tensor, observation: Tensor) -> Tensor:
    """Return (observation - mean) / scale, clipped."""
    return ((observation - mean) / scale).clamp(-CLIP, CLIP)
