"""Counts whole episodes and their successes."""

from collections import deque


class EpisodeTracker:
    """
    Counts episodes that were seen from beginning to end and pursued their goal throughout.

    Success is native: the goal was within tolerance at any observation of the episode.
    """

    def __init__(self, window: int) -> None:
        """Start with no episodes; the success rate is that of the last `window` ones."""
        self._recent: deque[bool] = deque(maxlen=window)
        self._open = False
        self._reached = False
        self.episodes = 0
        self.successes = 0

    @property
    def rate(self) -> float | None:
        """Share of successes among the last whole episodes, None before the first."""
        return sum(self._recent) / len(self._recent) if self._recent else None

    def observe(self, *, begins: bool, whole: bool, reached: bool, counts: bool) -> None:
        """
        Take one observation.

        :param begins: it is the first of an episode.
        :param whole: the episode was seen from its beginning.
        :param reached: the goal is within tolerance.
        :param counts: the goal is pursued now; an episode counts only if it was throughout.
        """
        if begins:
            if self._open:
                self._recent.append(self._reached)
                self.episodes += 1
                self.successes += self._reached
            self._open, self._reached = whole, False
        self._open = self._open and counts
        self._reached = self._reached or reached

    def interrupt(self) -> None:
        """Drop the episode under way: the robot was stopped in it."""
        self._open = False
