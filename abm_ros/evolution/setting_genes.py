"""
The genes of the settings that a life begins with, by part and name.

The bounds of updates keep a learner within what a core has time for between two control steps:
more updates always learn faster in lock-step, and never on a robot.
"""

from abm_ros.evolution.gene import LOG, Gene

SETTING_GENES = (
    Gene('world.learning_rate', 3e-4, 1e-2, '', LOG),
    Gene('world.bootstrap', 0.3, 1.0),
    Gene('world.members', 2, 6, 'predictors', whole=True),
    Gene('world.horizon', 1, 6, 'steps', whole=True),
    Gene('world.rollout_discount', 0.2, 1.0),
    Gene('world.inverse_weight', 0.01, 1.0, '', LOG),
    Gene('world.grounding_weight', 0.1, 5.0, '', LOG),
    Gene('actor.learning_rate', 1e-4, 1e-2, '', LOG),
    Gene('actor.discount', 0.8, 0.99),
    Gene('actor.imagined_steps', 1, 8, 'steps', whole=True),
    Gene('actor.plan_horizon', 4, 16, 'steps', whole=True),
    Gene('actor.value_weight', 0.1, 10.0, '', LOG),
    Gene('planner.spread', 0.2, 1.0),
    Gene('planner.penalty', 0.05, 5.0, '', LOG),
    Gene('planner.policy_acceptance', 0.0, 1.0),
    Gene('planner.babble_correlation', 0.0, 0.95),
    Gene('planner.wanted_events', 0.0, 0.6),
    Gene('schedule.learn_every', 5, 20, 'transitions', whole=True),
    Gene('schedule.updates', 4, 40, 'updates', LOG, whole=True),
    Gene('schedule.late_updates', 4, 40, 'updates', LOG, whole=True),
    Gene('schedule.first_updates', 20, 300, 'updates', LOG, whole=True),
    Gene('warm_up.warm_up', 10, 100, 'transitions', LOG, whole=True),
    Gene('replay.hindsight', 0.2, 1.0),
    Gene('replay.events', 0.0, 0.6),
    Gene('worlds.evidence', 3.0, 40.0, 'nats', LOG),
    Gene('worlds.recall_evidence', 2.0, 40.0, 'nats', LOG),
    Gene('worlds.calibration_steps', 30, 300, 'transitions', LOG, whole=True),
    Gene('worlds.calibration_error', 0.05, 0.8, '', LOG),
    Gene('worlds.settle_steps', 30, 300, 'transitions', LOG, whole=True),
    Gene('system_m.uncertainty_samples', 2.0, 50.0, 'ticks', LOG),
    Gene('system_m.sleep_capacity', 100.0, 2000.0, 'transitions', LOG),
    Gene('system_m.imagination_capacity', 100.0, 2000.0, 'transitions', LOG),
    Gene('system_m.competence_episodes', 3.0, 40.0, 'episodes', LOG),
)
