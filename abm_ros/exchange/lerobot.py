"""
An episodic memory as a LeRobotDataset, codebase version 3.0: Parquet, meta, images.

Source: the layout published at https://huggingface.co/docs/lerobot/lerobot-dataset-v3 :
`meta/info.json`, `meta/stats.json`, `meta/tasks.parquet`, `meta/episodes/` and `data/` with files
`chunk-000/file-000.parquet`, one row group per episode. Images are embedded PNG files (dtype
`image`), because video loses bits. Every step is a frame; the last step of an episode has a zero
action. The columns `abm.*` hold what LeRobot has no columns for, so that an import restores the
same steps.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from abm_ros.common.packing import encode_png
from abm_ros.common.spec import ObservationSpec
from abm_ros.exchange.files import whole_file
from abm_ros.exchange.lerobot_stats import Moments
from abm_ros.exchange.names import needed
from abm_ros.exchange.rate import Rate, rate_of
from abm_ros.memory.record.blocks import StepBlock, join
from abm_ros.memory.record.reader import StoreReader

VERSION = 'v3.0'
DATA = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
EPISODES = 'meta/episodes/chunk-000/file-000.parquet'
STATE, GOAL, ACTION = 'observation.state', 'observation.goal', 'action'
FRAMES_PER_FILE = 200_000
_CHUNK_FILES = 1000
# The columns that LeRobot itself fills.
_DEFAULTS = {'timestamp': 'float32', 'frame_index': 'int64', 'episode_index': 'int64',
             'index': 'int64', 'task_index': 'int64'}
_OWN = {'abm.stamp_ns': 'int64', 'abm.episode': 'int64', 'abm.step': 'int64',
        'abm.provenance': 'int64', 'abm.acted': 'bool', 'abm.success': 'bool',
        'abm.novelty': 'float32', 'abm.surprise': 'float32', 'abm.told': 'bool',
        'abm.reward': 'float32', 'abm.world': 'int64'}
# What LeRobot has names for, and what the step that followed says of it: the last one of an
# episode itself. A reward that nobody told is 1 for a success, else 0.
_NEXT = {'next.success': 'bool', 'next.reward': 'float32'}


class Exported(NamedTuple):
    """The number of episodes written, and their rate."""

    episodes: int
    rate: Rate


def export_lerobot(reader: StoreReader, target: Path, robot: str = 'unknown',
                   progress: Callable[[int], None] = lambda _: None) -> Exported:
    """
    Write a dataset; the folder appears under its name only when it is complete.

    :param robot: LeRobot's `robot_type`.
    :param progress: called with the number of frames written so far.
    :raises StoreError: the target exists or cannot be written, or a chunk is damaged.
    """
    needed('pyarrow.parquet')
    rate = rate_of(reader)
    with whole_file(target) as folder:
        dataset = _Dataset(reader.spec, folder, rate.fps)
        try:
            for block in episodes_of(reader):
                dataset.write(block)
                progress(dataset.frames)
        finally:
            dataset.close_file()
        dataset.finish(robot)
        return Exported(len(dataset.episodes), rate)


def episodes_of(reader: StoreReader) -> Iterator[StepBlock]:
    """Iterate over whole episodes, however they are split into chunks."""
    waiting: list[StepBlock] = []
    for block in reader.all_blocks():
        edges = np.flatnonzero(np.diff(block.episode)) + 1
        for part in np.split(np.arange(len(block)), edges):
            piece = block.take(part)
            if waiting and waiting[-1].episode[-1] != piece.episode[0]:
                yield join(waiting)
                waiting = []
            waiting.append(piece)
    if waiting:
        yield join(waiting)


def image_key(field: str) -> str:
    """Return LeRobot's name of an image field."""
    return f'observation.images.{field}'


def features(spec: ObservationSpec) -> dict[str, Any]:
    """Return the `features` of info.json."""
    names = [f.name if f.size == 1 else f'{f.name}_{n}' for f in spec.fields
             if not f.is_image for n in range(f.size)]
    found: dict[str, Any] = {
        STATE: {'dtype': 'float32', 'shape': [spec.numbers], 'names': names},
        GOAL: {'dtype': 'float32', 'shape': [spec.goal_size],
               'names': [f'{spec.goal_field}_{n}' for n in range(spec.goal_size)]},
        ACTION: {'dtype': 'float32', 'shape': [spec.action_size],
                 'names': [f'action_{n}' for n in range(spec.action_size)]}}
    for field in spec.images:
        channels, height, width = picture_shape(field.shape)
        found[image_key(field.name)] = {'dtype': 'image', 'shape': [height, width, channels],
                                        'names': ['height', 'width', 'channels']}
    for key, kind in (_NEXT | _OWN | _DEFAULTS).items():
        found[key] = {'dtype': kind, 'shape': [1], 'names': None}
    return found


