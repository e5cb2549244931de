"""Reads the steps of a LeRobotDataset that `lerobot` wrote, bit for bit."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.common.errors import StoreError
from abm_ros.common.packing import decode_png, joined
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import PROVENANCES, Step
from abm_ros.exchange.lerobot import ACTION, GOAL, STATE, VERSION, image_key
from abm_ros.exchange.names import needed


def spec_of(folder: Path) -> ObservationSpec:
    """
    Return the spec of an exported dataset.

    :raises StoreError: it is no dataset of this version that `abm memory export` wrote.
    """
    info = folder / 'meta/info.json'
    try:
        told = json.loads(info.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise StoreError(f'{info}: expected the info of a LeRobotDataset (or the metadata.yaml of '
                         f'a rosbag2): {error}') from error
    if not isinstance(told, dict):
        raise StoreError(f'{info}: expected a JSON object, got {type(told).__name__}')
    if told.get('codebase_version') != VERSION or 'abm_observation_spec' not in told:
        raise StoreError(f'{info}: expected a LeRobotDataset {VERSION} that abm memory export '
                         f'wrote, got version {told.get("codebase_version")!r}')
    return ObservationSpec.from_json(json.dumps(told['abm_observation_spec']))


def steps_of(folder: Path, spec: ObservationSpec) -> Iterator[Step]:
    """
    Iterate over the steps of an exported dataset, in their order.

    :raises StoreError: a file is damaged or lacks a column.
    """
    parquet = needed('pyarrow.parquet')
    path = folder / 'meta/tasks.parquet'
    try:
        tasks = parquet.read_table(path, page_checksum_verification=True).to_pydict()
        modes = dict(zip(tasks['task_index'], tasks['task'], strict=True))
        for path in sorted((folder / 'data').glob('*/*.parquet')):
            with parquet.ParquetFile(path, page_checksum_verification=True) as file:
                for group in range(file.num_row_groups):
                    yield from _steps(file.read_row_group(group), spec, modes)
    except (needed('pyarrow').ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        told = f'lacks {error}' if isinstance(error, KeyError) else ' '.join(str(error).split())
        raise StoreError(f'{path}: cannot be read as LeRobotDataset: {told}') from error


def _steps(table: Any, spec: ObservationSpec, modes: dict[int, str]) -> Iterator[Step]:
    count = table.num_rows

    def numbers(key: str, width: int) -> np.ndarray:
        column = table.column(key).combine_chunks()
        flat = column.flatten() if width > 1 else column
        return flat.to_numpy(zero_copy_only=False).astype(np.float32).reshape(count, width)

    state, goal = numbers(STATE, spec.numbers), numbers(GOAL, spec.goal_size)
    action = numbers(ACTION, spec.action_size)
    pixels = np.empty((count, spec.pixels), np.uint8)
    start = 0
    for field in spec.images:
        for row, cell in enumerate(table.column(image_key(field.name)).to_pylist()):
            pixels[row, start:start + field.size] = decode_png(
                cell['bytes'], field.shape).reshape(-1)
        start += field.size
    observation = joined(state, pixels)
    own = [table.column(f'abm.{name}').to_pylist() for name in (
        'episode', 'step', 'stamp_ns', 'provenance', 'acted', 'success', 'novelty', 'surprise')]
    # Data sets of before have no such columns.
    own += [table.column(f'abm.{name}').to_pylist() if f'abm.{name}' in table.column_names else
            [none] * count for name, none in (('told', False), ('reward', math.nan), ('world', 0))]
    task = table.column('task_index').to_pylist()
    for i, (episode, index, stamp, origin, acted, success, novelty, surprise, told,
            reward, world) in enumerate(zip(*own, strict=True)):
        if not 0 <= origin < len(PROVENANCES):
            raise ValueError(f'provenance of frame {i}: expected 0 to {len(PROVENANCES) - 1}, '
                             f'got {origin}')
        yield Step(episode, index, stamp, observation[i], goal[i], action[i] if acted else None,
                   modes[task[i]], success, PROVENANCES[origin], novelty, surprise, told,
                   reward, world)
