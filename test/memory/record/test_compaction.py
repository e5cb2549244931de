"""Forgetting, merging, verifying and repairing the durable record."""

import json
import shutil
import sqlite3
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from abm_ros.common.errors import StoreError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record import compaction
from abm_ros.memory.record.compaction import Compactor, give_back, prune, vacuum
from abm_ros.memory.record.salvage import salvage
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.record.verify import verify

SPEC = ObservationSpec((FieldSpec('arm', 3), FieldSpec('tool', 2)), 'tool', 0.05, 2, 0.05, 10)
CONFIG = StoreConfig(busy_timeout_s=0.05)


def lived(episode: int, index: int, last: bool = False) -> Step:
    value = np.full(5, episode + index / 100, np.float32)
    return Step(episode, index, 100 * episode + index, value, np.ones(2, np.float32),
                None if last else np.zeros(2, np.float32), 'play' if episode % 2 else 'task',
                False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Ten episodes of five steps; one commit for every three steps."""
    path = tmp_path / 'memory.db'
    with Store(path, SPEC, replace(CONFIG, commit_count=3)) as store:
        for episode in range(10):
            for index in range(5):
                store.append(lived(episode, index, index == 4))
                store.poll()
    return path


def content(path: Path) -> list[tuple[int, int, float]]:
    with Store.read(path) as reader:
        return [(s.episode, s.index, float(s.observation[0])) for s in reader.steps()]


def test_pruned_episodes_are_gone_and_nothing_else(path: Path) -> None:
    before = content(path)
    with Store(path, SPEC, CONFIG) as store:
        assert prune(store, {0, 4, 9, 77}) == 15
        assert [e.episode for e in store.episodes()] == [1, 2, 3, 5, 6, 7, 8]
        assert verify(store).damage == []
        # Ids and episode numbers are never given again.
        assert store.next_episode == 10
        assert store.append(lived(10, 0)) == 51
    assert content(path)[:-1] == [s for s in before if s[0] not in (0, 4, 9)]
    with Store(path, SPEC, CONFIG) as store:
        assert (store.acknowledged, store.next_episode) == (51, 11)
        assert verify(store).sound


def test_everything_may_be_pruned(path: Path) -> None:
    with Store(path, SPEC, CONFIG) as store:
        prune(store, set(range(10)))
        assert list(store.steps()) == []
    with Store(path, SPEC, CONFIG) as store:
        assert (store.acknowledged, store.next_episode) == (50, 10)


def test_compaction_merges_and_changes_nothing(path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, 'MERGED_STEPS', 16)
    before = content(path)
    with Store(path, SPEC, CONFIG) as store, Store.read(path) as reader:
        steps = reader.steps()
        halfway = [next(steps) for _ in range(20)]
        compactor = Compactor(store)
        while compactor.step():
            pass
        # 17 chunks of 3 (the last of 2): three groups of 15 and two that are not worth it.
        assert store.totals() == {'chunks': 5, 'steps': 50, 'transitions': 40, 'episodes': 10}
        assert verify(store).sound
        # A reader that was on its way misses nothing and sees nothing twice.
        assert [(s.episode, s.index) for s in [*halfway, *steps]] == [s[:2] for s in before]
    assert content(path) == before


def test_free_pages_are_given_back(tmp_path: Path) -> None:
    path = tmp_path / 'large.db'
    with Store(path, SPEC, StoreConfig(commit_count=1000)) as store:
        for episode in range(40):
            for index in range(100):
                store.append(lived(episode, index, index == 99))
            store.poll()
        store.flush()
        give_back(store, 0)
        full = path.stat().st_size
        prune(store, set(range(30)))
        assert store.size()['free'] > 0
        give_back(store, 10_000)
        assert store.size()['free'] == 0
        assert path.stat().st_size < 0.5 * full
        vacuum(store)
        assert verify(store).sound
    assert len(content(path)) == 1000


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x10
    path.write_bytes(data)


@pytest.fixture(scope='module')
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('grown') / 'memory.db'
    with Store(path, SPEC, CONFIG) as store:
        for episode in range(200):
            for index in range(20):
                store.append(lived(episode, index, index == 19))
            store.flush()
        give_back(store, 0)
    return path


def large(path: Path, grown: Path) -> list[tuple[int, int, float]]:
    shutil.copy(grown, path)
    return content(path)


@pytest.mark.parametrize('share', [0.2, 0.4, 0.5, 0.6, 0.8, 0.97])
@pytest.mark.parametrize('within', [5, 2000, 4090])
def test_a_flipped_byte_costs_little(tmp_path: Path, grown: Path, share: float,
                                     within: int) -> None:
    """Wherever it is: in a block, in the head of a page, in the pages of the tree."""
    path = tmp_path / 'memory.db'
    before = large(path, grown)
    flip(path, int(path.stat().st_size * share) // 4096 * 4096 + within)
    with Store.read(path) as reader:
        damage: list[StoreError] = []
        rest = [(s.episode, s.index, float(s.observation[0]))
                for s in reader.steps(damaged=damage.append)]
        verdict = verify(reader)
    assert set(rest) <= set(before), 'nothing false is read'
    assert rest == sorted(rest)
    assert len(rest) >= 0.9 * len(before)
    if rest != before:
        assert damage
        assert not verdict.sound
        assert verdict.missing == len(before) - len(rest) or 'malformed' in str(verdict.damage)


def test_a_salvaged_record_holds_the_rest(tmp_path: Path, grown: Path) -> None:
    path, target = tmp_path / 'memory.db', tmp_path / 'saved.db'
    before = large(path, grown)
    flip(path, path.stat().st_size // 2)
    with Store.read(path) as reader:
        rest = [s.stamp_ns for s in reader.steps(damaged=lambda _: None)]
    done = salvage(path, target)
    assert done.steps == len(rest) >= len(before) - 40
    assert done.missing == len(before) - len(rest)
    with pytest.raises(StoreError, match='exists already'):
        salvage(path, target)
    with Store(target, SPEC, CONFIG) as store:
        assert verify(store).sound
        assert [s.stamp_ns for s in store.steps()] == rest
        assert store.acknowledged == len(before)


@pytest.mark.parametrize('cut', [1, 2048, 4096, 6000])
def test_a_torn_last_page_of_the_log_loses_nothing_acknowledged(tmp_path: Path,
                                                                cut: int) -> None:
    """A power cut in the middle of a commit leaves part of a frame, which was not acknowledged."""
    path, copy = tmp_path / 'memory.db', tmp_path / 'copy.db'
    with Store(path, SPEC, CONFIG) as store:
        for index in range(30):
            store.append(lived(0, index))
        acknowledged = store.flush()
        log = Path(f'{path}-wal').read_bytes()
        for index in range(30, 60):
            store.append(lived(0, index))
        store.flush()
        longer = Path(f'{path}-wal').read_bytes()
        copy.write_bytes(path.read_bytes())
    assert len(longer) > len(log)
    Path(f'{copy}-wal').write_bytes(longer[:max(len(log), len(longer) - cut)])
    with Store(copy, SPEC, CONFIG) as store:
        assert store.acknowledged >= acknowledged
        assert verify(store).sound
        assert [s.index for s in store.steps()] == list(range(store.acknowledged))


def test_a_torn_file_says_so_and_shows_the_rest(tmp_path: Path, grown: Path) -> None:
    path = tmp_path / 'memory.db'
    before = large(path, grown)
    with open(path, 'r+b') as file:
        file.truncate(path.stat().st_size - 3000)
    with Store.read(path) as reader:
        damage: list[StoreError] = []
        rest = list(reader.steps(damaged=damage.append))
        verdict = verify(reader)
    assert len(before) - 60 <= len(rest) <= len(before)
    assert not verdict.sound
    assert 'memory.db' in verdict.damage[0]


def write_version_1(path: Path, steps: list[tuple[object, ...]]) -> None:
    """Write a file as version 1 did, with nothing of today's code but the spec's JSON."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute('PRAGMA journal_mode = WAL')
    db.execute('CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
    db.execute('CREATE TABLE runs (run INTEGER PRIMARY KEY, first_id INTEGER NOT NULL, '
               'started_ns INTEGER NOT NULL)')
    db.execute('CREATE TABLE steps (id INTEGER PRIMARY KEY, episode INTEGER NOT NULL, '
               'step INTEGER NOT NULL, stamp_ns INTEGER NOT NULL, mode TEXT NOT NULL, '
               'success INTEGER NOT NULL, provenance TEXT NOT NULL, observation BLOB NOT NULL, '
               'goal BLOB NOT NULL, action BLOB, crc32 INTEGER NOT NULL)')
    db.execute('CREATE INDEX steps_episode ON steps (episode, success)')
    spec = {'fields': [{'name': 'arm', 'size': 3}, {'name': 'tool', 'size': 2}],
            'goal_field': 'tool', 'goal_tolerance': 0.05, 'action_size': 2,
            'control_period_s': 0.05, 'horizon': 10}
    db.executemany('INSERT INTO meta VALUES (?, ?)', [
        ('schema_version', '1'), ('observation_spec', json.dumps(spec, sort_keys=True)),
        ('created_ns', '1')])
    db.execute('INSERT INTO runs VALUES (1, 1, 123)')
    db.execute('BEGIN')
    for step in steps:
        crc = zlib.crc32(repr(list(step[:7])).encode())
        for blob in step[7:]:
            crc = zlib.crc32(blob or b'', crc)       # type: ignore[arg-type]
        db.execute('INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', (*step, crc))
    db.execute('COMMIT')
    db.close()


def version_1_steps(count: int) -> list[tuple[object, ...]]:
    return [(number, (number - 1) // 4, (number - 1) % 4, number * 50,
             'play', int(number == 3), 'teacher' if number < 5 else 'self',
             np.full(5, number, '<f4').tobytes(), np.array([1, -1], '<f4').tobytes(),
             None if number % 4 == 0 else np.array([0.5, number / 9], '<f4').tobytes())
            for number in range(1, count + 1)]


def test_a_record_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / 'old.db'
    write_version_1(path, version_1_steps(2500))
    with pytest.raises(StoreError, match='schema version 1, expected 4'):
        Store.read(path)
    with Store(path, SPEC, CONFIG) as store:
        assert store.acknowledged == 2500
        assert verify(store).sound
        assert [r.first_id for r in store.runs()] == [1, 2501]
        assert store.append(lived(store.next_episode, 0)) == 2501
        assert [(e.provenance, e.success, e.complete) for e in store.episodes()[:2]] == [
            ('teacher', True, True), ('self', False, True)]
        steps = list(store.steps())
    for number, step in enumerate(steps[:2500], 1):
        assert (step.episode, step.index) == ((number - 1) // 4, (number - 1) % 4)
        assert (step.stamp_ns, step.mode, step.success) == (number * 50, 'play', number == 3)
        np.testing.assert_array_equal(step.observation, np.full(5, number, np.float32))
        assert (step.action is None) == (number % 4 == 0)
        if step.action is not None:
            assert step.action[1] == np.float32(number / 9)


def test_a_damaged_record_of_version_1_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / 'old.db'
    write_version_1(path, version_1_steps(20))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE steps SET mode = 'task' WHERE id = 7")
    db.close()
    with pytest.raises(StoreError, match='row 7 of steps is damaged'):
        Store(path, SPEC, CONFIG)
    with sqlite3.connect(path) as db:
        assert db.execute('SELECT COUNT(*) FROM steps').fetchone() == (20,)
        assert db.execute("SELECT value FROM meta WHERE key = 'schema_version'"
                          ).fetchone() == ('1',)
    db.close()
    done = salvage(path, tmp_path / 'saved.db')
    assert (done.steps, done.missing) == (19, 1)
    assert 'row 7 of steps is damaged' in done.damage[0]
    with Store(tmp_path / 'saved.db', SPEC, CONFIG) as store:
        assert [s.stamp_ns // 50 for s in store.steps()] == [n for n in range(1, 21) if n != 7]
