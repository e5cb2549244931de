"""The durable record: what is acknowledged is there, whatever happens to its writer."""

import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import textwrap
import threading
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from abm_ros.common.errors import (
    ConfigError,
    NonFiniteError,
    SpecError,
    StoreBusyError,
    StoreError,
)
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.record.verify import verify

SPEC = ObservationSpec((FieldSpec('arm', 3), FieldSpec('tool', 2)), 'tool', 0.05, 2, 0.05, 10)
CONFIG = StoreConfig(busy_timeout_s=0.05)
# Runs in a child process, which appends episodes of 5 steps until it is told to stop or killed.
WRITER = textwrap.dedent("""
    import sys
    import numpy as np
    from abm_ros.common.spec import FieldSpec, ObservationSpec
    from abm_ros.memory.record.store import Store, StoreConfig
    from abm_ros.common.errors import StoreError
    from abm_ros.common.transition import Step

    SPEC = ObservationSpec((FieldSpec('arm', 3), FieldSpec('tool', 2)), 'tool', 0.05, 2, 0.05, 10)

    def lived(number, episode, index):
        action = None if index == 4 else np.full(2, 0.5, np.float32)
        return Step(episode, index, number, np.full(5, number, np.float32),
                    np.ones(2, np.float32), action, 'play', False)

    def live(store):
        number, episode = store.acknowledged, store.next_episode
        while True:
            for index in range(5):
                number += 1
                store.append(lived(number, episode, index))
                if store.poll():
                    print(store.acknowledged, flush=True)
            episode += 1
""")


def step(episode: int, index: int, number: float = 0.0, **changes: object) -> Step:
    lived = Step(episode, index, 10 ** 18 + index, np.full(5, number, np.float32),
                 np.array([1.0, -1.0], np.float32), np.array([0.25, -1.0], np.float32), 'play',
                 False)
    return replace(lived, **changes)  # type: ignore[arg-type]


