"""
What System A saw lately, as features: a picture is looked at once and learned from often.

A batch of windows with images holds few frames. A distance that is told without its places takes
many, of many goals; what is kept of a frame for it are some hundred bytes. The features are those
that the eye had when it saw the frame; a frame that replay draws again is kept anew.
Source: Hayes et al. 2020 (REMIND: replay of features instead of images).
Shape letters: B windows, S numbers and features, V plain numbers.
"""

import torch
from torch import Tensor

WINDOWS = 5000      # kept
DRAWN = 128         # per update


class FeatureReplay:
    """
    Keeps the first and the last frame of each window, in the order of replay.

    :param seen: S.
    :param numbers: V.
    :param seed: decides the draws.
    """

    def __init__(self, seen: int, numbers: int, seed: int) -> None:
        self._seen = torch.zeros(WINDOWS, 2, seen)
        self._truth = torch.zeros(WINDOWS, 2, numbers)
        self._whole = torch.zeros(WINDOWS)
        self._next = self._filled = 0
        self._rng = torch.Generator().manual_seed(seed)

    def take(self, seen: Tensor, truth: Tensor, whole: Tensor) -> None:
        """
        Keep windows, instead of the oldest when there is no room.

        :param seen: (B, 2, S), what the encoder's net sees.
        :param truth: (B, 2, V), normalised.
        :param whole: (B,), 1 where all between the two was lived.
        """
        at = (torch.arange(len(seen)) + self._next) % WINDOWS
        for kept, new in ((self._seen, seen), (self._truth, truth), (self._whole, whole)):
            kept[at] = new
        self._next = (self._next + len(seen)) % WINDOWS
        self._filled = min(self._filled + len(seen), WINDOWS)

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return DRAWN of the windows, as they were taken."""
        at = torch.randint(self._filled, (DRAWN,), generator=self._rng)
        return self._seen[at], self._truth[at], self._whole[at]
