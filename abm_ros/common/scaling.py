"""Scaling of numbers to [0, 1]."""

import numpy as np


def clip_unit(value: float) -> float:
    """Clip to [0, 1]; NaN and infinity become 0."""
    return float(min(1.0, max(0.0, value))) if np.isfinite(value) else 0.0


def saturating(value: float) -> float:
    """Map [0, inf) to [0, 1) by x / (1 + x): 0.5 where the value equals its reference."""
    return clip_unit(value / (1.0 + value)) if np.isfinite(value) and value > 0 else 0.0
