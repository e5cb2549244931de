"""Settings of the worlds: how a change is found, and how fast its effect is learned."""

from dataclasses import dataclass

from abm_ros.common.config import check, setting


@dataclass(frozen=True)
class WorldsConfig:
    """Settings of change detection and of the actuator map that follows it."""

    worlds: bool = setting(False, 'tell worlds apart; otherwise there is one')
    max_worlds: int = setting(
        8, 'worlds that are remembered; the one left longest ago goes first', low=1, high=256)
    evidence: float = setting(
        8.0, 'log-likelihood ratio (nats) by which another world must explain the last steps '
        'better before it is believed', low=1.0, high=1000.0)
    recall_evidence: float = setting(
        6.0, 'the same for a world that is known: it has no parameters left to fit',
        low=1.0, high=1000.0)
    min_steps: int = setting(
        2, 'transitions that the evidence must rest on', low=1, high=1000)
    max_steps: int = setting(
        60, 'transitions after which a hypothesis that was not believed is dropped',
        low=2, high=100_000)
    settle_steps: int = setting(
        150, 'transitions after its opening in which a world may be learned anew, rather than '
        'another one be opened', low=0, high=100_000)
    calibration_steps: int = setting(
        100, 'transitions whose errors are measured before any change is believed',
        low=10, high=100_000)
    calibration_error: float = setting(
        0.22, 'mean squared error, as a share of that of predicting no change, above which a '
        'model is too young to prove a change', low=0.0, high=100.0)
    error_memory: float = setting(
        200.0, 'transitions over which the usual one-step error is averaged',
        low=10.0, high=1e6)
    gain_spread: float = setting(
        1.2, "prior standard deviation of an actuator's gain", low=0.01, high=100.0)
    cross_spread: float = setting(
        0.5, "prior standard deviation of an actuator's effect in another's place",
        low=0.0, high=100.0)
    bias_spread: float = setting(
        0.2, 'prior standard deviation of what an actuator does by itself, of a full action',
        low=0.0, high=100.0)
    reading_evidence: float = setting(
        15.0, 'the same for a reading that is off: there is a hypothesis for each reading',
        low=1.0, high=1000.0)
    reading_error: float = setting(
        0.1, 'as calibration_error, for a reading that is off: what a young model has not '
        'learned of a place looks like it', low=0.0, high=100.0)
    reading_spread: float = setting(
        1.0, "prior standard deviation of a reading's offset, of the reading's own deviation",
        low=0.0, high=100.0)
    probe: float = setting(
        0.2, 'step of actions by which the effect of each actuator is taken from the model',
        low=1e-3, high=1.0)
    repetition: float = setting(
        0.15, 'root mean square by which two actions must differ for the second one to prove '
        'anything new', low=1e-3, high=2.0)
    tail: float = setting(
        5.0, 'degrees of freedom of the errors (Student): the fewer, the less one error proves',
        low=1.0, high=1000.0)

    def __post_init__(self) -> None:
        check(self)
