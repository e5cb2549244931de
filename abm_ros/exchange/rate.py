"""The true rate of a record, in frames per second."""

from dataclasses import dataclass

import numpy as np

from abm_ros.memory.record.reader import StoreReader

_ENOUGH = 5000         # steps that are examined
_PAUSE = 3.0           # times the usual period: a step was lost or the robot waited
_SAME = 0.05           # relative error allowed for clocks and schedulers
_WHOLE = 0.02          # the same, for a rate that is rounded to a whole number


@dataclass(frozen=True)
class Rate:
    """Frames per second (an int if whole), and a remark about them."""

    fps: float
    words: str = ''


def rate_of(reader: StoreReader) -> Rate:
    """
    Return the true rate of a record's steps, which is that of its spec if they agree.

    A robot may have been observed faster or slower than its control period. LeRobot computes times
    as frames over the rate, so an episode keeps its duration only with the true rate.
    """
    period_s = reader.spec.control_period_s
    usual_s = _usual(reader)
    kept = not usual_s or abs(usual_s / period_s - 1.0) <= _SAME
    exact = 1.0 / (period_s if kept else usual_s)
    whole = abs(exact - round(exact)) <= (1e-6 if kept else _WHOLE) * exact and round(exact) > 0
    fps = round(exact) if whole else round(exact, 9 if kept else 3)
    words = [] if kept else [f'steps came every {usual_s:.4g} s, not in the control period of '
                             f'{period_s:g} s: exported as they came']
    if not whole:
        words.append(f'{fps:g} frames per second are no whole number, which some readers of '
                     'LeRobot data sets expect')
    return Rate(fps, '; '.join(words))


def _usual(reader: StoreReader) -> float:
    """Return the usual time between two successive steps, s; 0 if there are none."""
    stamps, places = [np.empty(0, np.int64)], [np.empty((0, 2), np.int64)]
    for block in reader.blocks(damaged=lambda _: None):
        stamps.append(block.stamp_ns)
        places.append(np.stack([block.episode, block.index], 1))
        if sum(map(len, stamps)) > _ENOUGH:
            break
    between = np.diff(np.concatenate(stamps)) * 1e-9
    follows = (np.diff(np.concatenate(places), axis=0) == (0, 1)).all(1)
    times = between[follows & np.greater(between, 0.0)]
    if not len(times):
        return 0.0
    return float(times[times <= _PAUSE * np.median(times)].mean())
