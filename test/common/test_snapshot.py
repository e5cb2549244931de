"""A snapshot comes back as it was, and nothing else comes in."""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from tiny_bodies import LinearSystem

from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import MAGIC, MAX_BYTES, Snapshot, session, trial


def example() -> Snapshot:
    return Snapshot('system_a', 7, '0123456789abcdef', LinearSystem().spec, {'latent': 4},
                    {'note': 1}, {'first': b'abc' * 50, 'second': b'', 'third': bytes(range(256))})


def forged(**changes: object) -> bytes:
    """Return a snapshot whose header was changed and hashed again."""
    data = example().to_bytes()
    size = struct.unpack_from('<I', data, 8)[0]
    header = json.loads(data[44:44 + size]) | changes
    raw = json.dumps(header).encode()
    return (MAGIC + struct.pack('<I', len(raw)) + hashlib.sha256(raw).digest() + raw
            + data[44 + size:])


def tiny_graph(**tensor: object) -> bytes:
    """Return y = x + w; keyword arguments change the weight's tensor."""
    weight = helper.make_tensor('w', TensorProto.FLOAT, [2], [1.0, 2.0])
    if tensor:
        weight.ClearField('float_data')
        weight.data_location = TensorProto.EXTERNAL
        entry = weight.external_data.add()
        entry.key, entry.value = 'location', str(tensor['location'])
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in 'xy']
    graph = helper.make_graph([helper.make_node('Add', ['x', 'w'], ['y'])], 'g', info[:1],
                              info[1:], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)],
                             ir_version=9).SerializeToString()


def test_round_trip() -> None:
    assert Snapshot.from_bytes(example().to_bytes()) == example()


def test_a_file_comes_back_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / 'models' / 'a.snapshot'
    example().save(path)
    example().save(path)
    assert Snapshot.load(path) == example()
    assert list(path.parent.iterdir()) == [path]


def test_every_damaged_byte_is_found() -> None:
    data = example().to_bytes()
    for position in range(0, len(data), 7):
        broken = bytearray(data)
        broken[position] ^= 0x10
        with pytest.raises(SnapshotError):
            Snapshot.from_bytes(bytes(broken))


@pytest.mark.parametrize('keep', [0, 1, 20, 44, 200, -1])
def test_a_cut_is_found(keep: int) -> None:
    with pytest.raises(SnapshotError):
        Snapshot.from_bytes(example().to_bytes()[:keep])


def test_bytes_too_many_are_refused() -> None:
    with pytest.raises(SnapshotError, match='too many'):
        Snapshot.from_bytes(example().to_bytes() + b'x')


@pytest.mark.parametrize('changes', [
    {'kind': 'system_m'}, {'format': 2}, {'version': -1}, {'version': 'new'}, {'lineage': 'XYZ'},
    {'lineage': ''}, {'spec': '{}'}, {'spec': 3}, {'config': 5}, {'blobs': 'none'},
    {'blobs': [{'name': 'first', 'size': -1, 'sha256': ''}]},
    {'blobs': [{'name': 'first', 'size': 10 ** 15, 'sha256': ''}]},
    {'blobs': [{'size': 1}] * 65}, {'extra': 1}])
def test_a_foreign_header_is_refused(changes: dict) -> None:
    with pytest.raises(SnapshotError):
        Snapshot.from_bytes(forged(**changes))


def test_size_bombs_are_refused_before_they_are_read() -> None:
    with pytest.raises(SnapshotError, match='damaged or cut'):
        Snapshot.from_bytes(MAGIC + struct.pack('<I', 2 ** 32 - 1) + bytes(32))
    with pytest.raises(SnapshotError, match='too large'):
        Snapshot.from_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(SnapshotError, match='too large'):
        Snapshot('system_a', 0, '0' * 16, LinearSystem().spec, {}, {},
                 {'w': bytes(MAX_BYTES)}).to_bytes()


def test_a_missing_file_and_a_missing_blob_are_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r'none\.snapshot'):
        Snapshot.load(tmp_path / 'none.snapshot')
    with pytest.raises(SnapshotError, match='fourth'):
        example().blob('fourth')


def test_a_graph_runs() -> None:
    graph = session(tiny_graph())
    assert graph.run(None, {'x': np.ones(2, np.float32)})[0].tolist() == [2.0, 3.0]
    trial(graph, {'x': np.ones(2, np.float32)}, {'y': (2,)})


def test_a_graph_with_outside_data_is_refused() -> None:
    with pytest.raises(SnapshotError, match='outside'):
        session(tiny_graph(location='weights.bin'))


def test_what_is_not_a_graph_is_refused() -> None:
    with pytest.raises(SnapshotError, match='cannot be loaded'):
        session(b'not a graph')


def test_a_trial_refuses_wrong_shapes_and_numbers() -> None:
    graph = session(tiny_graph())
    for x, shape in ((np.ones(2, np.float32), (3,)), (np.ones(5, np.float32), (5,)),
                     (np.full(2, np.nan, np.float32), (2,))):
        with pytest.raises(SnapshotError):
            trial(graph, {'x': x}, {'y': shape})
