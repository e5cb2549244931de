"""Writes a learned policy as ONNX files with a runner that needs numpy and onnxruntime alone."""

import json
from pathlib import Path

from abm_ros.common.errors import ExportError
from abm_ros.common.snapshot import Snapshot
from abm_ros.exchange import policy_runner


def export_policy(models: Path, target: Path) -> list[Path]:
    """
    Write encoder, policy, the spec and the runner.

    :param models: the folder with `system_a.abm` and `system_b.abm`.
    :return: the files.
    :raises SnapshotError: a snapshot cannot be read.
    :raises ExportError: the two do not belong together, or the target cannot be written.
    """
    a, b = (Snapshot.load(models / f'{kind}.abm') for kind in ('system_a', 'system_b'))
    if b.meta.get('world_lineage') != a.lineage:
        raise ExportError(f'{models}: the policy reads latents of lineage '
                          f'{b.meta.get("world_lineage")}, the encoder has {a.lineage}: export '
                          'both snapshots of one life')
    about = {**json.loads(a.spec.to_json()), 'observation_size': a.spec.size,
             'goal_size': a.spec.goal_size, 'versions': {'encoder': a.version,
                                                         'policy': b.version}}
    files = {'encode.onnx': a.blob('encode'), 'policy.onnx': b.blob('policy'),
             'spec.json': (json.dumps(about, indent=2) + '\n').encode(),
             'run.py': Path(policy_runner.__file__).read_bytes()}
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (target / name).write_bytes(content)
    except OSError as error:
        raise ExportError(f'{target}: cannot be written: {error.strerror}') from error
    return [target / name for name in files]
