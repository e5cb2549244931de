"""
A model snapshot: the model that a learner hands to an acting node. Data, never code.

Layout: magic number, header length, SHA-256 of the header, JSON header, then the named blobs. A
blob is an ONNX graph or a safetensors file. Sizes and hashes are checked before anything is used.
Neither torch nor onnx is imported here, since acting nodes use this module.
"""

import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from abm_ros.common.errors import SnapshotError, SpecError
from abm_ros.common.spec import ObservationSpec

MAGIC = b'ABMSNAP\x01'
FORMAT = 1
KINDS = ('system_a', 'system_b', 'worlds', 'innate')
MAX_BYTES = 64 * 2 ** 20
MAX_HEADER_BYTES = 2 ** 20
MAX_BLOBS = 64
_PREFIX = struct.Struct('<8sI32s')
_KEYS = {'kind', 'format', 'version', 'lineage', 'spec', 'config', 'meta', 'blobs'}


@dataclass(frozen=True)
class Snapshot:
    """
    One published state of a model.

    `version` counts the updates of the weights. `lineage` names one set of weights from its
    initialisation on: latents and policies fit together only within a lineage of System A.
    """

    kind: str
    version: int
    lineage: str
    spec: ObservationSpec
    config: Mapping[str, Any]
    meta: Mapping[str, Any]
    blobs: Mapping[str, bytes]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SnapshotError(f"snapshot kind '{self.kind}' is unknown, expected one of "
                                f'{", ".join(KINDS)}')
        if self.version < 0 or not _is_hex(self.lineage):
            raise SnapshotError(f'snapshot needs a version >= 0 and a hexadecimal lineage, got '
                                f'{self.version!r} and {self.lineage!r}')

    def blob(self, name: str) -> bytes:
        """
        Return a named blob.

        :raises SnapshotError: the snapshot has no such blob.
        """
        try:
            return self.blobs[name]
        except KeyError:
            raise SnapshotError(f"{self.kind} snapshot has no blob '{name}', it has "
                                f'{sorted(self.blobs)}') from None

    def to_bytes(self) -> bytes:
        """
        Serialise for a topic or a file.

        :raises SnapshotError: it is larger than readers accept.
        """
        names = sorted(self.blobs)
        header = json.dumps({
            'kind': self.kind, 'format': FORMAT, 'version': self.version,
            'lineage': self.lineage, 'spec': self.spec.to_json(), 'config': dict(self.config),
            'meta': dict(self.meta),
            'blobs': [{'name': n, 'size': len(self.blobs[n]), 'sha256': _sha(self.blobs[n])}
                      for n in names]}, sort_keys=True, allow_nan=False).encode()
        prefix = _PREFIX.pack(MAGIC, len(header), hashlib.sha256(header).digest())
        data = b''.join([prefix, header, *(self.blobs[n] for n in names)])
        if len(data) > MAX_BYTES or len(header) > MAX_HEADER_BYTES or len(names) > MAX_BLOBS:
            raise SnapshotError(f'snapshot of {len(data)} bytes is too large to publish, '
                                f'expected at most {MAX_BYTES}; use smaller nets')
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> 'Snapshot':
        """
        Parse what `to_bytes` wrote and refuse anything else.

        :raises SnapshotError: damaged, cut short, too large, of a foreign kind or format.
        """
        header, start = _read_header(data)
        blobs: dict[str, bytes] = {}
        try:
            for entry in header['blobs']:
                name, size = str(entry['name']), int(entry['size'])
                blob = data[start:start + size]
                if size < 0 or len(blob) != size or _sha(blob) != entry['sha256']:
                    raise SnapshotError(f"snapshot blob '{name}' is damaged or cut short")
                blobs[name] = blob
                start += size
            snapshot = cls(str(header['kind']), int(header['version']), str(header['lineage']),
                           ObservationSpec.from_json(header['spec']), dict(header['config']),
                           dict(header['meta']), blobs)
        except (KeyError, TypeError, ValueError, SpecError) as error:
            raise SnapshotError(f'snapshot header cannot be used: {error}') from error
        if start != len(data):
            raise SnapshotError(f'snapshot has {len(data) - start} bytes too many at its end')
        return snapshot

    def save(self, path: Path) -> None:
        """
        Write the file atomically: a reader sees the old snapshot or the new one.

        :raises SnapshotError: the file cannot be written.
        """
        data = self.to_bytes()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
            try:
                with os.fdopen(handle, 'wb') as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise SnapshotError(f"cannot write snapshot '{path}': {error.strerror}") from error

    @classmethod
    def load(cls, path: Path) -> 'Snapshot':
        """
        Read a snapshot file.

        :raises SnapshotError: missing, unreadable or refused by `from_bytes`.
        """
        try:
            with path.open('rb') as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise SnapshotError(f"cannot read snapshot '{path}': {error.strerror}") from error
        return cls.from_bytes(data)


