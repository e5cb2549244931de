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
from abm_ros.core.transition import Observation
from abm_ros.ros import names
from abm_ros.ros.codec import Packet, attributes_of, decode, decode_observation, encode
from abm_ros.ros.node import PartNode
from abm_ros.ros.spin import run_node

_ACTIONS_KEPT = 8


@dataclass(frozen=True)
class SystemAConfig(ScheduleConfig):
    """Settings of System A; the schedule matters where exact_rounds waits for snapshots."""

    exact_rounds: bool = setting(
        False, "Wait for the learner's snapshot whenever a learning round is due; needs a body in "
        'lock-step and a plasticity above 0.')

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
        self._last: Observation | None = None
        self._held: Observation | None = None
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
        """Perceive; with exact_rounds, once everything is there that must come first."""
        if self._perception is None or self._spec is None:
            return
        observation = decode_observation(message, self._spec)
        if self._answer is not None and observation.stamp_ns == self._answer[0]:
            self.emit('latent', self._answer[1])   # asked again: the same answer
            return
        self._held = observation
        self._try_held()

    def on_imagined_action(self, message: Float32MultiArray) -> None:
        """Imagined actions come with the mode `imagine`, which is not built yet."""

    def _try_held(self) -> None:
        held = self._held
        if held is None or self._perception is None:
            return
        continues = self._last is not None and held.follows(self._last)
        executed = (self._executed.get(self._last.stamp_ns)
                    if self._last is not None and continues else None)
        if self.config.exact_rounds:
            due = self.config.round_at(self._transitions + (executed is not None))
            if (continues and executed is None) or self._round < due:
                return
        self._held, self._last = None, held
        self._transitions += executed is not None
        self._perceive(self._perception, held, executed, new_episode=not continues)

    def _perceive(self, perception: Perception, observation: Observation,
                  executed: np.ndarray | None, *, new_episode: bool) -> None:
        assert self._spec is not None
        latent = perception.encode(observation.vector)
        message = encode(Packet(observation.stamp_ns, {
            'latent': latent, 'desired_goal': observation.goal,
            'achieved_goal': observation.vector[self._spec.goal_slice]}, {
            'episode': str(observation.episode), 'step': str(observation.step),
            'whole': str(int(observation.whole)), 'lineage': perception.lineage,
            'round': str(self._round)}))
        self._answer = (observation.stamp_ns, message)
        self.emit('latent', message)
        # The latent is on its way: what follows is off the control path.
        self._percept = perception.observe(observation.vector, executed, new_episode)
        self._latents += 1


def main() -> int:
    """Run the node."""
    return run_node(SystemA)
