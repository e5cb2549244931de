"""Calibration of our own signals."""

from dataclasses import dataclass

from abm_ros.common.config import check, setting


@dataclass(frozen=True)
class MetaStateConfig:
    """Calibration of the meta-states."""

    stress_samples: float = setting(
        20.0, 'Time constant of stress.', unit='ticks', low=1.0, high=10000.0)
    uncertainty_samples: float = setting(
        10.0, 'Time constant of uncertainty, which is measured at single transitions.',
        unit='ticks', low=1.0, high=10000.0)
    gain_slow_samples: float = setting(
        200.0, 'Time constant of the slow error average behind learning_gain.',
        unit='ticks', low=2.0, high=100000.0)
    gain_fast_samples: float = setting(
        40.0, 'Time constant of the fast error average behind learning_gain.',
        unit='ticks', low=1.0, high=100000.0)
    gain_floor: float = setting(
        0.3, 'Error of the model, relative to predicting no change, of which half of the fall '
        'counts as learning_gain; of smaller ones less does.', low=0.001, high=10.0)
    lag_transitions: float = setting(
        100.0, 'Time constant of learning_lag, in transitions lived.', low=1.0, high=1e6)
    sleep_capacity: float = setting(
        600.0, 'Unconsolidated transitions that make sleep_pressure 1, where learning keeps up.',
        low=1.0, high=1e9)
    consolidation_replays: float = setting(
        60.0, 'Samples replayed in sleep that consolidate one transition, where learning keeps '
        'up.', low=1.0, high=1e6)
    consolidation_gain: float = setting(
        0.02, 'Relative fall of the losses, over the last updates of consolidation, below which '
        'sleep gains nothing more; 0 sleeps until all is consolidated.', low=0.0, high=1.0)
    imagination_capacity: float = setting(
        600.0, 'Transitions not yet imagined from that make imagination_pressure 1.',
        low=1.0, high=1e9)
    imagination_replays: float = setting(
        100.0, 'Imagined windows replayed that settle one lived transition.', low=1.0, high=1e6)
    competence_episodes: float = setting(
        10.0, 'Time constant of forgetting behind claimed competence.',
        unit='episodes', low=2.0, high=100000.0)

    def __post_init__(self) -> None:
        check(self)