def picture_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the (channels, height, width) of the PNG file of an image field."""
    channels, height, width = shape
    return (3, height, width) if channels == 3 else (1, channels * height, width)


class _Dataset:
    def __init__(self, spec: ObservationSpec, folder: Path, fps: float) -> None:
        self._pa, self._parquet = needed('pyarrow'), needed('pyarrow.parquet')
        self._spec, self._folder, self._fps = spec, folder, fps
        self._writer: Any = None
        self._file, self._in_file = -1, 0
        self._tasks: dict[str, int] = {}
        self._total = Moments()
        self.episodes: list[dict[str, Any]] = []
        self.frames = 0

    def write(self, block: StepBlock) -> None:
        """Write one episode."""
        arrays = self._arrays(block)
        table = self._pa.table({key: self._column(key, values)
                                for key, values in arrays.items()})
        if self._writer is None or self._in_file + len(block) > FRAMES_PER_FILE:
            self._next_file(table.schema)
        self._writer.write_table(table)          # one row group per episode
        self._in_file += len(block)
        moments = Moments()
        moments.take({k: v for k, v in arrays.items() if not isinstance(v, list)})
        moments.take_images(self._images(block))
        self._total.merge(moments)
        self.episodes.append({
            'episode_index': len(self.episodes), 'tasks': [block.modes[m] for m in
                                                           dict.fromkeys(block.mode.tolist())],
            'length': len(block), 'data/chunk_index': self._file // _CHUNK_FILES,
            'data/file_index': self._file % _CHUNK_FILES,
            'dataset_from_index': self.frames, 'dataset_to_index': self.frames + len(block),
            'meta/episodes/chunk_index': 0, 'meta/episodes/file_index': 0,
            **{f'stats/{key}/{name}': value for key, entry in moments.figures().items()
               for name, value in entry.items()}})
        self.frames += len(block)

    def _arrays(self, block: StepBlock) -> dict[str, Any]:
        count, spec = len(block), self._spec
        numbers, goal = spec.numbers, spec.numbers + spec.goal_size
        tasks = [self._tasks.setdefault(mode, len(self._tasks)) for mode in block.modes]
        frame = np.arange(count)
        after = np.minimum(frame + 1, count - 1)
        reward = np.where(np.isfinite(block.reward), block.reward, block.success
                          ).astype(np.float32)
        pictures = {key: [encode_png(image) for image in images]
                    for key, images in self._images(block).items()}
        return {
            STATE: block.rows[:, :numbers], GOAL: block.rows[:, numbers:goal],
            ACTION: block.rows[:, goal:], **pictures,
            'abm.stamp_ns': block.stamp_ns, 'abm.episode': block.episode,
            'abm.step': block.index, 'abm.provenance': block.origin.astype(np.int64),
            'abm.acted': block.acted, 'abm.success': block.success,
            'abm.novelty': block.signals[:, 0], 'abm.surprise': block.signals[:, 1],
            'abm.told': block.told, 'abm.reward': block.reward, 'abm.world': block.world,
            'next.success': block.success[after], 'next.reward': reward[after],
            'timestamp': (frame / self._fps).astype(np.float32),
            'frame_index': frame, 'episode_index': np.full(count, len(self.episodes)),
            'index': self.frames + frame, 'task_index': np.array(tasks)[block.mode]}

    def _images(self, block: StepBlock) -> dict[str, np.ndarray]:
        """Return the images (N, channels, height, width) of each image field."""
        found, start = {}, 0
        for field in self._spec.images:
            found[image_key(field.name)] = block.pixels[:, start:start + field.size].reshape(
                len(block), *field.shape)
            start += field.size
        return found

    def _column(self, key: str, values: Any) -> Any:
        pa = self._pa
        if isinstance(values, list):
            return pa.array([{'bytes': data, 'path': f'{key}_{n}.png'}
                             for n, data in enumerate(values)],
                            pa.struct([('bytes', pa.binary()), ('path', pa.string())]))
        if values.ndim == 2 and values.shape[1] > 1:
            return pa.FixedSizeListArray.from_arrays(
                pa.array(np.ascontiguousarray(values, np.float32).reshape(-1)), values.shape[1])
        return pa.array(np.ascontiguousarray(values).reshape(-1))

    def _next_file(self, schema: Any) -> None:
        self.close_file()
        self._file += 1
        self._in_file = 0
        path = self._folder / DATA.format(chunk_index=self._file // _CHUNK_FILES,
                                          file_index=self._file % _CHUNK_FILES)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._parquet.ParquetWriter(path, schema, compression='snappy',
                                                   write_page_checksum=True)

    def close_file(self) -> None:
        """Finish the current data file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def finish(self, robot: str) -> None:
        """Write the files of meta/."""
        spec, count = self._spec, len(self.episodes)
        (self._folder / EPISODES).parent.mkdir(parents=True, exist_ok=True)
        info = {'codebase_version': VERSION, 'robot_type': robot, 'total_episodes': count,
                'total_frames': self.frames, 'total_tasks': len(self._tasks),
                'chunks_size': _CHUNK_FILES, 'data_files_size_in_mb': 100,
                'video_files_size_in_mb': 200, 'fps': self._fps,
                'splits': {'train': f'0:{count}'}, 'data_path': DATA,
                'video_path': None, 'features': features(spec),
                'abm_observation_spec': json.loads(spec.to_json())}
        for name, content in (('info', info), ('stats', self._total.figures())):
            (self._folder / f'meta/{name}.json').write_text(
                json.dumps(content, indent=4) + '\n', encoding='utf-8')
        self._parquet.write_table(self._pa.Table.from_pylist(self.episodes),
                                  self._folder / EPISODES, write_page_checksum=True)
        self._parquet.write_table(self._task_table(), self._folder / 'meta/tasks.parquet',
                                  write_page_checksum=True)

    def _task_table(self) -> Any:
        """Return the tasks as pandas writes a frame whose index is named `task`."""
        pa = self._pa
        described = {
            'index_columns': ['task'], 'column_indexes': [], 'creator': {'library': 'pyarrow'},
            'columns': [{'name': name, 'field_name': name, 'pandas_type': kind,
                         'numpy_type': numpy, 'metadata': None}
                        for name, kind, numpy in (('task_index', 'int64', 'int64'),
                                                  ('task', 'unicode', 'object'))]}
        table = pa.table({'task_index': pa.array(self._tasks.values(), pa.int64()),
                          'task': pa.array(self._tasks.keys(), pa.string())})
        return table.replace_schema_metadata({'pandas': json.dumps(described)})
