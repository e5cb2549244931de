"""
The telemetry of each node: one frozen dataclass per node, which is its schema.

Fields are declared only here. Nodes create these objects, the codec sends them on
`<node>/signals`, and System M reads them by attribute. An unknown or infinite number is NaN and is
not sent; missing words are ''.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from abm_ros.common import names
from abm_ros.common.telemetry_fields import Telemetry, by_name, number, words

_ONE_WORLD = 'where worlds are not told apart'


@dataclass(frozen=True)
class SensoryGateTelemetry(Telemetry):
    """Telemetry of the sensory gate."""

    node = names.SENSORY_GATE

    energy: float = number('Charge of the battery.', high=1.0)
    effort_ratio: float = number('Largest share of a joint effort limit that is in use.')
    effort_peak: float = number('The largest effort_ratio of the last moment.')
    observations: float = number('Observations made since the start.')
    clock_jumps: float = number('Times that the clock of the joint states was set back.')
    goals_refused: float = number('Goals that were refused since the start.')
    described: float = number('Whether the robot description was read.', high=1.0)
    charging: float = number('Whether the battery charges.', high=1.0,
                             unknown='where the battery does not tell')
    looming: float = number('Inverse of the time to contact.', unit='1/s',
                            unknown='without a camera image lately')
    cue: float = number('Share of the last camera images that show a pointing marker.',
                        high=1.0, unknown='without a camera image lately')
    demonstration: float = number('Trust in the teacher of a demonstration that waits; 0 for '
                                  'none.', high=1.0)
    peer: float = number('Trust in a peer whose motion waits to be observed; 0 for none.',
                         high=1.0)
    demonstrations: float = number('Demonstrations observed since the start.')
    demonstrations_refused: float = number('Demonstrations refused since the start.')
    teaching_trouble: str = words('Why the last demonstration was refused.')
    findings: Mapping[str, float] = by_name('What the detectors of other packages found.')
    trouble: str = words('What is refused for good, and why.')


@dataclass(frozen=True)
class SystemATelemetry(Telemetry):
    """Telemetry of System A."""

    node = names.SYSTEM_A

    latents: float = number('Observations perceived since the start.')
    prediction_error: float = number(
        'Squared error of the one-step prediction over that of predicting no change.',
        unknown='without a model or a transition')
    uncertainty: float = number(
        'Variance of the predictions of the ensemble over the squared size of a usual step.',
        unknown='without a model or a transition')
    world: float = number('Number of the world that is believed; 0 is the first.',
                          unknown=_ONE_WORLD)
    worlds: float = number('Worlds that are remembered.', unknown=_ONE_WORLD)
    world_age: float = number('Time since the world began that is believed, or since the start.',
                              unit='s', unknown=_ONE_WORLD)
    change: float = number('Most evidence, since the last word, that the world is another one; 1 '
                           'is believed.', high=1.0, unknown=_ONE_WORLD)
    doubt: float = number('How little is known of what actions do in this world; 0 in the first.',
                          high=1.0, unknown=_ONE_WORLD)
    worlds_opened: float = number('Worlds opened since the start.', unknown=_ONE_WORLD)
    worlds_recalled: float = number('Times that a known world was believed again.',
                                    unknown=_ONE_WORLD)
    worlds_relearned: float = number('Times that a young world was learned anew.',
                                     unknown=_ONE_WORLD)
    actuators: str = words('How actuators answer in this world, and what reads wrong; # and an '
                           'index stand for a joint.')
    dreamed: float = number('Transitions dreamed since the start.')
    dreams_refused: float = number('Batches of seeds of which nothing could be dreamed.')
    dream_error: float = number(
        'Error of the model on the lived experience that dreams begin at, over that of predicting '
        'no change.', unknown='before the first seeds')
    dream_trouble: str = words('Why nothing can be dreamed.')


@dataclass(frozen=True)
class LearnerTelemetry(Telemetry):
    """Telemetry of both learners."""

    updates: float = number('Gradient steps since the start.')
    received: float = number('Batches received since the start.')
    rounds: float = number('Rounds of learning since the start.')
    asked: float = number('Updates that the schedule asks for per transition lived; 0 while '
                          'nothing is to be learned from them.')
    version: float = number('Updates behind the newest snapshot; -1 before there is one.',
                            low=-1.0)
    gain: float = number('Relative fall of the loss over the last updates of consolidation.',
                         high=1.0, unknown='before enough of them, and awake')


@dataclass(frozen=True)
class SystemALearnerTelemetry(LearnerTelemetry):
    """Telemetry of System A's learner."""

    node = names.SYSTEM_A_LEARNER

    effective_rank: float = number('Effective rank of the latents of a batch.',
                                   unknown='before the first update')
    observation_rank: float = number('Effective rank of the observations of that batch.',
                                     unknown='before the first update')
    loss: float = number('Loss of the last update.', low=-inf, unknown='before the first update')