def _read_header(data: bytes) -> tuple[dict[str, Any], int]:
    if len(data) > MAX_BYTES:
        raise SnapshotError(f'snapshot is too large, expected at most {MAX_BYTES} bytes')
    if len(data) < _PREFIX.size:
        raise SnapshotError(f'snapshot is cut short: {len(data)} bytes')
    magic, size, digest = _PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise SnapshotError('not a model snapshot: it does not begin with the magic bytes')
    start = _PREFIX.size + size
    raw = data[_PREFIX.size:start]
    if size > MAX_HEADER_BYTES or len(raw) != size or hashlib.sha256(raw).digest() != digest:
        raise SnapshotError('snapshot header is damaged or cut short')
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise SnapshotError('snapshot header is not JSON') from error
    if not isinstance(header, dict) or set(header) != _KEYS:
        raise SnapshotError(f'snapshot header must have exactly the keys {sorted(_KEYS)}')
    if header['format'] != FORMAT:
        raise SnapshotError(f'snapshot format {header["format"]!r} cannot be read, expected '
                            f'{FORMAT}; write it again with this version')
    if not isinstance(header['blobs'], list) or len(header['blobs']) > MAX_BLOBS:
        raise SnapshotError(f'snapshot must list at most {MAX_BLOBS} blobs')
    return header, start


def session(blob: bytes) -> ort.InferenceSession:
    """
    Load an ONNX graph for acting: one thread, sequential, and no files beside the bytes.

    :param blob: an ONNX model that contains its weights.
    :raises SnapshotError: not an ONNX graph, unknown operators, or weights in other files.
    """
    if b'location' in blob:  # the key with which a tensor refers to another file
        raise SnapshotError('ONNX graph refers to data outside the snapshot; refused')
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # Measured: optimising these small graphs takes as long as loading them and gains nothing.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.add_session_config_entry('session.load_model_format', 'ONNX')
    try:
        return ort.InferenceSession(blob, options, providers=['CPUExecutionProvider'])
    except Exception as error:  # onnxruntime's exceptions have no common base
        reason = str(error).splitlines()[0][:200]
        raise SnapshotError(f'ONNX graph cannot be loaded: {reason}') from error


def trial(graph: ort.InferenceSession, feeds: Mapping[str, np.ndarray],
          shapes: Mapping[str, tuple[int, ...]]) -> None:
    """
    Run a graph once to check it before it is used.

    :param feeds: inputs of the shapes that acting uses.
    :param shapes: expected shapes of the outputs, by name.
    :raises SnapshotError: it does not run, or an output has another shape or is not finite.
    """
    try:
        outputs = graph.run(list(shapes), dict(feeds))
    except Exception as error:  # onnxruntime's exceptions have no common base
        reason = str(error).splitlines()[0][:200]
        raise SnapshotError(f'ONNX graph does not fit its snapshot: {reason}') from error
    for (name, shape), value in zip(shapes.items(), outputs, strict=True):
        if value.shape != shape or not np.isfinite(value).all():
            raise SnapshotError(f"ONNX graph's output '{name}': expected finite numbers of shape "
                                f'{shape}, got {value.shape}')


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _is_hex(text: str) -> bool:
    return 8 <= len(text) <= 64 and all(c in '0123456789abcdef' for c in text)
