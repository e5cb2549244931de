"""The real graph acts with a System A that another package brings."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip('rclpy')
pytest.importorskip('panda_gym')
pytest.importorskip('torch')

from graph_harness import running, wait_until

from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.common.snapshot import Snapshot

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]
HERE = Path(__file__).resolve().parents[1]


def test_it_learns_and_reaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry point and one setting; 60 transitions are known when it is at .9 of 10."""
    info = tmp_path / 'site' / 'other-1.0.dist-info'
    info.mkdir(parents=True)
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: other\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text(
        '[abm_ros.world_models]\nlinear = linear_world:LinearConfig\n')
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(map(str, (info.parent, HERE))))
    options = GraphOptions(body='gym:PandaReach-v3', directory=str(tmp_path), lock_step=True,
                           use_sim_time=True, pin_mode='task', world_model='linear')
    changes = {'system_a_learner': {'ridge': 2e-5}, 'system_b': {'success_window': 10}}
    specs = [replace(spec, parameters={**spec.parameters, **changes.get(spec.name, {})})
             for spec in describe(options)]
    with running(specs, tmp_path) as (_, observer):
        wait_until(lambda: (observer.value('system_b', 'success_rate') >= 0.9
                            and observer.value('system_b', 'episodes') >= 12
                            and observer.value('system_a', 'prediction_error', 1.0) < 0.1),
                   lambda: f'telemetry: {observer.telemetry}', 120.0)
    kept = Snapshot.load(tmp_path / 'models' / 'system_a.abm')
    assert kept.meta['implementation'] == 'linear'
    assert kept.config['ridge'] == 2e-5