def start_child(code: str, path: Path) -> 'subprocess.Popen[str]':
    return subprocess.Popen([sys.executable, '-c', WRITER + textwrap.dedent(code), str(path)],
                            stdout=subprocess.PIPE, text=True,
                            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'memory.db'


def test_what_is_written_is_read_bit_for_bit(path: Path) -> None:
    odd = np.array([1e-45, -0.0, 3.4e38, 1 / 3, -7.0], np.float32)
    with Store(path, SPEC, CONFIG) as store:
        assert store.append(step(0, 0, observation=odd, provenance='teacher')) == 1
        assert store.append(step(0, 1, action=None, success=True, mode='task')) == 2
    with Store.read(path) as reader:
        first, second = reader.steps()
        assert reader.spec == SPEC
    assert first.observation.tobytes() == odd.tobytes()
    assert first.observation.dtype == np.float32
    assert (first.episode, first.index, first.stamp_ns) == (0, 0, 10 ** 18)
    assert (first.mode, first.success, first.provenance) == ('play', False, 'teacher')
    np.testing.assert_array_equal(first.goal, [1.0, -1.0])
    np.testing.assert_array_equal(first.action, [0.25, -1.0])
    assert second.action is None
    assert second.success is True


def test_blobs_are_little_endian_float32(path: Path) -> None:
    with Store(path, SPEC, CONFIG) as store:
        store.append(step(0, 0, 1.0))
    blob = sqlite3.connect(path).execute('SELECT block FROM chunks').fetchone()[0]
    # 1.0 in IEEE 754; then the goal 1, -1 and the action 0.25, -1.
    assert blob.endswith(bytes.fromhex('0000803f' * 5 + '0000803f000080bf' + '0000803e000080bf'))


def test_the_caller_may_reuse_its_array(path: Path) -> None:
    shared = np.ones(5, np.float32)
    with Store(path, SPEC, CONFIG) as store:
        store.append(step(0, 0, observation=shared))
        shared[:] = 9.0
        store.flush()
        assert next(store.steps()).observation[0] == 1.0


def test_commits_by_count_and_by_age(path: Path) -> None:
    now = [100.0]
    config = StoreConfig(commit_count=3, commit_age_s=0.5)
    with Store(path, SPEC, config, clock=lambda: now[0]) as store:
        store.append(step(0, 0))
        now[0] += 0.4
        store.append(step(0, 1))
        assert not store.poll(now[0])
        assert (store.acknowledged, store.pending) == (0, 2)
        assert store.poll(100.5)                      # the oldest is 0.5 s old
        assert (store.acknowledged, store.pending) == (2, 0)
        for index in range(2, 5):
            store.append(step(0, index))
        assert store.poll(now[0])                     # three wait
        assert store.acknowledged == 5
        assert not store.poll(1e9)                    # nothing waits


def test_only_committed_steps_are_seen_by_readers(path: Path) -> None:
    with Store(path, SPEC, CONFIG) as store, Store.read(path) as reader:
        store.append(step(0, 0, 7.0))
        assert list(reader.steps()) == []
        store.flush()
        assert [s.observation[0] for s in reader.steps()] == [7.0]


def test_long_records_come_in_order_and_after(path: Path) -> None:
    with Store(path, SPEC, CONFIG) as store:
        for index in range(5000):
            store.append(step(0, index, index))
        store.flush()
        assert [s.index for s in store.steps()] == list(range(5000))
        assert [s.index for s in store.steps(after=4998)] == [4998, 4999]


def test_episode_summaries(path: Path) -> None:
    with Store(path, SPEC, CONFIG) as store:
        for lived in (step(0, 0), step(0, 1, success=True), step(0, 2, mode='rest', action=None),
                      step(1, 0, mode='task'), step(1, 1),
                      step(4, 0, action=None, provenance='teacher')):
            store.append(lived)
        store.flush()
        first, second, third = store.episodes()
    assert [(e.episode, e.first_id, e.last_id, e.steps, e.transitions, e.mode, e.success,
             e.complete, e.provenance) for e in (first, second, third)] == [
        (0, 1, 3, 3, 2, 'play', True, True, 'self'), (1, 4, 5, 2, 2, 'task', False, False, 'self'),
        (4, 6, 6, 1, 0, 'play', False, True, 'teacher')]


def test_a_summary_over_several_commits(path: Path) -> None:
    def lived(index: int, **changes: object) -> Step:
        return step(3, index, float(index), **changes)

    with Store(path, SPEC, CONFIG) as store:
        store.append(lived(0, novelty=0.5))
        store.append(lived(1))
        store.flush()
    with Store(path, SPEC, CONFIG) as store:          # another run goes on with it
        store.append(lived(2, novelty=1.0, surprise=2.0, action=None))
        store.flush()
        (record,) = store.episodes()
    assert (record.steps, record.novelty, record.surprise) == (3, 0.75, 2.0)
    # Mean observation 1, achieved 2 (the last observation's), desired 1 and -1.
    np.testing.assert_allclose(record.sketch, [1.0] * 5 + [2.0, 2.0, 1.0, -1.0])


def test_the_bytes_of_an_episode_over_several_runs(path: Path) -> None:
    sizes = []
    for index in range(0, 30, 10):
        with Store(path, SPEC, CONFIG) as store:
            for number in range(index, index + 10):
                store.append(step(0, number))
            store.flush()
            sizes.append(store.episodes()[0].bytes)
    # Chunks of as many steps are as large.
    assert sizes == [sizes[0], 2 * sizes[0], 3 * sizes[0]]


def test_all_together_or_not_at_all(path: Path) -> None:
    config = StoreConfig(commit_count=2, buffer_limit=2)
    with Store(path, SPEC, config) as store:
        store.append(step(0, 0))

        def add(*indices: int) -> None:
            with store.together():
                for index in indices:
                    store.append(step(0, index))
                    store.poll()
                with Store.read(path) as reader:
                    assert reader.totals()['steps'] == 1

        with pytest.raises(SpecError, match='does not follow'):
            add(1, 2, 3, 4, 5, 6, 7, 3)
        assert (store.acknowledged, store.pending, store.next_episode) == (1, 0, 1)
        add(*range(1, 8))
        assert store.acknowledged == 8
        assert store.episodes()[0].steps == 8


def test_signals_are_added_until_the_commit(path: Path) -> None:
    with Store(path, SPEC, CONFIG) as store:
        first = store.append(step(0, 0))
        second = store.append(step(0, 1, novelty=0.25))
        assert store.note(first, 0.5, np.nan)
        assert store.note(second, np.nan, 1.5)
        store.flush()
        assert not store.note(first, 0.9, 0.9)
        assert [(s.novelty, s.surprise) for s in store.steps()] == [
            (0.5, pytest.approx(np.nan, nan_ok=True)), (0.25, 1.5)]


def test_a_life_of_several_runs(path: Path) -> None:
    for run in range(3):
        with Store(path, SPEC, CONFIG) as store:
            assert store.next_episode == 2 * run
            assert store.acknowledged == 3 * run
            episode = store.next_episode
            store.append(step(episode, 0))
            store.append(step(episode, 1, action=None))
            store.append(step(episode + 1, 0))
            assert store.next_episode == episode + 2
    with Store.read(path) as reader:
        assert [(r.run, r.first_id) for r in reader.runs()] == [(1, 1), (2, 4), (3, 7)]
        assert reader.next_episode == 6


@pytest.mark.parametrize(('changes', 'error', 'text'), [
    ({'observation': np.zeros(4)}, SpecError, r"'observation': expected shape \(5,\)"),
    ({'observation': np.full(5, np.nan)}, NonFiniteError, 'not finite'),
    ({'goal': np.zeros(3)}, SpecError, "'goal'"),
    ({'action': np.zeros(3)}, SpecError, "'action'"),
    ({'provenance': 'dream'}, SpecError, 'provenance'),
    ({'stamp_ns': 2 ** 63}, SpecError, 'stamp_ns'),
    ({'mode': 'a\nb'}, SpecError, 'mode'),
    ({'index': 0}, SpecError, r'does not follow \(3, 1\)'),
    ({'episode': 2}, SpecError, r'does not follow \(3, 1\)')])
def test_refuses_bad_steps_and_takes_the_next(path: Path, changes: dict[str, object],
                                              error: type[Exception], text: str) -> None:
    with Store(path, SPEC, CONFIG) as store:
        store.append(step(3, 1))
        with pytest.raises(error, match=text):
            store.append(replace(step(3, 2), **changes))  # type: ignore[arg-type]
        assert store.append(step(3, 2)) == 2
        assert store.flush() == 2


def test_refuses_a_second_writer_but_not_a_reader(path: Path) -> None:
    with Store(path, SPEC, CONFIG):
        with pytest.raises(StoreBusyError, match='another process holds'):
            Store(path, SPEC, CONFIG)
        Store.read(path).close()
    Store(path, SPEC, CONFIG).close()


def test_refuses_an_sqlite_lock_at_opening(path: Path) -> None:
    Store(path, SPEC, CONFIG).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute('BEGIN EXCLUSIVE')
    with pytest.raises(StoreBusyError, match=r'memory\.db: another process holds'):
        Store(path, SPEC, CONFIG)
    other.execute('ROLLBACK')
    Store(path, SPEC, CONFIG).close()                 # the failed opening left no lock


def test_a_lock_taken_later_keeps_the_buffer(path: Path) -> None:
    with Store(path, SPEC, CONFIG) as store:
        store.append(step(0, 0))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute('BEGIN EXCLUSIVE')
        with pytest.raises(StoreBusyError):
            store.flush()
        assert (store.acknowledged, store.pending) == (0, 1)
        other.execute('ROLLBACK')
        assert store.flush() == 1


def test_a_full_buffer_refuses_and_recovers(path: Path) -> None:
    config = StoreConfig(commit_count=2, buffer_limit=3, busy_timeout_s=0.0)
    with Store(path, SPEC, config) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute('BEGIN EXCLUSIVE')
        for index in range(3):
            store.append(step(0, index))
        with pytest.raises(StoreBusyError, match='buffer is full, a step was refused'):
            store.append(step(0, 3))
        other.execute('ROLLBACK')
        assert store.append(step(0, 3)) == 4          # commits the three to make room
        assert store.acknowledged == 3


def test_a_commit_is_not_repeated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal may interrupt between the commit and its acknowledgement."""
    with Store(path, SPEC, CONFIG) as store:
        store.append(step(0, 0))

        def interrupt() -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(store._buffer, '__class__', type('Torn', (type(store._buffer),), {
                '__len__': lambda self: len(self._scalars), 'clear': lambda self: interrupt()}))
            with pytest.raises(KeyboardInterrupt):
                store.flush()
        store._acknowledged = 0
        store.append(step(0, 1))
        assert store.flush() == 2
        assert [s.index for s in store.steps()] == [0, 1]


def test_names_the_fields_of_the_spec_that_differ(path: Path) -> None:
    Store(path, SPEC, CONFIG).close()
    other = replace(SPEC, horizon=20, fields=(FieldSpec('arm', 4), FieldSpec('tool', 2)))
    with pytest.raises(StoreError) as caught:
        Store(path, other, CONFIG)
    assert 'horizon (recorded 10, got 20)' in str(caught.value)
    assert 'fields (recorded arm:3 tool:2, got arm:4 tool:2)' in str(caught.value)
    assert 'action_size' not in str(caught.value)


def test_refuses_a_newer_schema(path: Path) -> None:
    Store(path, SPEC, CONFIG).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = '5' WHERE key = 'schema_version'")
        db.execute("DELETE FROM meta WHERE key = 'observation_spec_copy'")
    db.close()
    for opening in (lambda: Store(path, SPEC, CONFIG), lambda: Store.read(path)):
        with pytest.raises(StoreError, match='schema version 5, expected 4'):
            opening()


def test_refuses_files_that_are_something_else(path: Path, tmp_path: Path) -> None:
    path.write_text('joint_states: 7\n' * 100)
    with pytest.raises(StoreError, match='not a database'):
        Store(path, SPEC, CONFIG)
    foreign = tmp_path / 'foreign.db'
    with sqlite3.connect(foreign) as db:
        db.execute('CREATE TABLE birds (name TEXT)')
    db.close()
    before = foreign.read_bytes()
    with pytest.raises(StoreError, match='not an episodic memory'):
        Store(foreign, SPEC, CONFIG)
    assert foreign.read_bytes() == before
    with pytest.raises(StoreError, match='no such file'):
        Store.read(tmp_path / 'absent.db')
    (tmp_path / 'folder').mkdir()
    with pytest.raises(StoreError, match='unable to open'):
        Store(tmp_path / 'folder', SPEC, CONFIG)


def test_refuses_unwritable_places(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    for place in (tmp_path / 'absent' / 'memory.db', tmp_path / 'file' / 'memory.db'):
        with pytest.raises(StoreError, match='cannot write here'):
            Store(place, SPEC, CONFIG)


def commit_each(path: Path, count: int) -> None:
    with Store(path, SPEC, CONFIG) as store:
        for index in range(count):
            store.append(step(0, index, index))
            store.flush()


@pytest.mark.parametrize(('column', 'value'), [
    ('block', b'\0' * 20), ('block', None), ('crc32', 7), ('steps', 2), ('last_id', 4),
    ('block', 'text')])
def test_names_the_damaged_chunk_and_reads_the_rest(path: Path, column: str,
                                                    value: object) -> None:
    commit_each(path, 3)
    with sqlite3.connect(path) as db:
        if value is None:                             # one bit of it
            blob = bytearray(db.execute('SELECT block FROM chunks WHERE first_id = 2'
                                        ).fetchone()[0])
            blob[-3] ^= 1
            value = bytes(blob)
        db.execute(f'UPDATE chunks SET {column} = ? WHERE first_id = 2', (value,))
    db.close()
    with Store.read(path) as reader:
        with pytest.raises(StoreError, match=r'chunk of steps 2 to \d is damaged'):
            list(reader.steps())
        damage: list[StoreError] = []
        kept = [s.index for s in reader.steps(damaged=damage.append)]
    assert set(kept) <= {0, 2}
    assert 0 in kept
    assert len(damage) == 1
    with Store(path, SPEC, CONFIG) as store:          # and life goes on
        store.append(step(store.next_episode, 0))
        assert store.flush() == 4


def test_config_bounds() -> None:
    with pytest.raises(ConfigError, match='commit_count'):
        StoreConfig(commit_count=0)
    with pytest.raises(ConfigError, match='exceeds buffer_limit'):
        StoreConfig(commit_count=50, buffer_limit=10)


def test_acknowledged_steps_survive_kill_9(path: Path) -> None:
    chance = random.Random(1)
    acknowledged = 0
    for round_ in range(5):
        child = start_child("""
            live(Store(sys.argv[1], SPEC, StoreConfig(commit_count=3)))
        """, path)
        assert child.stdout is not None
        for _ in range(chance.randrange(1, 150)):
            acknowledged = int(child.stdout.readline())
        time.sleep(chance.random() * 0.002)
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read().split('\n')[:-1]   # what it still said; the last may be torn
        child.wait()
        acknowledged = max([acknowledged, *map(int, rest)])
        with Store(path, SPEC, CONFIG) as store:
            numbers = [s.observation[0] for s in store.steps()]
            assert store.acknowledged == len(numbers) >= acknowledged > round_
            assert numbers == list(range(1, len(numbers) + 1))


def test_a_record_is_sound_while_it_is_written(path: Path) -> None:
    """Also its log, which begins anew now and then, and its summaries, which grow meanwhile."""
    child = start_child("""
        live(Store(sys.argv[1], SPEC, StoreConfig(commit_count=5)))
    """, path)
    assert child.stdout is not None
    acknowledged = int(child.stdout.readline())
    threading.Thread(target=child.stdout.read, daemon=True).start()
    try:
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            with Store.read(path) as reader:
                verdict = verify(reader)
                assert verdict.damage == []
                assert verdict.steps >= acknowledged
                acknowledged = verdict.steps
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


@pytest.mark.parametrize('delay_s', [0.0, 0.001, 0.003])
def test_survives_kill_9_while_it_is_created(path: Path, delay_s: float) -> None:
    child = start_child("""
        print('ready', flush=True)
        live(Store(sys.argv[1], SPEC, StoreConfig()))
    """, path)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(delay_s)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    with Store(path, SPEC, CONFIG) as store:
        assert store.acknowledged == len(list(store.steps()))


def test_a_full_disk_loses_nothing(path: Path) -> None:
    """The limit on the file size stands in for the disk; lifting it, for freeing some space."""
    child = start_child("""
        import resource
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        store = Store(sys.argv[1], SPEC, StoreConfig(commit_count=40, buffer_limit=200))
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        number, failed = 0, []
        while len(failed) < 3:
            try:
                store.append(lived(number + 1, number // 5, number % 5))
                number += 1
                if len(failed) == 0:
                    store.poll()
            except StoreError as error:
                failed.append(str(error))
        full = store.acknowledged
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        print(failed[0], failed[-1], full, number, store.flush(), sep='|')
        store.close()
    """, path)
    out, _ = child.communicate(timeout=20)
    first, last, full, number, after = out.strip().split('|')
    assert 'kept in the buffer' in first
    assert 'free some disk space' in first
    assert 'the buffer is full, a step was refused' in last
    assert 0 < int(full) < int(number) == int(full) + 200
    assert int(after) == int(number)
    with Store.read(path) as reader:
        assert [s.observation[0] for s in reader.steps()] == list(range(1, int(number) + 1))


def test_what_the_task_told_is_read_back(path: Path) -> None:
    given = [step(0, 0), step(0, 1, told=True, success=True, reward=0.1, provenance='imagined'),
             step(0, 2, told=True, reward=-3.0), step(0, 3, reward=2.0)]
    with Store(path, SPEC, replace(CONFIG, commit_count=2)) as store:
        for lived in given:
            store.append(lived)
            store.poll()
    with Store.read(path) as reader:
        for lived, back in zip(given, reader.steps(), strict=True):
            assert (back.told, back.success, back.provenance) == (
                lived.told, lived.success, lived.provenance)
            np.testing.assert_array_equal(back.reward, np.float32(lived.reward))


def block_of_version_2() -> bytes:
    """Two steps as version 2 wrote them: by its description, not by our code."""
    modes = b'["play"]'
    numbers = np.arange(18, dtype='<f4')           # of each: 5 observed, 2 goal, 2 action
    return b''.join([
        struct.pack('<4sIIIQ', b'ABMB', 2, 9, len(modes), 0), modes,
        *(np.array(column, '<i8').tobytes() for column in ([1, 2], [0, 0], [0, 1], [7, 8])),
        bytes([0, 0]), bytes([1 | 1 << 2, 2 | 2 << 2]),    # acted, teacher; success, imagined
        np.full(4, np.nan, '<f4').tobytes(), numbers.tobytes()])


def test_a_record_of_version_2_is_read_as_it_is_and_goes_on(path: Path) -> None:
    with Store(path, SPEC, CONFIG) as store:
        store.append(step(0, 0))
        store.append(step(0, 1))
    block = block_of_version_2()
    with sqlite3.connect(path) as db:
        db.execute('UPDATE chunks SET block = ?, crc32 = ?', (
            block, zlib.crc32(block, zlib.crc32(struct.pack('<qq', 1, 2)))))
        db.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
        db.execute("DELETE FROM meta WHERE key = 'observation_spec_copy'")
    db.close()

    def check(steps: list[Step]) -> None:
        first, second = steps[:2]
        assert (first.provenance, second.provenance) == ('teacher', 'imagined')
        assert (first.success, second.success) == (False, True)
        assert not first.told
        assert np.isnan(first.reward)
        np.testing.assert_array_equal(first.action, [7.0, 8.0])
        np.testing.assert_array_equal(second.observation, [9.0, 10.0, 11.0, 12.0, 13.0])
        assert second.action is None

    with Store.read(path) as reader:
        assert reader.version == 2
        check(list(reader.steps()))
    with Store(path, SPEC, CONFIG) as store:
        store.append(step(1, 0, told=True, reward=1.0))
    with Store.read(path) as reader:
        assert reader.version == 4
        steps = list(reader.steps())
    check(steps)
    assert steps[2].told


def test_what_success_is_may_change_in_one_record(path: Path) -> None:
    """It is about the task, not about what is observed."""
    Store(path, SPEC, CONFIG).close()
    for spec in (replace(SPEC, told=True), replace(SPEC, event_share=0.5), SPEC):
        Store(path, spec, CONFIG).close()
