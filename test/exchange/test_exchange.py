"""Exports read by independent readers, and the way back bit for bit."""

import json
import math
import sqlite3
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('mcap_ros2')
pa = pytest.importorskip('pyarrow')

import pyarrow.parquet as pq

from abm_ros.cli.main import main
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record.store import Store, StoreConfig

SPEC = ObservationSpec(
    (FieldSpec('joint_position', 2), FieldSpec('joint_velocity', 2), FieldSpec('tool', 3),
     FieldSpec('camera', 60, (3, 4, 5)), FieldSpec('depth', 12, (2, 2, 3))),
    'tool', 0.05, 2, 0.05, 10)
LENGTHS = (5, 1, 7, 4)


def life() -> list[Step]:
    rng = np.random.default_rng(0)
    steps = []
    for episode, length in enumerate(LENGTHS):
        for index in range(length):
            numbers = rng.normal(size=7).astype(np.float32)
            pixels = rng.integers(0, 256, 72).astype(np.float32) / np.float32(255)
            last = index == length - 1 and episode != 2     # the third one was cut
            steps.append(Step(
                episode, index, 1_700_000_000_123_456_789 + 50_000_001 * len(steps),
                np.concatenate([numbers, pixels]), rng.normal(size=3).astype(np.float32),
                None if last else rng.uniform(-1, 1, 2).astype(np.float32),
                'play' if episode < 2 else 'task', episode == 3 and last,
                'teacher' if episode == 1 else 'self',
                float(np.float32(rng.random())) if index % 2 else math.nan,
                float(np.float32(rng.random())) if index % 3 else math.nan,
                told=episode > 1, reward=float(np.float32(0.1 * index)) if episode == 2 else
                math.nan))
    return steps


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    path = tmp_path / 'memory.db'
    with Store(path, SPEC, StoreConfig(commit_count=3)) as store:
        for step in life():
            store.append(step)
            store.poll()
    return path


def same(one: Step, two: Step) -> bool:
    for item in fields(Step):
        a, b = getattr(one, item.name), getattr(two, item.name)
        if isinstance(a, np.ndarray):
            if a.dtype != b.dtype or a.tobytes() != b.tobytes():
                return False
        elif a != b and not (a != a and b != b):
            return False
    return True


def steps_of(path: Path) -> list[Step]:
    with Store.read(path) as reader:
        return list(reader.steps())


@pytest.mark.parametrize(('form', 'name'), [('mcap', 'bag.mcap'), ('lerobot', 'dataset')])
def test_the_way_back_is_bit_for_bit(memory: Path, tmp_path: Path, form: str,
                                     name: str) -> None:
    target, again = tmp_path / name, tmp_path / 'again.db'
    assert main(['memory', 'export', '--out', str(memory), '--format', form,
                 str(target)]) == 0
    assert main(['memory', 'import', '--out', str(again), str(target)]) == 0
    lived, back = life(), steps_of(again)
    assert len(lived) == len(back) == sum(LENGTHS)
    assert all(same(a, b) for a, b in zip(lived, back, strict=True))
    # Twice into one record: they are other episodes then, of the provenance asked for.
    assert main(['memory', 'import', '--out', str(again), str(target), '--provenance',
                 'teacher']) == 0
    added = steps_of(again)[len(lived):]
    assert [s.episode for s in added] == [s.episode + 4 for s in lived]
    assert {s.provenance for s in added} == {'teacher'}
    # What is there already is not written over.
    assert main(['memory', 'export', '--out', str(memory), '--format', form,
                 str(target)]) == 2


