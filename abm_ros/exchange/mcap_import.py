"""Reads the steps of a bag that `mcap_export` wrote, bit for bit."""

import json
import math
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np

from abm_ros.common.errors import SpecError, StoreError
from abm_ros.common.packing import decode_png, joined
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.exchange.names import EXECUTED, METADATA, OBSERVATION, STEP, image_topic, needed

_MAGIC = b'\x89MCAP0\r\n'       # at the beginning and at the end of every file


def spec_of(path: Path) -> ObservationSpec | None:
    """
    Return the spec of an exported bag, None for a bag from elsewhere.

    :raises StoreError: it is no MCAP file that can be read.
    """
    with readable(path), open(path, 'rb') as stream:
        reader = needed('mcap.reader').make_reader(stream, validate_crcs=True)
        for record in reader.iter_metadata():
            if record.name == METADATA:
                return ObservationSpec.from_json(record.metadata['observation_spec'])
    return None


def steps_of(path: Path, spec: ObservationSpec) -> Iterator[Step]:
    """
    Iterate over the steps of an exported bag, in their order.

    :raises StoreError: it is damaged or incomplete.
    """
    topics = [OBSERVATION, EXECUTED, STEP, *(image_topic(f.name) for f in spec.images)]
    factory = needed('mcap_ros2.decoder').DecoderFactory()
    with readable(path), open(path, 'rb') as stream:
        reader = needed('mcap.reader').make_reader(
            stream, validate_crcs=True, decoder_factories=[factory])
        parts: dict[str, Any] = {}
        # In the order of the file: stamps of several lives may overlap.
        for _, channel, _, message in reader.iter_decoded_messages(topics, log_time_order=False):
            parts[channel.topic] = message
            if channel.topic == STEP:
                yield _step(parts, spec)
                parts = {}


class readable:  # noqa: N801  (a context manager that reads like a function)
    """Turns any exception of the reader of a damaged bag into one StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Do nothing on entry."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 _: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, StoreError):
            told = shorten(str(error), 200) or type(error).__name__
            raise StoreError(f'{self._path}: cannot be read as MCAP: {told}'
                             f'{_cut_hint(self._path)}') from error


def _cut_hint(path: Path) -> str:
    """Return a hint for a file whose end was never written, '' for any other."""
    try:
        with open(path, 'rb') as stream:
            begins = stream.read(len(_MAGIC)) == _MAGIC
            stream.seek(-len(_MAGIC), os.SEEK_END)
            ends = stream.read() == _MAGIC
    except OSError:
        return ''
    return ('' if ends or not begins else '; its end is missing, as when a recording is cut: '
            f'mcap recover {shlex.quote(str(path))} -o recovered.mcap, and import that')


def _step(parts: dict[str, Any], spec: ObservationSpec) -> Step:
    told = json.loads(parts[STEP].data)
    missing = [topic for topic in (OBSERVATION, *(image_topic(f.name) for f in spec.images),
                                   *((EXECUTED,) if told['acted'] else ()))
               if topic not in parts]
    if missing:
        raise SpecError(f'step {told["id"]} lacks {", ".join(missing)}')
    row = np.array(parts[OBSERVATION].data, np.float32)
    if row.size != spec.numbers + spec.goal_size:
        raise SpecError(f'step {told["id"]}: expected {spec.numbers + spec.goal_size} numbers, '
                        f'got {row.size}')
    pixels = [decode_png(bytes(parts[image_topic(f.name)].data), f.shape).reshape(-1)
              for f in spec.images]
    observation = joined(row[:spec.numbers],
                         np.concatenate(pixels) if pixels else np.empty(0, np.uint8))
    return Step(told['episode'], told['step'], told['stamp_ns'], observation, row[spec.numbers:],
                np.array(parts[EXECUTED].data, np.float32) if told['acted'] else None,
                told['mode'], told['success'], told['provenance'], unknown(told['novelty']),
                unknown(told['surprise']), told.get('told', False), unknown(told.get('reward')),
                told.get('world', 0))


def unknown(value: float | None) -> float:
    """Return nan for a null of JSON."""
    return math.nan if value is None else value
