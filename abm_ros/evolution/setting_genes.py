"""
The genes of the settings that a life begins with, by part and name.

The bounds of updates keep a learner within what a core has time for between two control steps:
more updates always learn faster in lock-step, and never on a robot.
"""

from abm_ros.evolution.gene import LINEAR, LOG, Gene


def _gene(part: str, name: str, low: float, high: float, unit: str = '', scale: str = LINEAR,
          *, whole: bool = False) -> Gene:
    return Gene(f'{part}.{name}', low, high, unit, scale, whole)


SETTING_GENES = (
    _gene('world', 'learning_rate', 3e-4, 1e-2, '', LOG),
    _gene('world', 'bootstrap', 0.3, 1.0),
    _gene('world', 'members', 2, 6, 'predictors', whole=True),
    _gene('world', 'horizon', 1, 6, 'steps', whole=True),
    _gene('world', 'rollout_discount', 0.2, 1.0),
    _gene('world', 'inverse_weight', 0.01, 1.0, '', LOG),
    _gene('world', 'grounding_weight', 0.1, 5.0, '', LOG),
    _gene('actor', 'learning_rate', 1e-4, 1e-2, '', LOG),
    _gene('actor', 'discount', 0.8, 0.99),
    _gene('actor', 'imagined_steps', 1, 8, 'steps', whole=True),
    _gene('actor', 'plan_horizon', 4, 16, 'steps', whole=True),
    _gene('actor', 'value_weight', 0.1, 10.0, '', LOG),
    _gene('planner', 'spread', 0.2, 1.0),
    _gene('planner', 'penalty', 0.05, 5.0, '', LOG),
    _gene('planner', 'policy_acceptance', 0.0, 1.0),
    _gene('planner', 'babble_correlation', 0.0, 0.95),
    _gene('planner', 'wanted_events', 0.0, 0.6),
    _gene('schedule', 'learn_every', 5, 20, 'transitions', whole=True),
    _gene('schedule', 'updates', 4, 40, 'updates', LOG, whole=True),
    _gene('schedule', 'late_updates', 4, 40, 'updates', LOG, whole=True),
    _gene('schedule', 'first_updates', 20, 300, 'updates', LOG, whole=True),
    _gene('warm_up', 'warm_up', 10, 100, 'transitions', LOG, whole=True),
    _gene('replay', 'hindsight', 0.2, 1.0),
    _gene('replay', 'events', 0.0, 0.6),
    _gene('worlds', 'evidence', 3.0, 40.0, 'nats', LOG),
    _gene('worlds', 'recall_evidence', 2.0, 40.0, 'nats', LOG),
    _gene('worlds', 'calibration_steps', 30, 300, 'transitions', LOG, whole=True),
    _gene('worlds', 'calibration_error', 0.05, 0.8, '', LOG),
    _gene('worlds', 'settle_steps', 30, 300, 'transitions', LOG, whole=True),
    _gene('system_m', 'uncertainty_samples', 2.0, 50.0, 'ticks', LOG),
    _gene('system_m', 'sleep_capacity', 100.0, 2000.0, 'transitions', LOG),
    _gene('system_m', 'imagination_capacity', 100.0, 2000.0, 'transitions', LOG),
    _gene('system_m', 'competence_episodes', 3.0, 40.0, 'episodes', LOG),
)
