"""Kills a recording process at random moments and verifies its record."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from abm_ros.common.errors import StoreError
from abm_ros.memory.record.store import Store
from abm_ros.memory.record.verify import verify

_LONGEST_S = 0.4
_START_S = 30.0


@dataclass
class Survived:
    """The result of all kills together."""

    kills: int = 0
    acknowledged: int = 0              # highest step id that a writer said was durable
    lost: int = 0                      # acknowledged steps that are missing
    unsound: int = 0                   # times that verify found damage
    within_commit: int = 0             # kills that left steps that were not acknowledged yet


def kill_at_random(path: Path, kills: int, rng: random.Random,
                   progress: Callable[[int], None] = lambda _: None) -> Survived:
    """
    Let a process record, kill it, open and verify its record; again and again the same file.

    :raises StoreError: the writer does not come up.
    """
    result = Survived()
    for number in range(1, kills + 1):
        said = _record_and_kill(path, rng.random() * _LONGEST_S)
        result.kills += 1
        result.acknowledged = max(result.acknowledged, said)
        with Store.read(path) as reader:
            verdict = verify(reader)
            present = 0
            for block in reader.blocks(damaged=lambda _: None):
                present += int((block.id <= result.acknowledged).sum())
            result.within_commit += reader.newest()[0] > result.acknowledged
        result.lost += result.acknowledged - present
        result.unsound += not verdict.sound
        progress(number)
    return result


def _record_and_kill(path: Path, delay_s: float) -> int:
    """Return the last step id that the writer said was durable before it was killed."""
    writer = subprocess.Popen([sys.executable, '-m', 'abm_ros.bench.memory.writer', str(path)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stderr is not None
    first = writer.stdout.readline()
    time.sleep(delay_s)
    writer.kill()
    rest, errors = writer.communicate(timeout=_START_S)
    if not first:
        raise StoreError(f'the recording process did not begin: {errors.decode()[-300:]}')
    # The last line may be torn.
    whole = (first + rest)[:(first + rest).rfind(b'\n')]
    return int(whole.rpartition(b'\n')[2])
