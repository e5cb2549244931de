"""Flipped bytes, cut files and logs: nothing false is read, nothing lost is called sound."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from abm_ros.cli.main import main
from abm_ros.common.errors import StoreBusyError, StoreError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record.compaction import prune
from abm_ros.memory.record.salvage import salvage
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.record.verify import verify
from abm_ros.memory.record.write_ahead_log import scan_log

SPEC = ObservationSpec((FieldSpec('arm', 3), FieldSpec('tool', 2)), 'tool', 0.05, 2, 0.05, 10)
CONFIG = StoreConfig(commit_count=20, commit_age_s=60.0, busy_timeout_s=0.05)
STEPS, IN_EPISODE = 600, 15
Content = tuple[list[bytes], list[bytes]]


def lived(number: int, episode: int, index: int) -> Step:
    values = np.arange(5, dtype=np.float32) + np.float32(number)
    return Step(episode, index, 10 ** 18 + number, values, np.ones(2, np.float32),
                None if index == IN_EPISODE - 1 else np.full(2, 0.25, np.float32),
                'play' if episode % 2 else 'task', index == 7, 'self', number / 8, np.nan)


def live(store: Store, count: int) -> None:
    first = store.next_episode
    for number in range(count):
        store.append(lived(number, first + number // IN_EPISODE, number % IN_EPISODE))
        store.poll()
    store.flush()


def content(path: Path) -> Content:
    """All that a record says, as it was given to it."""
    with Store.read(path) as reader:
        steps = [repr(vars(step)).encode() for step in reader.steps()]
        return steps, [repr(vars(record)).encode() for record in reader.episodes()]


@pytest.fixture(scope='module')
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a record that was closed: one file, and its lock."""
    folder = tmp_path_factory.mktemp('closed')
    with Store(folder / 'memory.db', SPEC, CONFIG) as store:
        live(store, STEPS)
    return folder


