"""system_b: acts; latent in, action out, the next plan prepared in between."""

import math
import time
from dataclasses import dataclass

import numpy as np
from std_msgs.msg import Float32MultiArray, String, UInt8MultiArray

from abm_ros.common import names
from abm_ros.common.config import section, setting
from abm_ros.common.seeds import generator
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.telemetry import SystemBTelemetry
from abm_ros.nodes.telling.world_codec import decode_world
from abm_ros.policy.acting_model import ActingModel
from abm_ros.policy.controller import Controller, ControllerConfig
from abm_ros.policy.episodes import EpisodeTracker
from abm_ros.policy.exploration import Aim
from abm_ros.policy.planner import Objective
from abm_ros.policy.recent_acts import RecentActs
from abm_ros.ros.codec import Packet, Writer, attributes_of, decode
from abm_ros.ros.deferred import Deferred
from abm_ros.ros.node import PartNode
from abm_ros.ros.observation_codec import told_of
from abm_ros.ros.snapshot_loader import SnapshotLoader
from abm_ros.ros.spin import run_node
from abm_ros.ros.twin_watch import TwinWatch
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.told import HeardWorld

_WORLDS_KEPT = 8


@dataclass(frozen=True)
class SystemBConfig(ControllerConfig):
    """Settings of System B."""

    seed: int = setting(0, 'Seed of babbling, exploration and planning.', low=0)
    defer_s: float = setting(
        0.004, 'How long planning ahead waits, so that motors are answered first.',
        unit='s', low=0.0, high=0.1)
    planning_share: float = setting(
        0.4, 'Share of the control period after which a search is not refined any more; one who '
        'plans too long acts too late. Not with exact_rounds.', low=0.0, high=1.0)
    exact_rounds: bool = setting(
        False, "Wait for the learner's snapshot whenever System A acts with a newer round's, and "
        'for what System A told of the world before.')
    success_window: int = setting(
        20, 'Episodes over which the success rate is taken.', low=1, high=1000,
        formerly='competence_window')
    goal_weight: float = setting(
        1.0, "Weight of the task's goal.", low=0.0, high=10.0, runtime=True)
    intrinsic_weight: float = setting(
        0.0, "Weight of System A's intrinsic reward.", low=0.0, high=10.0, runtime=True)
    exploration: float = setting(
        0.0, 'Share of an action that is random.', low=0.0, high=1.0, runtime=True)