def test_rosbags_reads_the_bag(memory: Path, tmp_path: Path) -> None:
    """Another library, with its own definitions of the messages."""
    typesys = pytest.importorskip('rosbags.typesys')
    bag = tmp_path / 'bag.mcap'
    assert main(['memory', 'export', '--out', str(memory), '--format', 'mcap',
                 str(bag)]) == 0
    store = typesys.get_typestore(typesys.Stores.LATEST)
    found: dict[str, list[object]] = {}
    with open(bag, 'rb') as stream:
        from mcap.reader import make_reader
        reader = make_reader(stream)
        for schema, channel, message in reader.iter_messages(log_time_order=False):
            decoded = store.deserialize_cdr(message.data, schema.name)
            found.setdefault(channel.topic, []).append((message, decoded))
            # The definition in the bag is the one that rosbags knows.
            text, _ = store.generate_msgdef(schema.name, ros_version=2)
            parsed = typesys.get_types_from_msg(schema.data.decode(), schema.name)
            own = typesys.get_types_from_msg(text, schema.name)
            assert parsed[schema.name] == own[schema.name]
    lived = life()
    acted = [s for s in lived if s.action is not None]
    assert {topic: len(messages) for topic, messages in found.items()} == {
        '/observation': 17, '/motor_gate/executed': len(acted), '/memory/step': 17,
        '/joint_states': 17, '/camera/compressed': 17, '/depth/compressed': 17,
        '/task/success': 11, '/task/reward': 7}
    told = [s for s in lived if s.told]
    for step, (message, seen) in zip(told, found['/task/success'], strict=True):
        assert (message.log_time, seen.data) == (step.stamp_ns, step.success)
    assert [seen.data for _, seen in found['/task/reward']] == [
        s.reward for s in lived if math.isfinite(s.reward)]
    for step, (message, seen) in zip(lived, found['/observation'], strict=True):
        assert message.log_time == step.stamp_ns
        np.testing.assert_array_equal(seen.data, np.concatenate(
            [step.observation[:7], step.goal]))
        labels = [d.label for d in seen.layout.dim]
        assert labels[1:] == ['joint_position', 'joint_velocity', 'tool', 'desired_goal']
        seconds, rest = divmod(step.stamp_ns, 10 ** 9)
        assert labels[0].startswith(f'stamp={seconds}.{rest:09d};episode={step.episode};')
    for step, (_, state) in zip(lived, found['/joint_states'], strict=True):
        np.testing.assert_array_equal(state.position, step.observation[:2])
        assert state.header.stamp.sec == step.stamp_ns // 10 ** 9
    for step, (_, order) in zip(acted, found['/motor_gate/executed'], strict=True):
        np.testing.assert_array_equal(order.data, step.action)
    import cv2
    for step, (_, shot) in zip(lived, found['/camera/compressed'], strict=True):
        image = cv2.cvtColor(cv2.imdecode(shot.data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        np.testing.assert_array_equal(image.transpose(2, 0, 1).reshape(-1),
                                      np.rint(step.observation[7:67] * 255))


def test_the_dataset_has_the_published_layout(memory: Path, tmp_path: Path) -> None:
    """As https://huggingface.co/docs/lerobot/lerobot-dataset-v3 describes it."""
    root = tmp_path / 'dataset'
    assert main(['memory', 'export', '--out', str(memory), '--format', 'lerobot',
                 '--robot', 'abm_arm', str(root)]) == 0
    info = json.loads((root / 'meta/info.json').read_text())
    assert (info['codebase_version'], info['robot_type'], info['fps']) == ('v3.0', 'abm_arm', 20)
    assert (info['total_episodes'], info['total_frames'], info['total_tasks']) == (4, 17, 2)
    assert info['splits'] == {'train': '0:4'}
    assert info['data_path'] == 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
    tasks = pq.read_table(root / 'meta/tasks.parquet').to_pydict()
    assert tasks == {'task_index': [0, 1], 'task': ['play', 'task']}
    episodes = pq.read_table(root / 'meta/episodes/chunk-000/file-000.parquet').to_pydict()
    assert episodes['episode_index'] == [0, 1, 2, 3]
    assert episodes['length'] == list(LENGTHS)
    assert episodes['dataset_from_index'] == [0, 5, 6, 13]
    assert episodes['dataset_to_index'] == [5, 6, 13, 17]
    assert episodes['tasks'] == [['play'], ['play'], ['task'], ['task']]
    for key in ('data/chunk_index', 'data/file_index', 'meta/episodes/chunk_index',
                'meta/episodes/file_index'):
        assert episodes[key] == [0, 0, 0, 0]
    path = root / info['data_path'].format(chunk_index=0, file_index=0)
    assert pq.ParquetFile(path).num_row_groups == 4
    table = pq.read_table(path)
    assert set(table.column_names) == set(info['features'])
    for key, feature in info['features'].items():
        kind = table.schema.field(key).type
        if feature['dtype'] == 'image':
            assert {f.name: f.type for f in kind} == {'bytes': pa.binary(), 'path': pa.string()}
        elif feature['shape'] == [1]:
            assert str(kind) == {'float32': 'float', 'bool': 'bool'}.get(
                feature['dtype'], feature['dtype'])
        else:
            assert kind == pa.list_(pa.float32(), feature['shape'][0])
    rows = table.to_pydict()
    assert rows['index'] == list(range(17))
    assert rows['frame_index'] == [n for length in LENGTHS for n in range(length)]
    np.testing.assert_allclose(rows['timestamp'], np.array(rows['frame_index']) / 20, rtol=1e-6)
    lived = life()
    np.testing.assert_array_equal(rows['observation.state'], [s.observation[:7] for s in lived])
    # What the step that follows says, and of an episode's last one what it says itself.
    after = [lived[n + 1] if n + 1 < len(lived) and lived[n + 1].episode == s.episode else s
             for n, s in enumerate(lived)]
    assert rows['next.success'] == [s.success for s in after]
    np.testing.assert_array_equal(rows['next.reward'], np.float32(
        [s.reward if math.isfinite(s.reward) else s.success for s in after]))
    assert rows['abm.told'] == [s.told for s in lived]
    stats = json.loads((root / 'meta/stats.json').read_text())
    states = np.array([s.observation[:7] for s in lived])
    np.testing.assert_allclose(stats['observation.state']['mean'], states.mean(0), rtol=1e-5)
    np.testing.assert_allclose(stats['observation.state']['std'], states.std(0), rtol=1e-5)
    assert stats['observation.state']['count'] == [17]
    shots = np.array([s.observation[7:67].reshape(3, -1) for s in lived])
    np.testing.assert_allclose(np.ravel(stats['observation.images.camera']['mean']),
                               shots.mean((0, 2)), rtol=1e-5)
    assert np.shape(stats['observation.images.camera']['mean']) == (3, 1, 1)


def test_a_dataset_of_before_tells_nothing_of_outcomes(memory: Path, tmp_path: Path) -> None:
    root, again = tmp_path / 'dataset', tmp_path / 'again.db'
    assert main(['memory', 'export', '--out', str(memory), '--format', 'lerobot',
                 str(root)]) == 0
    path = root / 'data/chunk-000/file-000.parquet'
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(['abm.told', 'abm.reward', 'next.success', 'next.reward']),
                   path)
    assert main(['memory', 'import', '--out', str(again), str(root)]) == 0
    for step, back in zip(life(), steps_of(again), strict=True):
        assert same(replace(step, told=False, reward=math.nan), back)


def test_pandas_finds_the_tasks_by_name(memory: Path, tmp_path: Path) -> None:
    pandas = pytest.importorskip('pandas')
    assert main(['memory', 'export', '--out', str(memory), '--format', 'lerobot',
                 str(tmp_path / 'd')]) == 0
    tasks = pandas.read_parquet(tmp_path / 'd/meta/tasks.parquet')
    assert tasks.index.name == 'task'
    assert int(tasks.loc['task'].task_index) == 1


def test_refuses_what_is_no_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'noise.mcap').write_bytes(b'noise' * 100)
    (tmp_path / 'empty').mkdir()
    for source, text in (('noise.mcap', 'cannot be read as MCAP'), ('gone', 'no such file'),
                         ('empty', 'expected the info of a LeRobotDataset')):
        assert main(['memory', 'import', '--out', str(tmp_path / 'm.db'),
                     str(tmp_path / source)]) == 2
        assert text in capsys.readouterr().err
    assert not (tmp_path / 'm.db').exists()


