"""What teachers show, on its way into episodic_memory."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from abm_ros.common.errors import SpecError
from abm_ros.common.telemetry import EpisodicMemoryTelemetry
from abm_ros.common.transition import Observation, Step
from abm_ros.common.trust import read_trust
from abm_ros.memory.recorder import Recorder
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.memory.showings import ShowingConfig, Showings
from abm_ros.nodes.memory_appraisal import Appraising
from abm_ros.ros.node import PartNode

Take = Callable[..., None]


class MemoryShowings:
    """Plumbing around `memory.showings`: System A's newest model says what was done."""

    def __init__(self, node: PartNode[Any], config: ShowingConfig, index: ReplayIndex,
                 appraising: Appraising) -> None:
        self._node, self._index, self._appraising = node, index, appraising
        self._showings = Showings(config, index.spec, index.shown)
        self._trouble = ''

    def telemetry(self, told: EpisodicMemoryTelemetry) -> EpisodicMemoryTelemetry:
        """Return the telemetry with what is told of teachers."""
        teachers = {f'{name}_{what}': float(count)
                    for name, counts in self._index.shown.evidence().items()
                    for what, count in zip(('held', 'refuted'), counts, strict=True)}
        return replace(told, shown=self._showings.taken, shown_refused=self._showings.refused,
                       showing_trouble=self._trouble, teachers=teachers)

    def take(self, seen: Observation, recorder: Recorder, record: Take) -> None:
        """Take an observation of a teacher; record the demonstration that it ends."""
        self._index.shown.trusted = read_trust(self._node.config.trusted)
        if not self._showings.take(seen):
            return
        cut: Iterable[Step] = recorder.cut()
        record(cut, last=True)
        try:
            record(self._showings.steps(self._appraising.model(), self._index.usual_step(),
                                        recorder.claim()), last=True)
        except SpecError as error:
            self._trouble = str(error)
            self._node.get_logger().error(str(error))
        self._node.publish_telemetry()
