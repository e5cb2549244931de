"""system_a: runs System A's snapshot; observation in, latent and telemetry out."""

from dataclasses import dataclass

import numpy as np
from std_msgs.msg import Float32MultiArray, String, UInt8MultiArray

from abm_ros.common import names
from abm_ros.common.config import check, section, setting
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.telemetry import SystemATelemetry
from abm_ros.common.transition import Observation
from abm_ros.memory.schedule import Experience, ScheduleConfig, WarmUpConfig
from abm_ros.nodes.telling.dreaming import Dreaming
from abm_ros.nodes.telling.world_teller import NOTHING, WorldTeller
from abm_ros.ros.codec import Packet, Writer, attributes_of, decode
from abm_ros.ros.deferred import Deferred
from abm_ros.ros.node import PartNode
from abm_ros.ros.observation_codec import decode_observation, told_attributes
from abm_ros.ros.snapshot_loader import SnapshotLoader
from abm_ros.ros.spin import run_node
from abm_ros.ros.twin_watch import TwinWatch
from abm_ros.world_model.dreams import DreamConfig
from abm_ros.world_model.perception import PerceivingModel, Percept, Perception
from abm_ros.world_model.worlds.config import WorldsConfig
from abm_ros.world_model.worlds.kept import KeptWorlds
from abm_ros.world_model.worlds.words import world_words

_ACTIONS_KEPT = 8


@dataclass(frozen=True)
class SystemAConfig(WarmUpConfig, ScheduleConfig, WorldsConfig, DreamConfig):
    """Settings of System A; warm-up and schedule matter where exact_rounds waits for snapshots."""

    defer_s: float = setting(
        0.004, 'How long what is off the control path waits, so that motors are answered first.',
        unit='s', low=0.0, high=0.1)
    directory: str = setting(
        '~/.ros/abm_ros', 'Folder; what is known of worlds lies in its models/worlds.abm.')
    exact_rounds: bool = setting(
        False, "Wait for the learner's snapshot whenever a learning round is due; needs a body in "
        'lock-step and a plasticity above 0.')

    def __post_init__(self) -> None:
        check(self)