@dataclass(frozen=True)
class SystemBTelemetry(Telemetry):
    """Telemetry of System B."""

    node = names.SYSTEM_B

    episodes: float = number('Whole task episodes since the start.')
    successes: float = number('Those in which the goal was reached.')
    version: float = number('Updates behind the snapshot that acts; -1 without one.', low=-1.0)
    success_rate: float = number('Share of successes among the last whole task episodes.',
                                 high=1.0, unknown='before the first episode')
    deliberation: float = number('Share of the last actions that were searched for, not habit.',
                                 high=1.0, unknown='before the first action')
    action_spread: float = number('Standard deviation of the last actions.', high=1.0,
                                  unknown='before there are enough of them')


@dataclass(frozen=True)
class SystemBLearnerTelemetry(LearnerTelemetry):
    """Telemetry of System B's learner."""

    node = names.SYSTEM_B_LEARNER

    critic_loss: float = number('Loss of the last update of the critics.',
                                unknown='before the first update')
    actor_loss: float = number('Loss of the last update of the actor.', low=-inf,
                               unknown='before its first update')


@dataclass(frozen=True)
class EpisodicMemoryTelemetry(Telemetry):
    """Telemetry of episodic memory."""

    node = names.EPISODIC_MEMORY

    recorded: float = number('Transitions recorded since the start.')
    served: float = number('Windows replayed since the start.')
    batches: float = number('Batches sent since the start.')
    trouble: float = number('Whether experience cannot be written.', high=1.0)
    trouble_reason: str = words('Why it cannot be written.', wire='trouble')
    acknowledged: float = number('Highest step that is durable.', exact=True,
                                 unknown='before the record is open')
    pending: float = number('Steps that are not durable yet.',
                            unknown='before the record is open')
    imagined: float = number('Imagined transitions taken since the start.')
    imagined_served: float = number('Windows of imagined experience replayed since the start.')
    shown: float = number('Demonstrations recorded since the start.')
    shown_refused: float = number('Demonstrations that were observed and not recorded.')
    showing_trouble: str = words('Why the last one of these was not recorded.')
    teachers: Mapping[str, float] = by_name(
        'Demonstrations of each teacher that held, and that were refuted: name_held, '
        'name_refuted.')
    damaged_chunks: float = number('Chunks of the record that cannot be read.',
                                   unknown='before the record is open')
    transitions: float = number('Transitions that replay draws from.',
                                unknown='before the record is open')
    forgotten: float = number('Steps forgotten since the start.',
                              unknown='without upkeep of the record')
    novelty: float = number('Distance of the newest observation to its nearest neighbours in '
                            'memory, relative to a usual one.', high=1.0,
                            unknown="before System A's model appraised memory")


@dataclass(frozen=True)
class MotorGateTelemetry(Telemetry):
    """Telemetry of the motor gate."""

    node = names.MOTOR_GATE

    open: float = number('Whether actions reach the motors.', high=1.0)
    commands: float = number('Actions executed since the start.')
    corrected: float = number('Those that a person corrected.')
    held: float = number('Whether the operator holds at the gate itself.', high=1.0)
    clock_jumps: float = number('Times that the clock of the joint states was set back.')
    tripped: float = number('Whether it shut by itself and waits to be armed again.', high=1.0)
    shut: str = words('Why it is shut.')
    joints: str = words('Names of the joints that it moves, separated by blanks.')
    silent: str = words('Topics of the body without anything usable, separated by blanks.')


@dataclass(frozen=True)
class SystemMTelemetry(Telemetry):
    """Telemetry of System M."""

    node = names.SYSTEM_M

    switches: float = number('Modes entered since the start, without the first.')
    degraded: float = number('Faults that froze the robot since the start.')
    gate_shut_ms: float = number('Time to shut the motor gate in the last rewiring.', unit='ms')
    full_ms: float = number('Time of the last rewiring.', unit='ms')
    signals: Mapping[str, float] = by_name('The meta-states of the last tick.')


@dataclass(frozen=True)
class GraphTelemetry:
    """The newest telemetry of every node that System M wires, by the node's name."""

    episodic_memory: EpisodicMemoryTelemetry = field(default_factory=EpisodicMemoryTelemetry)
    system_a_learner: SystemALearnerTelemetry = field(default_factory=SystemALearnerTelemetry)
    system_b_learner: SystemBLearnerTelemetry = field(default_factory=SystemBLearnerTelemetry)
    system_a: SystemATelemetry = field(default_factory=SystemATelemetry)
    system_b: SystemBTelemetry = field(default_factory=SystemBTelemetry)
    sensory_gate: SensoryGateTelemetry = field(default_factory=SensoryGateTelemetry)
    motor_gate: MotorGateTelemetry = field(default_factory=MotorGateTelemetry)


# The classes of nodes with fields of their own.
KINDS: Mapping[str, type[Telemetry]] = {kind.node: kind for kind in (
    SensoryGateTelemetry, SystemATelemetry, SystemALearnerTelemetry, SystemBTelemetry,
    SystemBLearnerTelemetry, EpisodicMemoryTelemetry, MotorGateTelemetry, SystemMTelemetry)}
LEARNERS: tuple[type[LearnerTelemetry], ...] = (SystemALearnerTelemetry, SystemBLearnerTelemetry)
