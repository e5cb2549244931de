"""
A process that records as fast as it can and reports acknowledged ids, until it is killed.

`python -m abm_ros.bench.memory.writer <file>`: each line on stdout is the highest step id that
is durable.
"""

import os
import sys
from pathlib import Path

from abm_ros.bench.common.records import SPEC, Records
from abm_ros.memory.record.store import Store, StoreConfig

_COMMIT_COUNT = 7      # does not divide an episode: commits end anywhere in one


def main() -> int:
    """Record until the end."""
    records = Records(5000, os.getpid())
    with Store(Path(sys.argv[1]), SPEC, StoreConfig(commit_count=_COMMIT_COUNT)) as store:
        while True:
            for step in records.steps(store.next_episode):
                store.append(step)
                if store.poll():
                    os.write(1, b'%d\n' % store.acknowledged)


if __name__ == '__main__':
    sys.exit(main())