class SystemA(PartNode[SystemAConfig]):
    """Plumbing around `world_model.perception.Perception`."""

    def __init__(self) -> None:
        super().__init__(names.SYSTEM_A, SystemAConfig)
        self._spec: ObservationSpec | None = None
        self._perception: Perception | None = None
        self._opener: SnapshotLoader[PerceivingModel] = SnapshotLoader(self, self._open)
        self._later = Deferred(self, self.config.defer_s)
        self._writer = Writer()
        self._executed: dict[int, np.ndarray] = {}
        self._last: Observation | None = None
        self._held: Observation | None = None
        self._answer: tuple[int, Float32MultiArray] | None = None
        self._experience: Experience | None = None
        self._counted: Observation | None = None
        self._round = 0
        self._percept: Percept | None = None
        self._latents = 0
        self._kept: KeptWorlds | None = None
        self._worlds = WorldTeller(self.config.max_steps)
        self._dreaming = Dreaming(self, section(DreamConfig, self.config))

    def telemetry(self) -> SystemATelemetry:
        percept = self._percept
        if percept is None:
            return self._dreaming.telemetry(SystemATelemetry(latents=self._latents))
        told = self._dreaming.telemetry(SystemATelemetry(
            latents=self._latents, uncertainty=percept.uncertainty,
            prediction_error=percept.prediction_error))
        worlds = self._perception.worlds if self._perception is not None else None
        return told if worlds is None or self._spec is None else self._worlds.tell_system_m(
            told, world_words(worlds.map, self._spec, worlds.moved_cameras))

    def deactivated(self) -> None:
        self._later.flush()
        if self._kept is not None and self._perception is not None:
            self._kept.keep(self._perception.lineage)

    def activated(self) -> None:
        self._held, self._last, self._answer = None, None, None
        self._executed.clear()
        self._dreaming.activated()

    def on_spec(self, message: String) -> None:
        """Learn what observations are like."""
        self._take_spec(ObservationSpec.from_json(message.data))

    def _take_spec(self, spec: ObservationSpec) -> None:
        if spec != self._spec:
            self._spec = spec
            self._perception = Perception(spec, section(WorldsConfig, self.config))
            if self._perception.worlds is not None:
                self._kept = KeptWorlds(self.config.directory, spec, self._perception.worlds,
                                        self._cannot_keep)
                self._kept.recall()
            self._experience = Experience(section(WarmUpConfig, self.config), spec)
            self._opener.reopen()

    def on_model(self, message: UInt8MultiArray) -> None:
        """Act with a new snapshot from the next observation on."""
        self._opener.take(message, wait=self.config.exact_rounds)
        self._round = int(attributes_of(message).get('round', '0'))
        self._try_held()

    def _cannot_keep(self, text: str) -> None:
        self.get_logger().error(text, throttle_duration_sec=10.0)

    def _open(self, snapshot: Snapshot) -> PerceivingModel | None:
        return None if self._perception is None else self._perception.open(snapshot)

    def on_executed(self, message: Float32MultiArray) -> None:
        """Remember what was executed: the efference copy that prediction needs."""
        packet = decode(message)
        if packet.stamp_ns < next(reversed(self._executed), -1):
            self._executed.clear()      # the robot's clock was set back
        self._executed[packet.stamp_ns] = packet.array('action')
        while len(self._executed) > _ACTIONS_KEPT:
            del self._executed[next(iter(self._executed))]
        self._try_held()

    def on_observation(self, message: Float32MultiArray) -> None:
        """Perceive; with exact_rounds, once everything is there that must come first."""
        if self._perception is None or self._spec is None:
            return
        # Finite or not: `Perception` checks the vector, and the writer of the latent the goal.
        observation = decode_observation(message, self._spec, finite=False)
        if self._answer is not None and observation.stamp_ns == self._answer[0]:
            self.emit('latent', self._answer[1])   # asked again: the same answer
            return
        self._held = observation
        self._try_held()

    def on_seeds(self, message: Float32MultiArray) -> None:
        """Dream from lived experience; memory says what observations are like."""
        seeds = self._dreaming.answers(message)
        if seeds is None:
            return
        self._take_spec(seeds.spec)
        assert self._perception is not None
        if (model := self._opener.opened()) is not None:
            self._perception.adopt(model)
        self._dreaming.take(seeds.spec, self._perception, seeds)

    def on_imagined_action(self, message: Float32MultiArray) -> None:
        """Take all dreams a step further."""
        self._dreaming.act(message)

    def _try_held(self) -> None:
        held = self._held
        if held is None or self._perception is None:
            return
        continues = self._last is not None and held.follows(self._last)
        executed = (self._executed.get(self._last.stamp_ns)
                    if self._last is not None and continues else None)
        if self.config.exact_rounds:
            if continues and executed is None:
                return
            self._count(acted=executed is not None)
            if (self._experience is not None
                    and self._round < self.config.round_at(self._experience.count)):
                return
        self._held, self._last = None, held
        self._perceive(self._perception, held, executed, new_episode=not continues)

    def _count(self, *, acted: bool) -> None:
        """Count the last step, once, as memory does."""
        last = self._last
        if last is None or last is self._counted or self._experience is None:
            return
        self._counted = last
        self._experience.take(last.episode, last.step, last.vector, acted=acted)

    def _perceive(self, perception: Perception, observation: Observation,
                  executed: np.ndarray | None, *, new_episode: bool) -> None:
        assert self._spec is not None
        self._later.flush()
        if (model := self._opener.opened()) is not None:
            perception.adopt(model)
        latent = perception.encode(observation.vector)
        message = self._writer.write(Packet(observation.stamp_ns, {
            'latent': latent, 'desired_goal': observation.goal,
            'achieved_goal': observation.vector[self._spec.goal_slice]}, {
            'episode': str(observation.episode), 'step': str(observation.step),
            'whole': str(int(observation.whole)), **told_attributes(observation),
            'lineage': perception.lineage,
            'round': str(self._round), 'world': str(self._worlds.number)}))
        self._answer = (observation.stamp_ns, message)
        self.emit('latent', message)
        if observation.teacher:     # not what this body did
            self._last = None
            return
        self._later('perceive', self._assess, perception, observation, executed, new_episode)

    def _assess(self, perception: Perception, observation: Observation,
                executed: np.ndarray | None, new_episode: bool) -> None:
        self._percept = perception.observe(observation.vector, executed, new_episode)
        self._latents += 1
        if self._percept.world is not None or self.config.exact_rounds:
            self.emit('world', self._worlds.tell(
                observation.stamp_ns, self._percept.world or NOTHING))
        if self._kept is not None and self._percept.world is not None:
            self._kept.follow(self._percept.world, perception.lineage)
            if self._percept.world.began:
                self.publish_telemetry()    # at once: System M slows the robot down


def main(twins: TwinWatch) -> int:
    """Run the node."""
    return run_node(SystemA, twins)
