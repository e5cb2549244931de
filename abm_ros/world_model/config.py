"""Settings of System A's learner; apart from it, so that no torch is imported to read them."""

from dataclasses import dataclass

from abm_ros.common.config import check, setting


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
