"""The measuring half of the memory benchmark."""

import argparse
import random
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from abm_ros.bench.common.figures import spread
from abm_ros.bench.common.records import EPISODE, SPEC, Records, fill
from abm_ros.bench.memory.kill import kill_at_random
from abm_ros.memory.record.compaction import regrouped
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.replay.draw import PICKS, Draw
from abm_ros.memory.replay.index import ReplayIndex

_COMMIT = 50
_DRAWN = 256
_DRAWS = 300


def measure_append(folder: Path, arguments: argparse.Namespace, console: Console
                   ) -> dict[str, Any]:
    """Return how many steps a second each side makes durable, in turns."""
    records = Records(arguments.records, arguments.seed)
    floors, ours, ratios = [], [], []
    for turn in range(arguments.repeats):
        console.print(f'writing, turn {turn + 1} of {arguments.repeats}')
        floors.append(write_floor(folder / f'floor{turn}.db', records))
        ours.append(write_record(folder / f'ours{turn}.db', records))
        ratios.append(round(ours[-1] / floors[-1], 4))
    size = (folder / 'ours0.db').stat().st_size
    return {'append_durable_per_s': round(float(np.median(ours)), 1),
            'floor_append_per_s': round(float(np.median(floors)), 1),
            'ratio_append': round(float(np.median(ratios)), 4), 'ratios_append': spread(ratios),
            'bytes_per_transition': round(size / _transitions(arguments.records), 1),
            'floor_bytes_per_transition': round((folder / 'floor0.db').stat().st_size
                                                / _transitions(arguments.records), 1)}


def write_floor(path: Path, records: Records) -> float:
    """Return the steps a second of a bare loop: a row per step, a commit per 50."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute('PRAGMA journal_mode = WAL')
    db.execute('PRAGMA synchronous = FULL')
    db.execute('CREATE TABLE steps (id INTEGER PRIMARY KEY, episode INTEGER, step INTEGER, '
               'stamp_ns INTEGER, mode TEXT, success INTEGER, provenance TEXT, observation BLOB, '
               'goal BLOB, action BLOB)')
    rows: list[tuple[Any, ...]] = []
    begin_s = time.perf_counter()
    for number, step in enumerate(records.steps(), 1):
        rows.append((number, step.episode, step.index, step.stamp_ns, step.mode, step.success,
                     step.provenance, step.observation.tobytes(), step.goal.tobytes(),
                     None if step.action is None else step.action.tobytes()))
        if len(rows) == _COMMIT or number == records.count:
            db.execute('BEGIN IMMEDIATE')
            db.executemany('INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', rows)
            db.execute('COMMIT')
            rows.clear()
    took_s = time.perf_counter() - begin_s
    db.close()
    return records.count / took_s


def write_record(path: Path, records: Records) -> float:
    """Return the steps a second that the durable record acknowledges."""
    with Store(path, SPEC, StoreConfig(commit_count=_COMMIT, commit_age_s=60.0)) as store:
        begin_s = time.perf_counter()
        for step in records.steps():
            store.append(step)
            store.poll()
        store.flush()
        return records.count / (time.perf_counter() - begin_s)


def measure_index(folder: Path, arguments: argparse.Namespace, console: Console
                  ) -> dict[str, Any]:
    """Return how long a start from a large record takes, and a draw of 256 from its index."""
    path = folder / 'large.db'
    count = -(-arguments.transitions // (EPISODE - 1)) * EPISODE
    figures: dict[str, Any] = {}
    for name, chunk in (('startup_1m_uncompacted_s', _COMMIT), ('startup_1m_s', 1024)):
        console.print(f'a record of {arguments.transitions} transitions, {chunk} steps per chunk')
        fill(path, count, chunk, arguments.seed)
        begin_s = time.perf_counter()
        with Store(path, SPEC, StoreConfig()) as store:
            index = ReplayIndex(SPEC, count)
            index.extend(regrouped(store.blocks()))
        figures[name] = round(time.perf_counter() - begin_s, 3)
        path.unlink()
    figures['transitions'] = len(index)
    rng = np.random.default_rng(arguments.seed)
    for pick in PICKS:
        draw = Draw(_DRAWN, 1, pick)
        index.draw(rng, draw)
        times = []
        for _ in range(_DRAWS):
            begin_s = time.perf_counter()
            index.draw(rng, draw)
            times.append(time.perf_counter() - begin_s)
        name = 'sample_256_ms' if pick == 'uniform' else f'sample_256_{pick}_ms'
        figures[name] = round(float(np.median(times)) * 1e3, 4)
    return figures


def measure_kills(folder: Path, arguments: argparse.Namespace, console: Console
                  ) -> dict[str, Any]:
    """Return what killing a recording process at random moments left."""
    def tell(number: int) -> None:
        if number % 10 == 0:
            console.print(f'{number} of {arguments.kills} kills')
    return dict(vars(kill_at_random(folder / 'killed.db', arguments.kills,
                                    random.Random(arguments.seed), tell)))


def _transitions(steps: int) -> int:
    return steps - steps // EPISODE
