"""
Competence: the posterior probability of success, and how well it is calibrated.

A Beta posterior with forgetting is updated by the outcome of each whole episode. Its mean before
an episode is the claim for that episode. The expected calibration error compares claims with
outcomes in bins of claims.
Sources: Jeffreys 1946 (the prior); Naeini et al. 2015 (expected calibration error); Josang and
Ismail 2002 (forgetting in a Beta reputation).
"""

from collections import deque
from math import sqrt

_PRIOR = 0.5          # Jeffreys: nothing known, any rate likely
_BINS = 5
_MEMORY = 200         # number of claims over which the calibration error is measured
_FEWEST = 20          # claims needed to measure it


class Competence:
    """
    The posterior of success, the claims made, and their `calibration_error` in [0, 1].

    :param episodes: time constant of forgetting, in episodes.
    """

    def __init__(self, episodes: float) -> None:
        self._keep = 1.0 - 1.0 / episodes
        self._successes = self._failures = 0.0
        self._claims: deque[tuple[float, bool]] = deque(maxlen=_MEMORY)
        # Stored, since it is read at every tick and changes only with an episode.
        self.calibration_error = 1.0

    def episode(self, success: bool) -> None:
        """Take the outcome of a whole episode, and store the claim made before it."""
        self._claims.append((self.mean, success))
        self._successes = self._keep * self._successes + float(success)
        self._failures = self._keep * self._failures + float(not success)
        self.calibration_error = self._missed()

    @property
    def known(self) -> bool:
        """Whether any whole episode was seen."""
        return bool(self._claims)

    @property
    def mean(self) -> float:
        """The expected success rate of the next episode."""
        return (self._successes + _PRIOR) / (self._successes + self._failures + 2 * _PRIOR)

    @property
    def deviation(self) -> float:
        """The posterior's standard deviation."""
        a, b = self._successes + _PRIOR, self._failures + _PRIOR
        return sqrt(a * b / ((a + b) ** 2 * (a + b + 1.0)))

    @property
    def claimed(self) -> float:
        """The success rate that may be claimed: two deviations below the mean, at least 0."""
        return max(0.0, self.mean - 2.0 * self.deviation)

    def _missed(self) -> float:
        """
        Return the expected calibration error of the last claims; 1 while there are too few.

        It is the weighted mean, over bins of claims, of |mean claim - success rate|.
        """
        if len(self._claims) < _FEWEST:
            return 1.0
        error = 0.0
        for low in range(_BINS):
            part = [(p, s) for p, s in self._claims if min(int(p * _BINS), _BINS - 1) == low]
            if part:
                error += abs(sum(p - s for p, s in part))
        return error / len(self._claims)
