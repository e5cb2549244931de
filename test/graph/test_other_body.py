"""`abm sim` with a body from somebody else's package, which only its entry point tells of."""

import json
from pathlib import Path

import pytest
from domains import new_domain

pytest.importorskip('rclpy')

from body_package import add_point_package
from graph_harness import end, start_script

pytestmark = [pytest.mark.graph, pytest.mark.timeout(200)]


def test_the_graph_lives_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_point_package(tmp_path)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    with (tmp_path / 'errors.txt').open('w') as errors:
        process = start_script(
            new_domain(), '-m', 'abm_ros.cli.main', 'sim', '--headless', '--body', 'point:0.25',
            '--duration', '10', '--out', 'out', '--json', 'report.json', '--pin', 'task',
            '--baseline-episodes', '0', cwd=tmp_path, stderr=errors)
        try:
            code = process.wait(120.0)
        finally:
            end(process)
    assert code == 0, (tmp_path / 'errors.txt').read_text()
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['unsafe_commands'] == 0
    assert report['transitions_recorded'] > 50
    assert (tmp_path / 'out' / 'log' / 'point_mass.log').is_file()
