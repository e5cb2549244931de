"""Settings of System A's learner, in a file of their own so that reading them imports no torch."""

from dataclasses import dataclass
from typing import ClassVar

from abm_ros.common.config import check, setting
from abm_ros.common.registry import load
from abm_ros.world_model.contract import WorldModelLearner


@dataclass(frozen=True)
class WorldModelConfig:
    """Settings of System A's learner: the entry 'ensemble' among `contract.WORLD_MODELS`."""

    implementation: ClassVar[str] = 'ensemble'

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
    distance_weight: float = setting(1.0, 'weight of reading distances out of replayed '
                                     'features', low=0.0, high=100.0)
    slowness_weight: float = setting(0.5, "weight of the slowness of the pictures' part of a "
                                     'distance', low=0.0, high=100.0)
    learns: str = setting('all', 'what learns: everything, all but encoder and readout (they stay '
                          'a fixed invertible map), or nothing but the moments',
                          choices=('all', 'dynamics', 'nothing'))
    readout_gradient: bool = setting(True, 'whether readouts shape encoder and predictors')
    bootstrap: float = setting(0.8, 'share of the transitions that each member learns from',
                               low=0.1, high=1.0)
    scale_floor: float = setting(1e-3, 'smallest standard deviation of an observation that '
                                 'counts as variation', low=1e-9, high=10.0)
    proximity_sharpness: float = setting(
        2.0, 'how fast proximity falls with the square of the distance in tolerances',
        low=0.01, high=100.0)
    moment_rate: float = setting(2e-3, 'smallest weight of a batch in the running moments',
                                 low=0.0, high=1.0)
    step_floor: float = setting(0.1, "least step of a latent's dimension that errors are measured "
                                'in, relative to the mean one', low=0.0, high=1.0)
    change_floor: float = setting(0.05, 'least step of a plain number that errors are measured '
                                  'in, relative to the mean one', low=0.0, high=1.0)
    # So that neither a goal that stands still for an episode is amplified, nor noise.
    look_batches: int = setting(1000, 'batches that the first moments of image features, mean 0 '
                                'and scale 1, count for', low=0, high=1_000_000)
    look_floor: float = setting(0.1, 'smallest standard deviation of an image feature that counts '
                                'as variation', low=1e-9, high=10.0)
    kinematics_rate: float = setting(10.0, 'learning rate of learned kinematics, relative to that '
                                     'of nets', low=0.0, high=1000.0)
    # Only outliers in the data reach it.
    gradient_norm: float = setting(10.0, 'largest norm of a gradient', low=1e-3, high=1e6)

    def __post_init__(self) -> None:
        check(self)

    @staticmethod
    def learner() -> type[WorldModelLearner]:
        """Import and return the class that learns with these settings; imports torch."""
        found: type[WorldModelLearner] = load(
            'abm_ros.world_model.ensemble_learner:EnsembleLearner', 'learner')
        return found