@pytest.fixture(scope='module')
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a record whose writer died: nearly all is in the log."""
    folder, copy = tmp_path_factory.mktemp('alive'), tmp_path_factory.mktemp('killed') / 'copy'
    with Store(folder / 'memory.db', SPEC, CONFIG) as store:
        live(store, STEPS)
        shutil.copytree(folder, copy)
    return copy


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[Path], Path]:
    def copied(folder: Path) -> Path:
        shutil.rmtree(tmp_path / 'copy', ignore_errors=True)
        shutil.copytree(folder, tmp_path / 'copy')
        return tmp_path / 'copy' / 'memory.db'
    return copied


def flip(path: Path, place: int, mask: int = 0x10) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= mask
    path.write_bytes(data)


def log_of(path: Path) -> Path:
    return Path(f'{path}-wal')


def judged(path: Path, whole: Content, most_lost: int | None) -> None:
    """Check what every command says of a damaged record, and what it saves."""
    saved = path.with_name('saved.db')
    try:
        same = content(path) == whole
    except StoreError:
        same = False
    code = main(['memory', 'verify', '--out', str(path)])
    assert code in (0, 1, 2)
    assert same or code != 0, 'called sound'
    assert main(['memory', 'info', '--out', str(path)]) in (0, 1, 2)
    code = main(['memory', 'compact', '--out', str(path), '--salvage', str(saved)])
    if code == 2:
        assert most_lost is None, 'nothing was saved'
        return
    rest, _ = content(saved)
    assert set(rest) <= set(whole[0]), 'something false was saved'
    assert (code == 0) <= (rest == whole[0]), 'a loss was not told'
    assert most_lost is None or len(rest) >= len(whole[0]) - most_lost
    with Store(saved, None, CONFIG) as store:
        assert verify(store).damage == []
        assert store.acknowledged >= STEPS, 'ids would be given twice'
        live(store, 30)


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('where', ['closed', 'killed'])
def test_a_flipped_byte_anywhere(closed: Path, killed: Path, fresh: Callable[[Path], Path],
                                 where: str, seed: int) -> None:
    """More of it, at 200 places and 50 cuts, was run by hand; these few guard against relapses."""
    chance = random.Random(seed)
    folder = closed if where == 'closed' else killed
    whole = content(fresh(folder))
    for _ in range(4):
        path = fresh(folder)
        victim = path if where == 'closed' else log_of(path)
        flip(victim, chance.randrange(victim.stat().st_size), chance.randrange(1, 256))
        judged(path, whole, most_lost=20)


@pytest.mark.parametrize('place', [5, 16, 18, 20, 28, 44, 59, 100, 103, 108, 4000])
def test_a_flip_in_the_head_of_the_file_loses_nothing(closed: Path, place: int,
                                                      fresh: Callable[[Path], Path]) -> None:
    whole = content(fresh(closed))
    path = fresh(closed)
    flip(path, place, 0x41)
    judged(path, whole, most_lost=0)


@pytest.mark.parametrize('share', [0.99, 0.7, 0.4, 0.2])
@pytest.mark.parametrize('where', ['closed', 'killed'])
def test_a_file_that_was_cut(closed: Path, killed: Path, fresh: Callable[[Path], Path],
                             where: str, share: float) -> None:
    folder = closed if where == 'closed' else killed
    whole = content(fresh(folder))
    path = fresh(folder)
    victim = path if where == 'closed' else log_of(path)
    os.truncate(victim, int(victim.stat().st_size * share))
    if where == 'killed':
        with pytest.raises(StoreError, match='to 600 were acknowledged and cannot be read'):
            Store(path, SPEC, CONFIG)
    # The first pages hold other things than chunks.
    judged(path, whole, most_lost=int(1.5 * STEPS * (1 - share)) + 60)


def test_the_head_of_a_log_is_damaged(killed: Path, fresh: Callable[[Path], Path],
                                      capsys: pytest.CaptureFixture[str]) -> None:
    """SQLite takes such a log for none, and a writer would begin a new one in its place."""
    path = fresh(killed)
    flip(log_of(path), 10)
    before = log_of(path).read_bytes()
    with pytest.raises(StoreError, match=r'memory\.db-wal cannot be read: its header is damaged'):
        Store(path, SPEC, CONFIG)
    path.unlink()
    with pytest.raises(StoreError, match='cannot be read'):
        Store(path, SPEC, CONFIG)
    assert log_of(path).read_bytes() == before
    assert main(['memory', 'verify', '--out', str(fresh(killed))]) == 0
    path = fresh(killed)
    flip(log_of(path), 10)
    assert main(['memory', 'verify', '--out', str(path)]) != 0
    assert 'header is damaged' in ''.join(capsys.readouterr())


def test_a_flip_within_a_log_is_told(killed: Path, fresh: Callable[[Path], Path],
                                     tmp_path: Path) -> None:
    path = fresh(killed)
    log = scan_log(path)
    assert not log.damage
    place = len(log.data) // 2
    flip(log_of(path), place)
    frame = (place - 32) // (4096 + 24) + 1
    with pytest.raises(StoreError, match=f'its frame {frame} of'):
        Store(path, SPEC, CONFIG)
    with Store.read(path) as reader:
        verdict = verify(reader)
        assert any(f'frame {frame} of' in line for line in verdict.damage)
        assert any(f'to {STEPS} were acknowledged' in line for line in verdict.damage)
        with pytest.raises(StoreError, match='write-ahead log'):
            list(reader.all_blocks())
    # What SQLite no longer reads is found all the same, but for the chunk that was hit.
    assert salvage(path, tmp_path / 'saved.db').steps >= STEPS - 20


def test_sqlites_own_checksums(tmp_path: Path) -> None:
    """Against logs that SQLite wrote, of several page sizes."""
    for size in (512, 1024, 4096, 65536):
        path = tmp_path / f'{size}.db'
        db = sqlite3.connect(path, isolation_level=None)
        db.execute(f'PRAGMA page_size = {size}')
        db.execute('PRAGMA journal_mode = WAL')
        db.execute('CREATE TABLE t (x)')
        db.executemany('INSERT INTO t VALUES (randomblob(300))', [()] * 40)
        log = scan_log(path)
        assert log.damage == ''
        assert max(log.pages) == db.execute('PRAGMA page_count').fetchone()[0]
        db.close()


def test_a_lost_tail_is_named_and_not_written_over(killed: Path,
                                                   fresh: Callable[[Path], Path]) -> None:
    """Cut between two commits, a log is whole in itself; only the mark beside it knows more."""
    path = fresh(killed)
    data = log_of(path).read_bytes()
    frame = 4096 + 24
    ends = [at + frame for at in range(32, len(data), frame) if any(data[at + 4:at + 8])]
    log_of(path).write_bytes(data[:ends[-4]])
    with Store.read(path) as reader:
        verdict = verify(reader)
    assert verdict.damage == [f'{path}: the steps 541 to 600 were acknowledged and cannot be read']
    assert verdict.missing == 60
    with pytest.raises(StoreError, match='541 to 600 were acknowledged and cannot be read'):
        Store(path, SPEC, CONFIG)
    # Nor by one who says that it was so on purpose, and takes the mark away.
    Path(f'{path}.lock').unlink()
    with Store(path, SPEC, CONFIG) as store:
        assert store.acknowledged == 540


def test_two_writers_by_two_names(closed: Path, fresh: Callable[[Path], Path],
                                  tmp_path: Path) -> None:
    path = fresh(closed)
    link = tmp_path / 'link.db'
    link.symlink_to(path)
    with Store(path, SPEC, CONFIG), pytest.raises(StoreBusyError):
        Store(link, SPEC, CONFIG)


def test_two_writers_do_not_take_each_others_steps_for_their_own(tmp_path: Path) -> None:
    path = tmp_path / 'memory.db'
    with Store(path, SPEC, CONFIG) as one:
        Path(f'{path}.lock').unlink()                 # as another machine's would not be seen
        with Store(path, SPEC, CONFIG) as two:
            one.append(lived(1, 0, 0))
            two.append(lived(2, 0, 0))
            one.flush()
            with pytest.raises(StoreError, match='another process wrote the steps 1 to 1'):
                two.flush()
            assert (two.acknowledged, two.pending) == (0, 1)
            two._buffer.clear()


@pytest.mark.parametrize('wrong', [588, 10 ** 6, "'x'"])
def test_ids_are_not_given_twice_after_damage(closed: Path, fresh: Callable[[Path], Path],
                                              wrong: object) -> None:
    path = fresh(closed)
    with sqlite3.connect(path) as db:
        db.execute(f'UPDATE chunks SET last_id = {wrong} WHERE first_id = 581')
    db.close()
    with Store(path, SPEC, CONFIG) as store:
        assert store.acknowledged == STEPS
        assert store.next_episode > STEPS // IN_EPISODE
        live(store, 30)
        assert store.acknowledged == STEPS + 30
    with Store(path, SPEC, CONFIG) as store:
        prune(store, {1})
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = '12x4 5 6' WHERE key = 'newest'")
    db.close()
    with Store(path, SPEC, CONFIG) as store:
        assert store.acknowledged == STEPS + 30
        assert any('newest' in line for line in verify(store).damage)


@pytest.mark.parametrize('change', [
    'success = 1 - success', "provenance = 'teacher'", 'bytes = bytes + 1', "mode = 'x'",
    'novelty = novelty + 0.001', "sketch = x'010203'", 'surprise = 0.5', 'sketch = 7',
    'sketch = substr(sketch, 1, length(sketch) - 4), success = 1 - success'])
def test_an_altered_summary_is_told(closed: Path, fresh: Callable[[Path], Path], change: str,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    path = fresh(closed)
    with sqlite3.connect(path) as db:
        db.execute(f'UPDATE episodes SET {change} WHERE episode = 3')
    db.close()
    assert main(['memory', 'verify', '--out', str(path)]) == 1
    assert 'summary of episode 3' in capsys.readouterr().out
    assert main(['memory', 'info', '--out', str(path)]) in (0, 2)


@pytest.mark.parametrize(('sql', 'code'), [
    ("UPDATE meta SET value = replace(value, '0.05', '0.85') WHERE key = 'observation_spec'", 1),
    ("UPDATE meta SET value = replace(value, '0.05', '0.85') WHERE key LIKE '%copy'", 1),
    ("UPDATE meta SET value = 'r' WHERE key = 'schema_version'", 1),
    ("DELETE FROM meta WHERE key = 'observation_spec'", 1)])
def test_an_altered_spec_is_told_and_its_copy_is_used(closed: Path, sql: str, code: int,
                                                      fresh: Callable[[Path], Path]) -> None:
    path = fresh(closed)
    with sqlite3.connect(path) as db:
        db.execute(sql)
    db.close()
    with Store.read(path) as reader:
        assert reader.spec == SPEC
    assert main(['memory', 'verify', '--out', str(path)]) == code


def test_a_damaged_cell_hides_no_other_chunk(closed: Path, fresh: Callable[[Path], Path],
                                             tmp_path: Path) -> None:
    """A row says that it ends far behind the others: they are read all the same."""
    path = fresh(closed)
    with sqlite3.connect(path) as db:
        db.execute('UPDATE chunks SET last_id = last_id | 16384 WHERE first_id = 301')
    db.close()
    damage: list[StoreError] = []
    with Store.read(path) as reader:
        assert sum(map(len, reader.blocks(damaged=damage.append))) == STEPS - 20
    assert len(damage) == 1
    done = salvage(path, tmp_path / 'saved.db')
    assert (done.steps, done.missing) == (STEPS - 20, 20)


def test_what_was_forgotten_is_not_salvaged(closed: Path, fresh: Callable[[Path], Path],
                                            tmp_path: Path) -> None:
    path = fresh(closed)
    with Store(path, SPEC, CONFIG) as store:
        prune(store, {0, 5, 6, 7, 8, 39})
    whole = content(path)[0]
    done = salvage(path, tmp_path / 'saved.db')
    assert (done.missing, content(tmp_path / 'saved.db')[0]) == (0, whole)


def test_a_closed_record_in_a_read_only_folder(closed: Path) -> None:
    """In a child process, which gives up root's right to write anywhere."""
    code = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from abm_ros.memory.record.store import Store
        from abm_ros.memory.record.verify import verify
        folder = Path(sys.argv[1])
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            (folder / 'x').touch()
        except OSError:
            with Store.read(folder / 'memory.db') as reader:
                verdict = verify(reader)
                print(verdict.steps, verdict.damage)
    """)
    folder = Path('/var/tmp') / f'abm_ros_read_only_{os.getpid()}'
    shutil.copytree(closed, folder)
    try:
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run([sys.executable, '-c', code, str(folder)], capture_output=True,
                              text=True, timeout=60,
                              env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
        assert done.stdout == f'{STEPS} []\n', done.stderr
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
