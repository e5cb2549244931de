"""The memory benchmarks: both sides write the same; what survives kill -9; the figures."""

import json
import random
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from abm_ros.bench.common.records import Records, fill
from abm_ros.bench.memory import kill
from abm_ros.bench.memory.kill import kill_at_random
from abm_ros.bench.memory.run import write_floor, write_record
from abm_ros.bench.replay.figures import summarise
from abm_ros.cli.main import main
from abm_ros.memory.record.store import Store
from abm_ros.memory.record.verify import verify


def test_floor_and_record_write_the_same(tmp_path: Path) -> None:
    records = Records(130)
    assert write_floor(tmp_path / 'floor.db', records) > 0
    assert write_record(tmp_path / 'ours.db', records) > 0
    with sqlite3.connect(tmp_path / 'floor.db') as db:
        floor = db.execute('SELECT episode, step, stamp_ns, observation, goal, action '
                           'FROM steps ORDER BY id').fetchall()
    with Store.read(tmp_path / 'ours.db') as reader:
        ours = [(s.episode, s.index, s.stamp_ns, s.observation.tobytes(), s.goal.tobytes(),
                 None if s.action is None else s.action.tobytes()) for s in reader.steps()]
    assert floor == ours
    assert len(ours) == 130


def test_a_filled_record_is_like_a_lived_one(tmp_path: Path) -> None:
    fill(tmp_path / 'filled.db', 130, 7, 0)
    with Store.read(tmp_path / 'filled.db') as reader:
        assert verify(reader).sound
        for lived, read in zip(Records(50_000).steps(), reader.steps(), strict=False):
            assert (lived.episode, lived.index, lived.stamp_ns) == (
                read.episode, read.index, read.stamp_ns)
            np.testing.assert_array_equal(lived.observation, read.observation)
            assert (lived.action is None) == (read.action is None)
        assert reader.newest() == (130, (2, 29))


def test_the_figures_have_the_agreed_names(tmp_path: Path) -> None:
    file = tmp_path / 'figures.json'
    assert main(['bench', 'memory', '--records', '500', '--transitions', '2000', '--repeats', '2',
                 '--kills', '1', '--folder', str(tmp_path), '--json', str(file)]) == 0
    figures = json.loads(file.read_text())
    assert set(figures) >= {'append_durable_per_s', 'floor_append_per_s', 'ratio_append',
                            'sample_256_ms', 'startup_1m_s', 'bytes_per_transition'}
    assert figures['lost'] == figures['unsound'] == 0
    assert figures['transitions'] >= 2000


def test_replay_figures() -> None:
    figures = summarise([(20_000.0, 25_000.0), (30_000.0, 30_000.0), (22_000.0, 20_000.0)], 0)
    assert figures['dds_transitions_per_s'] == 22_000.0
    assert figures['in_process_transitions_per_s'] == 25_000.0
    assert figures['ratio'] == 1.0
    assert figures['times_real_time'] == 1100.0       # against 20 steps a second
    assert figures['lost'] == 0


@pytest.mark.slow
def test_ten_kills_lose_nothing(tmp_path: Path) -> None:
    """More by `abm bench memory --kills 100`."""
    survived = kill_at_random(tmp_path / 'm.db', 10, random.Random(3))
    assert survived.kills == 10
    assert survived.acknowledged > 100
    assert (survived.lost, survived.unsound) == (0, 0)


def test_a_loss_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / 'm.db', 100, 10, 0)
    monkeypatch.setattr(kill, '_record_and_kill', lambda path, delay_s: 104)
    survived = kill_at_random(tmp_path / 'm.db', 1, random.Random(0))
    assert (survived.acknowledged, survived.lost) == (104, 4)
    with sqlite3.connect(tmp_path / 'm.db') as db:
        db.execute('UPDATE chunks SET crc32 = 0 WHERE first_id = 11')
    db.close()
    survived = kill_at_random(tmp_path / 'm.db', 1, random.Random(0))
    assert (survived.lost, survived.unsound) == (14, 1)
