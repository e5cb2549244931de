"""The usual one-step error of a model, against which other errors count."""

import numpy as np

from abm_ros.world_model.worlds.config import WorldsConfig
from abm_ros.world_model.worlds.hypothesis import MOST

_OUTLIER = 9.0             # an error beyond this many variances counts as that many


class UsualError:
    """
    Follows the squared error of a transition, as a share of that of predicting no change.

    Shape letter: V plain numbers.

    :param config: `error_memory`, `calibration_steps` and `calibration_error`.
    """

    def __init__(self, config: WorldsConfig) -> None:
        self._config = config
        self.square: np.ndarray | None = None     # (V, V); None before the first transition
        self.seen = 0                             # transitions

    def count(self, error: np.ndarray) -> None:
        """Count a transition; the first error (V,) is the usual one until more are known."""
        self.seen += 1
        if self.square is None:
            self.square = np.diag(np.minimum(np.square(error), MOST))

    def follow(self, error: np.ndarray) -> None:
        """Let an error (V,) weigh in."""
        if self.square is None:
            return
        most = np.sqrt(np.minimum(_OUTLIER * np.diag(self.square) + 0.05, MOST))
        error = np.clip(error, -most, most)
        rate = max(1.0 / self._config.error_memory, 1.0 / (self.seen + 1))
        self.square += rate * (np.outer(error, error) - self.square)

    @property
    def each(self) -> np.ndarray:
        """That of each number (V,)."""
        return np.array([np.inf]) if self.square is None else np.diag(self.square)

    @property
    def mean(self) -> float:
        """That of all numbers together."""
        return float(self.each.mean())

    @property
    def is_calibrated(self) -> bool:
        """Whether the model is good enough for its errors to prove anything."""
        return (self.seen > self._config.calibration_steps
                and self.mean < self._config.calibration_error)
