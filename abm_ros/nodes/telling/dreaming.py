"""Dreams of the node system_a: seeds and actions in, latents and successful dreams out."""

from dataclasses import replace
from typing import Any

from std_msgs.msg import Float32MultiArray

from abm_ros.common.names import EPISODIC_MEMORY
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.telemetry import SystemATelemetry
from abm_ros.memory.replay.draw import NEWEST, SEEDS
from abm_ros.ros.codec import Packet, Writer, decode
from abm_ros.ros.node import PartNode
from abm_ros.ros.replay_link import (
    ReplayedBatch,
    decode_batch,
    encode_credits,
    encode_imagined,
)
from abm_ros.ros.replay_requests import ReplayRequests
from abm_ros.world_model.dreams import DreamConfig, Dreams, judge, obstacle
from abm_ros.world_model.perception import Perception

_REPEAT_PERIOD_S = 0.25


class Dreaming:
    """
    Dreams burst after burst, while the seeds are wired.

    Each answer of System B takes all dreams a step further. What was sent is sent again when
    nothing came back for a while: what is sent before a reader is matched is lost.
    """

    def __init__(self, node: PartNode[Any], config: DreamConfig) -> None:
        self._node, self._config = node, config
        self._requests = ReplayRequests(node.part)
        self._writer = Writer()
        self._dreams: Dreams | None = None
        self._sent: tuple[int, Float32MultiArray] | None = None
        self._finished: Float32MultiArray | None = None      # for memory
        self._quiet = False      # nothing came since the last time that something was sent again
        self._unjudged = False   # there was no model to judge
        self._lineage = ''
        self._told = SystemATelemetry(dreamed=0.0, dreams_refused=0.0)

    def telemetry(self, told: SystemATelemetry) -> SystemATelemetry:
        """Return the telemetry with what is told of dreams."""
        mine = self._told
        return replace(told, dreamed=mine.dreamed, dreams_refused=mine.dreams_refused,
                       dream_error=mine.dream_error, dream_trouble=mine.dream_trouble)

    def activated(self) -> None:
        """Ask for seeds, if they are wired."""
        self._dreams, self._sent, self._finished = None, None, None
        self._requests.renew()
        if self._node.is_wired('seeds'):
            self._told = replace(self._told, dream_trouble='')
            self._ask_to_judge()
            self._node.every(_REPEAT_PERIOD_S, self._repeat)

    def answers(self, message: Float32MultiArray) -> ReplayedBatch | None:
        """Return the seeds of a message if they were asked for, else None."""
        return decode_batch(message) if self._requests.is_answered(message) else None

    def take(self, spec: ObservationSpec, perception: Perception, given: ReplayedBatch) -> None:
        """Judge the model by lived windows, or dream from seeds."""
        model = perception.model
        if given.kind == SEEDS and model is not None:
            self._lineage = model.lineage
            self._dreams = Dreams(self._config, spec, model, given.batch)
            self._show(self._dreams)
            return
        reason = obstacle(spec)
        if not reason and model is None:     # it may still be on its way
            self._told = replace(self._told, dream_trouble='there is no model of System A yet')
            self._unjudged = True
            return
        if not reason and model is not None:
            error = judge(model, spec, given.batch)
            self._told = replace(self._told, dream_error=error)
            reason = self._config.doubt(error)
        self._told = replace(self._told, dream_trouble=reason)
        if reason:      # the model stays as it is until the mode changes
            self._told = replace(self._told, dreams_refused=self._told.dreams_refused + 1)
            return
        self._ask(SEEDS, self._config.dreams, 1)

    def act(self, message: Float32MultiArray) -> None:
        """Take the actions that System B wants in all dreams."""
        packet, dreams, sent = decode(message), self._dreams, self._sent
        if dreams is None or sent is None or packet.stamp_ns != sent[0]:
            return
        self._quiet = False
        dreams.act(packet.array('action'))
        self._told = replace(self._told, dreamed=self._told.dreamed + self._config.dreams)
        if not dreams.over:
            self._show(dreams)
            return
        self._dreams, self._sent = None, None
        self._finished = encode_imagined(
            dreams.successes(), self._node.get_clock().now().nanoseconds)
        self._hand_over()

    def _hand_over(self) -> None:
        """Send what was dreamed once memory hears it, and ask for more seeds."""
        if self._finished is None or not self._node.reaches('imagined', (EPISODIC_MEMORY,)):
            return
        self._node.emit('imagined', self._finished)
        self._finished = None
        self._ask(SEEDS, self._config.dreams, 1)

    def _show(self, dreams: Dreams) -> None:
        """Send the latents, as those of the world are sent."""
        stamp_ns = self._node.get_clock().now().nanoseconds
        if self._sent is not None:
            stamp_ns = max(stamp_ns, self._sent[0] + 1)
        message = self._writer.write(Packet(stamp_ns, {
            'latent': dreams.latent, 'desired_goal': dreams.goal,
            'achieved_goal': dreams.achieved},
            {'episode': '0', 'step': str(dreams.steps), 'whole': '0', 'lineage': self._lineage,
             'round': '0', 'world': '0'}))
        self._sent, self._quiet = (stamp_ns, message), False
        self._node.emit('imagined_latent', message)

    def _ask_to_judge(self) -> None:
        self._unjudged = False
        self._ask(NEWEST, self._config.judged, self._config.judged_steps)

    def _ask(self, kind: str, batch: int, horizon: int) -> None:
        self._send(self._requests.make(kind=kind, count=1, batch=batch, horizon=horizon))

    def _send(self, credits: Any) -> None:
        self._node.emit('credits', encode_credits(
            credits, self._node.get_clock().now().nanoseconds))

    def _repeat(self) -> None:
        """Send again what was not answered."""
        if self._quiet and self._sent is not None:
            self._node.emit('imagined_latent', self._sent[1])
        self._quiet = True
        self._hand_over()
        if self._unjudged:
            self._ask_to_judge()
        for credits in self._requests.unanswered:
            self._send(credits)
