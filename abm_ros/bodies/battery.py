"""
A simple battery: motion drains it, standing still charges it.

    standing still:  d(charge)/dt = +1 / charge_s
    otherwise:       d(charge)/dt = -(1 + load) / life_s

where load in [0, 1] is the mean share of the effort limits in use. The charge stays within
[0, 1]. An empty battery is only reported, for System M to act on; it does not stop the arm.
"""

import numpy as np

_STILL_SPEED = 0.02
_STILL_COMMAND = 1e-3


class Battery:
    """The charge of a body and how it changes."""

    def __init__(self, life_s: float, charge_s: float, charge: float) -> None:
        """
        Make a battery.

        :param life_s: time of unloaded motion that empties it, s.
        :param charge_s: time of standing still that fills it, s.
        :param charge: in [0, 1].
        """
        self._life_s = life_s
        self._charge_s = charge_s
        self.charge = charge

    def step(self, still: bool, load: float, period_s: float, drain: float = 1.0) -> float:
        """
        Let one control period pass and return the charge in [0, 1].

        :param drain: factor by which motion empties it.
        """
        rate = 1.0 / self._charge_s if still else -drain * (1.0 + load) / self._life_s
        self.charge = float(np.clip(self.charge + rate * period_s, 0.0, 1.0))
        return self.charge


def stands_still(change: np.ndarray, velocity: np.ndarray) -> bool:
    """
    Tell whether a body is at rest and asked to stay so.

    :param change: (A,) change of the command; the command itself for a velocity interface.
    :param velocity: (J,) measured, rad/s or m/s.
    """
    return bool(np.abs(change).max() <= _STILL_COMMAND
                and np.abs(velocity).max() <= _STILL_SPEED)
