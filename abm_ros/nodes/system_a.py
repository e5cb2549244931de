"""system_a: runs System A's snapshot; observation in, latent and telemetry out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from std_msgs.msg import Float32MultiArray, String, UInt8MultiArray

from abm_ros.core.config import check, setting
from abm_ros.core.perception import Percept, Perception
from abm_ros.core.schedule import ScheduleConfig
from abm_ros.core.snapshot import Snapshot
from abm_ros.core.spec import ObservationSpec
from abm_ros.ros import names
from abm_ros.ros.codec import Packet, attributes_of, decode, encode
from abm_ros.ros.node import PartNode
from abm_ros.ros.spin import run_node

_ACTIONS_KEPT = 8


@dataclass(frozen=True)
class SystemAConfig(ScheduleConfig):
    """Settings of System A; the schedule matters in lock-step, where it waits for snapshots."""

    lock_step: bool = setting(
        False, "Wait for the learner's snapshot whenever a learning round is due.")

    def __post_init__(self) -> None:
        check(self)


class SystemA(PartNode[SystemAConfig]):
    """Plumbing around `core.perception.Perception`."""

    def __init__(self) -> None:
        super().__init__(names.SYSTEM_A, SystemAConfig)
        self._spec: ObservationSpec | None = None
        self._perception: Perception | None = None
        self._early: Snapshot | None = None
        self._executed: dict[int, np.ndarray] = {}
        self._last: tuple[int, str, int] | None = None   # stamp, episode, step
        self._held: Packet | None = None
        self._answer: tuple[int, Float32MultiArray] | None = None
        self._transitions = 0
        self._round = 0
        self._percept: Percept | None = None
        self._latents = 0

    def telemetry(self) -> Mapping[str, float]:
        values = {'latents': float(self._latents), 'round': float(self._round)}
        percept = self._percept
        if percept is not None:
            for name in ('prediction_error', 'uncertainty'):
                if np.isfinite(getattr(percept, name)):
                    values[name] = getattr(percept, name)
        return values

    def activated(self) -> None:
        self._held, self._last, self._answer = None, None, None
        self._executed.clear()

    def on_spec(self, message: String) -> None:
        """Learn what observations are like."""
        spec = ObservationSpec.from_json(message.data)
        if spec != self._spec:
            self._spec, self._perception = spec, Perception(spec)
            if self._early is not None:
                self._perception.load(self._early)

    def on_model(self, message: UInt8MultiArray) -> None:
        """Act with a new snapshot from the next observation on."""
        snapshot = Snapshot.from_bytes(bytes(message.data))
        self._early = snapshot
        if self._perception is not None:
            self._perception.load(snapshot)
        self._round = int(attributes_of(message).get('round', '0'))
        self._try_held()

    def on_executed(self, message: Float32MultiArray) -> None:
        """Remember what was executed: the efference copy that prediction needs."""
        packet = decode(message)
        self._executed[packet.stamp_ns] = packet.array('action')
        while len(self._executed) > _ACTIONS_KEPT:
            del self._executed[next(iter(self._executed))]
        self._try_held()

    def on_observation(self, message: Float32MultiArray) -> None:
        """Perceive; in lock-step, once everything is there that must come first."""
        if self._perception is None:
            return
        packet = decode(message)
        if self._answer is not None and packet.stamp_ns == self._answer[0]:
            self.emit('latent', self._answer[1])   # asked again: the same answer
            return
        self._held = packet
        self._try_held()

    def on_imagined_action(self, message: Float32MultiArray) -> None:
        """Imagined actions come with the mode `imagine`, which is not built yet."""

    def _try_held(self) -> None:
        packet = self._held
        if packet is None or self._perception is None:
            return
        executed = self._leading_action(packet)
        if self.config.lock_step:
            if self._continues(packet) and executed is None:
                return
            due = self.config.round_at(self._transitions + (executed is not None))
            if self._round < due:
                return
        self._held = None
        self._transitions += executed is not None
        self._perceive(self._perception, packet, executed)

    def _continues(self, packet: Packet) -> bool:
        return (self._last is not None
                and packet.attributes.get('episode') == self._last[1]
                and packet.integer('step') == self._last[2] + 1)

    def _leading_action(self, packet: Packet) -> np.ndarray | None:
        if self._last is None or not self._continues(packet):
            return None
        return self._executed.get(self._last[0])

    def _perceive(self, perception: Perception, packet: Packet,
                  executed: np.ndarray | None) -> None:
        assert self._spec is not None
        vector = self._spec.join(packet.arrays)
        continues = self._continues(packet)
        self._last = (packet.stamp_ns, packet.attributes.get('episode', ''),
                      packet.integer('step'))
        percept = self._percept = perception.observe(vector, executed, not continues)
        self._latents += 1
        message = encode(Packet(packet.stamp_ns, {
            'latent': percept.latent, 'desired_goal': packet.array('desired_goal'),
            'achieved_goal': vector[self._spec.goal_slice]}, {
            **packet.attributes, 'lineage': percept.lineage, 'round': str(self._round)}))
        self._answer = (packet.stamp_ns, message)
        self.emit('latent', message)


def main() -> int:
    """Run the node."""
    return run_node(SystemA)
