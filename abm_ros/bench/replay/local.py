"""
The floor of the replay benchmark: a process that trains on batches from its own index.

`python -m abm_ros.bench.replay.local <folder> <seed>` loads the record, says 'ready', and for each
line on stdin, a number of seconds, trains so long and answers with the updates made and the
seconds taken.
"""

import os
import sys
import time
from pathlib import Path

from abm_ros.common.seeds import generator
from abm_ros.memory.record.store import Store
from abm_ros.memory.replay.draw import Draw
from abm_ros.memory.replay.index import ReplayConfig, ReplayIndex
from abm_ros.memory.rounds import CONSOLIDATION_UPDATES
from abm_ros.nodes.learner_node import NICENESS
from abm_ros.nodes.system_a_learner import WorldTrainer
from abm_ros.ros.replay_link import ReplayedBatch
from abm_ros.world_model.config import WorldModelConfig


class LocalReplay:
    """The trainer that the learner node runs, fed from an index in the same process."""

    def __init__(self, folder: Path, seed: int) -> None:
        with Store.read(folder / 'memory.db') as reader:
            self._spec = reader.spec
            self._index = ReplayIndex(self._spec, ReplayConfig().capacity)
            self._index.extend(reader.blocks())
        self._rng = generator(seed, 'replay_local')
        self._trainer = WorldTrainer(folder / 'none.abm', seed, WorldModelConfig())
        self._updates = 0

    def train(self, seconds: float) -> tuple[int, float]:
        """Train so long; return the updates made and the seconds taken."""
        draw = Draw(self._trainer.batch, self._trainer.horizon,
                    hindsight=ReplayConfig().hindsight, events=ReplayConfig().events)
        begin_s, before = time.perf_counter(), self._updates
        while time.perf_counter() - begin_s < seconds:
            batch = self._index.draw(self._rng, draw)
            replayed = ReplayedBatch(batch, 'uniform', '', 0, len(self._index), self._spec)
            self._trainer.begin(replayed)
            self._trainer.train(replayed, 1.0)
            self._updates += 1
            if self._updates % CONSOLIDATION_UPDATES == 0:
                self._trainer.snapshot()      # the node publishes one
        return self._updates - before, time.perf_counter() - begin_s


def main() -> int:
    """Serve until stdin ends."""
    os.nice(NICENESS)
    local = LocalReplay(Path(sys.argv[1]), int(sys.argv[2]))
    local.train(1.0)       # the first updates are slow
    os.write(1, b'ready\n')
    for line in sys.stdin:
        updates, seconds = local.train(float(line))
        os.write(1, b'%d %.6f\n' % (updates, seconds))
    return 0


if __name__ == '__main__':
    sys.exit(main())