@pytest.fixture
def whole(memory: Path, tmp_path: Path) -> Path:
    """Return a folder with an export of each kind."""
    for form, name in (('mcap', 'bag.mcap'), ('lerobot', 'dataset')):
        assert main(['memory', 'export', '--out', str(memory), '--format', form,
                     str(tmp_path / 'whole' / name)]) == 0
    return tmp_path / 'whole'


def test_an_import_that_fails_leaves_nothing(whole: Path, memory: Path, tmp_path: Path,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    """Nor half of it, which a second try would double."""
    table = pq.read_table(whole / 'dataset/data/chunk-000/file-000.parquet')
    place = table.column_names.index('abm.provenance')
    values = table.column(place).to_pylist()
    for wrong in (7, -3):
        values[-2] = wrong
        pq.write_table(table.set_column(place, 'abm.provenance', pa.array(values)),
                       whole / 'dataset/data/chunk-000/file-000.parquet')
        before = [vars(s) for s in steps_of(memory)]
        for target in (memory, tmp_path / 'new.db'):
            assert main(['memory', 'import', '--out', str(target), str(whole / 'dataset')]) == 2
            assert f'expected 0 to 2, got {wrong}' in capsys.readouterr().err
        assert repr([vars(s) for s in steps_of(memory)]) == repr(before)
        assert not [p.name for p in tmp_path.glob('new.db*') if p.suffix != '.lock']
    with Store(memory, None, StoreConfig()) as store:      # and ids are not used up
        assert store.acknowledged == sum(LENGTHS)
        assert store.next_episode == len(LENGTHS)


@pytest.mark.parametrize('name', ['bag.mcap', 'dataset/data/chunk-000/file-000.parquet',
                                  'dataset/meta/tasks.parquet', 'dataset/meta/info.json'])
def test_a_flip_in_an_export_is_told_or_harmless(whole: Path, name: str, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    data = (whole / name).read_bytes()
    lived = life()
    for place in range(len(data) // 40, len(data), len(data) // 20):
        flipped = bytearray(data)
        flipped[place] ^= 4
        (whole / name).write_bytes(flipped)
        memory = tmp_path / f'{place}.db'
        code = main(['memory', 'import', '--out', str(memory),
                     str(whole / name.partition('/')[0])])
        told = capsys.readouterr().err
        # The last line is ours; the readers of others may print some before it.
        assert (told.splitlines() or [''])[-1].startswith('error: ') == (code == 2)
        if code == 0 and name != 'dataset/meta/info.json':        # JSON has no checksum
            assert all(same(a, b) for a, b in zip(lived, steps_of(memory), strict=True))
        assert code == 0 or not memory.exists()


def test_an_info_that_is_no_object(whole: Path, tmp_path: Path,
                                   capsys: pytest.CaptureFixture[str]) -> None:
    for text in ('[]', '3', 'null', '"x"'):
        (whole / 'dataset/meta/info.json').write_text(text)
        assert main(['memory', 'import', '--out', str(tmp_path / 'm.db'),
                     str(whole / 'dataset')]) == 2
        assert 'expected a JSON object' in capsys.readouterr().err


@pytest.mark.parametrize(('period_s', 'between_s', 'fps'), [
    (0.05, 0.05, 20), (2.5, 2.5, 0.4), (0.03, 0.03, 33.333333333),
    (0.05, 0.0502, 20),          # a scheduler that is a little late
    (0.05, 0.04, 25),            # a robot of 100 Hz that was observed at every fourth reading
    (0.05, 0.1, 10), (0.05, 0.0426, 23.474)])
def test_frames_per_second(tmp_path: Path, period_s: float, between_s: float, fps: float,
                           capsys: pytest.CaptureFixture[str]) -> None:
    with Store(tmp_path / 'm.db', replace(SPEC, control_period_s=period_s),
               StoreConfig()) as store:
        for n, step in enumerate(life()):
            store.append(replace(step, stamp_ns=round((10 + n * between_s) * 1e9)))
    assert main(['memory', 'export', '--out', str(tmp_path / 'm.db'), '--format', 'lerobot',
                 str(tmp_path / 'd')]) == 0
    out = capsys.readouterr().out
    assert ('not in the control period' in out) == (abs(between_s / period_s - 1) > 0.05)
    assert ('no whole number' in out) == (fps % 1 != 0)
    told = json.loads((tmp_path / 'd/meta/info.json').read_text())['fps']
    assert told == fps
    assert isinstance(told, int) == (fps % 1 == 0)
    times = pq.read_table(tmp_path / 'd/data/chunk-000/file-000.parquet').to_pydict()
    np.testing.assert_allclose(times['timestamp'], np.array(times['frame_index']) / told,
                               rtol=1e-6)
    # An episode lasts as long as it did.
    np.testing.assert_allclose(times['timestamp'], np.array(times['frame_index']) * between_s,
                               rtol=0.005)


def test_a_lost_step_does_not_change_the_rate(tmp_path: Path) -> None:
    with Store(tmp_path / 'm.db', SPEC, StoreConfig()) as store:
        for n, step in enumerate(life()):
            store.append(replace(step, stamp_ns=round((10 + n * 0.05 + (n > 9)) * 1e9)))
    assert main(['memory', 'export', '--out', str(tmp_path / 'm.db'), '--format', 'lerobot',
                 str(tmp_path / 'd')]) == 0
    assert json.loads((tmp_path / 'd/meta/info.json').read_text())['fps'] == 20


def test_an_export_of_a_damaged_record_is_refused(memory: Path, tmp_path: Path,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(memory) as db:
        db.execute('DELETE FROM chunks WHERE first_id = (SELECT MAX(first_id) FROM chunks)')
    db.close()
    for form in ('mcap', 'lerobot'):
        assert main(['memory', 'export', '--out', str(memory), '--format', form,
                     str(tmp_path / 'x')]) == 2
        assert '2 steps cannot be read' in capsys.readouterr().err
        assert not (tmp_path / 'x').exists()


@pytest.mark.parametrize('number', ['inf', 'nan', 'x'])
def test_prune_takes_numbers(memory: Path, number: str,
                             capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(['memory', 'prune', '--out', str(memory), '--bytes', number])
    assert caught.value.code == 2
    assert f'expected a number, got {number!r}' in capsys.readouterr().err


def test_info_that_cannot_be_written(memory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['memory', 'info', '--out', str(memory), '--json', '/nonexistent/x.json']) == 2
    assert '/nonexistent/x.json: cannot be written' in capsys.readouterr().err
