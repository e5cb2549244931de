"""What one sleep in process consists of: its measures, and why it ended."""

from dataclasses import dataclass, field
from math import nan

import numpy as np

from abm_ros.common.transition import Batch
from abm_ros.memory.appraisal import AppraisalConfig, Appraiser, draw, read
from abm_ros.memory.progress import Progress
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.world_model.perception import PerceivingModel

FADED, QUOTA = 'consolidation gains nothing more', 'the quota is reached'


@dataclass
class Slept:
    """
    A sleep, as far as it went.

    `updates` are those of each system, `transitions` those that were replayed to both. The gains
    are of `Progress`, after the last round. `reason` says why it ended, '' while it goes on.
    """

    updates: int = 0
    transitions: int = 0
    gain_a: float = nan
    gain_b: float = nan
    reason: str = ''
    of_a: Progress = field(default_factory=Progress, repr=False)
    of_b: Progress = field(default_factory=Progress, repr=False)

    def replayed(self, batch: Batch) -> None:
        """Count a batch."""
        self.transitions += int(batch.mask.sum())

    def end_round(self, updates: int, quota: int, least_gain: float) -> None:
        """Note a round of updates, and whether sleep goes on."""
        self.updates += updates
        self.gain_a, self.gain_b = self.of_a.gain, self.of_b.gain
        if max(self.gain_a, self.gain_b) < least_gain:     # false while one is not known
            self.reason = FADED
        elif self.updates >= quota:
            self.reason = QUOTA


def appraise(index: ReplayIndex, model: PerceivingModel, config: AppraisalConfig,
             rng: np.random.Generator) -> Appraiser:
    """Appraise what memory holds by System A's newest model, as the graph does in background."""
    chunks = (chunk() for chunk in read(index, draw(index, rng, config.library)))
    made = Appraiser(model, chunks, config.neighbours)
    found = made.appraised
    index.priorities.appraise(found.step, found.surprise, found.novelty)
    return made
