"""Settings of System B's learner, in a file of their own so that reading them imports no torch."""

from dataclasses import dataclass
from typing import ClassVar

from abm_ros.common.config import check, setting
from abm_ros.common.registry import load
from abm_ros.policy.contract import PolicyLearner


@dataclass(frozen=True)
class ActorConfig:
    """Settings of System B's learner: the entry 'latent_actor' among `contract.POLICIES`."""

    implementation: ClassVar[str] = 'latent_actor'

    hidden: int = setting(64, 'width of actor and critics', low=4, high=1024)
    layers: int = setting(2, 'hidden layers of actor and critics', low=1, high=4)
    critics: int = setting(2, 'critics in the ensemble', low=2, high=16)
    batch: int = setting(128, 'windows per update', low=2, high=4096)
    learning_rate: float = setting(1e-3, 'step size of Adam', low=1e-6, high=0.1)
    discount: float = setting(0.95, 'weight of the next step against this one',
                              low=0.0, high=0.999)
    target_rate: float = setting(0.01, 'share of the critics mixed into their moving-average '
                                 'target per update', low=1e-4, high=1.0)
    gradient_norm: float = setting(1.0, 'largest norm of a gradient', low=1e-3, high=1e6)
    imagined_steps: int = setting(4, 'length of imagined rollouts; 0 learns from the critics '
                                  'alone, without a model', low=0, high=32)
    distance_weight: float = setting(1.0, 'weight of the imagined distance to the goal, in '
                                     'tolerances, against the value', low=0.0, high=100.0)
    value_weight: float = setting(1.0, "weight of the critics' value at the end of an imagined "
                                  'rollout', low=0.0, high=100.0)
    plan_horizon: int = setting(12, 'steps that the planner looks ahead', low=1, high=32)
    goal_deadband: float = setting(
        0.6, 'distance to the goal, in tolerances, that costs nothing', low=0.0, high=1.0,
        formerly='content')

    imitation_weight: float = setting(
        1.0, 'weight of doing what a trusted teacher did', low=0.0, high=100.0)
    outcome_rate: float = setting(
        0.02, 'step size of Adam for the place where the task tells success', low=1e-6, high=1.0)
    outcome_smoothness: float = setting(
        0.01, 'weight that keeps small what else predicts success', low=0.0, high=100.0)

    def __post_init__(self) -> None:
        check(self)

    @staticmethod
    def learner() -> type[PolicyLearner]:
        """Import and return the class that learns with these settings; imports torch."""
        found: type[PolicyLearner] = load('abm_ros.policy.actor_learner:ActorLearner', 'learner')
        return found
