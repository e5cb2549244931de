"""Settings of the learners; apart from them, so that no torch is imported to read them."""

from dataclasses import dataclass

from abm_ros.core.config import check, setting


@dataclass(frozen=True)
class WorldModelConfig:
    """Settings of System A's learner."""

    latent: int = setting(32, 'size Z of the latent state', low=2, high=512)
    image_latent: int = setting(32, 'dimensions that each image adds to the latent',
                                low=0, high=512)
    members: int = setting(4, 'predictors K in the ensemble', low=1, high=16)
    hidden: int = setting(64, 'width of the predictors', low=4, high=1024)
    encoder_hidden: int = setting(32, 'width of the encoder and the readout', low=4, high=1024)
    layers: int = setting(2, 'hidden layers of each net', low=1, high=4)
    batch: int = setting(256, 'windows per update', low=2, high=4096)
    horizon: int = setting(3, 'steps that a training rollout unrolls', low=1, high=32)
    learning_rate: float = setting(2e-3, 'step size of Adam', low=1e-6, high=0.1)
    weight_decay: float = setting(0.0, 'decoupled weight decay', low=0.0, high=1.0)
    target_rate: float = setting(0.02, 'share of the encoder mixed into its moving-average '
                                 'target per update', low=1e-4, high=1.0)
    rollout_discount: float = setting(0.7, 'weight of each rollout step relative to the one '
                                      'before', low=0.0, high=1.0)
    variance_weight: float = setting(0.1, 'weight of the variance term', low=0.0, high=100.0)
    covariance_weight: float = setting(0.01, 'weight of the covariance term', low=0.0, high=100.0)
    inverse_weight: float = setting(0.1, 'weight of inverse dynamics', low=0.0, high=100.0)
    readout_weight: float = setting(1.0, 'weight of reading the observation out of the latent',
                                    low=0.0, high=100.0)
    grounding_weight: float = setting(1.0, 'weight of reading observations out of predicted '
                                      'latents', low=0.0, high=100.0)
    distance_weight: float = setting(1.0, 'weight of reading distances out of recollected '
                                     'frames', low=0.0, high=100.0)
    slowness_weight: float = setting(0.5, 'weight of the slowness of what pictures say of a '
                                     'distance', low=0.0, high=100.0)
    learns: str = setting('all', 'what learns: everything, all but encoder and readout (they stay '
                          'a fixed invertible map), or nothing but the moments',
                          choices=('all', 'dynamics', 'nothing'))
    readout_gradient: bool = setting(True, 'whether readouts shape encoder and predictors')
    bootstrap: float = setting(0.8, 'share of the transitions that each member learns from',
                               low=0.1, high=1.0)
    scale_floor: float = setting(1e-3, 'smallest standard deviation of an observation that '
                                 'counts as variation', low=1e-9, high=10.0)
    moment_rate: float = setting(2e-3, 'smallest weight of a batch in the running moments',
                                 low=0.0, high=1.0)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class ActorConfig:
    """Settings of System B's learner."""

    hidden: int = setting(64, 'width of actor and critics', low=4, high=1024)
    layers: int = setting(2, 'hidden layers of actor and critics', low=1, high=4)
    critics: int = setting(2, 'critics in the ensemble', low=2, high=16)
    batch: int = setting(128, 'windows per update', low=2, high=4096)
    learning_rate: float = setting(1e-3, 'step size of Adam', low=1e-6, high=0.1)
    discount: float = setting(0.95, 'weight of the next step against this one',
                              low=0.0, high=0.999)
    target_rate: float = setting(0.01, 'share of the critics mixed into their moving-average '
                                 'target per update', low=1e-4, high=1.0)
    imagined_steps: int = setting(4, 'length of imagined rollouts; 0 learns from the critics '
                                  'alone, without a model', low=0, high=32)
    distance_weight: float = setting(1.0, 'weight of the imagined distance to the goal, in '
                                     'tolerances, against the value', low=0.0, high=100.0)
    value_weight: float = setting(1.0, "weight of the critics' value at the end of an imagined "
                                  'rollout', low=0.0, high=100.0)
    plan_horizon: int = setting(12, 'steps that the planner looks ahead', low=1, high=32)
    content: float = setting(0.6, 'distance to the goal, in tolerances, that is as good as none: '
                             'nothing is gained by correcting what is near enough',
                             low=0.0, high=1.0)

    def __post_init__(self) -> None:
        check(self)