class SystemB(PartNode[SystemBConfig]):
    """Plumbing around `policy.controller.Controller`."""

    def __init__(self) -> None:
        super().__init__(names.SYSTEM_B, SystemBConfig)
        self._spec: ObservationSpec | None = None
        self._behaviour: Controller | None = None
        self._opener: SnapshotLoader[ActingModel] = SnapshotLoader(self, self._open)
        self._later = Deferred(self, self.config.defer_s)
        self._writer = Writer()
        self._held: Packet | None = None
        self._answer: tuple[int, Float32MultiArray] | None = None
        self._round = 0
        self._heard: dict[int, HeardWorld] = {}    # by number, the newest last
        self._acts = RecentActs()
        self._tracker = EpisodeTracker(self.config.success_window)
        self.reconfigured()

    def telemetry(self) -> SystemBTelemetry:
        tracker, rate = self._tracker, self._tracker.rate
        return SystemBTelemetry(
            episodes=tracker.episodes, successes=tracker.successes,
            version=self._behaviour.version if self._behaviour else -1,
            success_rate=math.nan if rate is None else rate,
            deliberation=self._acts.deliberation, action_spread=self._acts.spread)

    def reconfigured(self) -> None:
        config = self.config
        self._objective = Objective(config.goal_weight, config.intrinsic_weight,
                                    config.exploration)

    def deactivated(self) -> None:
        self._later.flush()

    def activated(self) -> None:
        self._held, self._answer = None, None
        self._acts.clear()
        self._tracker.interrupt()

    def on_spec(self, message: String) -> None:
        """Learn what goals and actions are like."""
        self._take_spec(ObservationSpec.from_json(message.data))

    def _take_spec(self, spec: ObservationSpec) -> None:
        if self._spec is None or (spec, spec.told) != (self._spec, self._spec.told):
            self._spec = spec
            self._behaviour = Controller(spec, section(ControllerConfig, self.config),
                                        generator(self.config.seed, names.SYSTEM_B))
            self._opener.reopen()

    def on_model(self, message: UInt8MultiArray) -> None:
        """Act with a new snapshot from the next preparation on."""
        self._opener.take(message, wait=self.config.exact_rounds)
        self._round = int(attributes_of(message).get('round', '0'))
        self._try_held()

    def _open(self, snapshot: Snapshot) -> ActingModel | None:
        return None if self._behaviour is None else self._behaviour.open(snapshot)

    def on_latent(self, message: Float32MultiArray) -> None:
        """Act; with exact_rounds, once the snapshot of the round has come."""
        if self._behaviour is None and self._opener.newest is not None:
            self._take_spec(self._opener.newest.spec)    # where nobody publishes one
        if self._behaviour is None:
            return
        packet = decode(message, finite=False)   # `Controller` checks what it acts on
        if self._answer is not None and packet.stamp_ns == self._answer[0]:
            self.emit('action', self._answer[1])   # asked again: the same answer
            return
        if packet.attributes.get('teacher'):
            self._watch(self._behaviour, packet)
            return
        self._held = packet
        self._try_held()

    @staticmethod
    def _watch(behaviour: Controller, packet: Packet) -> None:
        """Note the end of what a teacher shows."""
        if packet.attributes.get('last') == '1':
            behaviour.watch(packet.array('achieved_goal'),
                            success=told_of(packet.attributes)[0] is True)

    def on_world(self, message: Float32MultiArray) -> None:
        """Act by what actions do in this world from the next latent on."""
        if self._spec is None:
            return
        heard = decode_world(message, self._spec)
        if heard.number <= next(reversed(self._heard), 0):
            self._heard.clear()     # System A was started anew
        self._heard[heard.number] = heard
        while len(self._heard) > _WORLDS_KEPT:
            del self._heard[next(iter(self._heard))]
        self._try_held()

    def _actuators(self, latent: Packet) -> ActuatorMap | None:
        """Return what actions do by the newest word; with exact_rounds, by the latent's."""
        heard = self._heard.get(latent.integer('world') if self.config.exact_rounds
                                else next(reversed(self._heard), 0))
        return heard.told.actuators if heard is not None else None

    def _try_held(self) -> None:
        packet, behaviour = self._held, self._behaviour
        if packet is None or behaviour is None:
            return
        if self.config.exact_rounds and (
                self._round < packet.integer('round')
                or (packet.integer('world') > next(reversed(self._heard), 0)
                    and self.is_wired('world'))):
            return
        self._held = None
        self._later.flush()
        if (model := self._opener.opened()) is not None:
            behaviour.adopt(model)
        goal, latent = packet.array('desired_goal'), packet.array('latent')
        if latent.ndim == 2:
            self._send(packet, behaviour.act_for_all(
                latent, packet.attributes.get('lineage', ''), goal, self._objective))
            return
        begins = packet.integer('step') == 0
        action = behaviour.act(
            latent, packet.attributes.get('lineage', ''), goal, begins, self._objective,
            self._actuators(packet))
        self._send(packet, action)
        self._later('plan', self._prepare, behaviour, packet, goal, begins, action)

    def _send(self, packet: Packet, action: np.ndarray) -> None:
        """Send the action for a latent (Z,), or those for many (N, Z)."""
        message = self._writer.write(Packet(packet.stamp_ns, {'action': action}, {
            'episode': packet.attributes.get('episode', ''),
            'step': packet.attributes.get('step', '')}))
        self._answer = (packet.stamp_ns, message)
        self.emit('action', message)

    def _prepare(self, behaviour: Controller, packet: Packet, goal: np.ndarray,
                 begins: bool, action: np.ndarray) -> None:
        assert self._spec is not None
        success, reward = told_of(packet.attributes)
        deadline_s = math.inf if self.config.exact_rounds else (
            time.monotonic() + self.config.planning_share * self._spec.control_period_s)
        behaviour.prepare(packet.array('achieved_goal'), deadline_s, success, reward)
        self._acts.take(action, searched=behaviour.deliberates)
        if success is None:
            success = bool(self._spec.reached(packet.array('achieved_goal'), goal))
        self._tracker.observe(
            begins=begins, whole=packet.attributes.get('whole') == '1', reached=success,
            counts=behaviour.aim is Aim.PURSUE and self._objective.seeks_goal)


def main(twins: TwinWatch) -> int:
    """Run the node."""
    return run_node(SystemB, twins)
