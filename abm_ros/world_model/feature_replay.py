"""
Feature replay: keeps the features of recent frames and draws them again (decision 0022).

A batch of windows with images holds few frames, but learning a distance without its places takes
many frames of many goals. The features of a frame take some hundred bytes. They are those of the
convolution when the frame was replayed; a frame that replay draws again is stored again.
Source: Hayes et al. 2020 (REMIND: replay of features instead of images).
Shape letters: B windows, S numbers and features, V plain numbers.
"""

import torch
from torch import Tensor

WINDOWS = 5000      # stored
DRAWN = 128         # drawn per update


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
        Store windows; overwrite the oldest when full.

        :param seen: (B, 2, S), what the encoder's net sees.
        :param truth: (B, 2, V), normalised.
        :param whole: (B,), 1 if all steps between the two frames were lived.
        """
        at = (torch.arange(len(seen)) + self._next) % WINDOWS
        for kept, new in ((self._seen, seen), (self._truth, truth), (self._whole, whole)):
            kept[at] = new
        self._next = (self._next + len(seen)) % WINDOWS
        self._filled = min(self._filled + len(seen), WINDOWS)

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Draw DRAWN windows."""
        at = torch.randint(self._filled, (DRAWN,), generator=self._rng)
        return self._seen[at], self._truth[at], self._whole[at]
