"""Benchmarks found by name, ours and those of other packages."""

import subprocess
import sys
from pathlib import Path

import pytest

from abm_ros.bench.registry import BENCHES, Bench
from abm_ros.cli.main import main

COMMAND = """
from pathlib import Path

def add_arguments(parser):
    parser.add_argument('--size', type=int, default=1)

def run(arguments):
    arguments.json.write_text(str(2 * arguments.size))
    return 3
"""


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that adds one bench, and one that cannot be loaded."""
    (tmp_path / 'other_bench.py').write_text(COMMAND)
    (tmp_path / 'other_entry.py').write_text(
        "from abm_ros.bench.registry import Bench\nBENCH = Bench('double 100 %', 'other_bench')\n")
    info = tmp_path / 'other_bench-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: other-bench\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text(
        '[abm_ros.benches]\ndouble = other_entry:BENCH\nbroken = no_such_module:BENCH\n'
        'number = math:pi\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize('name', BENCHES.names())
def test_ours_have_a_summary_and_a_command(name: str) -> None:
    bench = BENCHES.get(name)
    assert isinstance(bench, Bench)
    assert bench.command == f"abm_ros.bench.{name.replace('-', '_')}.command"


def test_another_package_adds_a_bench(other_package: Path) -> None:
    file = other_package / 'figures.json'
    assert main(['bench', 'double', '--size', '21', '--json', str(file)]) == 3
    assert file.read_text() == '42'


def test_a_broken_bench_is_told_and_takes_no_other_away(
        other_package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(['bench', '--help'])
    text = ' '.join(capsys.readouterr().out.split())
    assert 'double 100 %' in text
    assert 'cannot be used' in text
    assert main(['bench', 'broken']) == 2
    assert 'no_such_module' in capsys.readouterr().err
    assert main(['bench', 'number']) == 2
    assert 'expected a Bench' in capsys.readouterr().err


def test_help_loads_neither_ros_nor_torch_nor_a_simulator() -> None:
    text = ('import sys\nfrom abm_ros.cli.main import main\n'
            'try:\n    main(["bench", sys.argv[1], "--help"])\n'
            'except SystemExit:\n    pass\n'
            "heavy = {'rclpy', 'torch', 'gymnasium', 'pybullet'} & set(sys.modules)\n"
            'sys.exit(", ".join(heavy) or 0)')
    for name in ('latency', 'rewire', 'learn', 'noisy-tv', 'forgetting'):
        done = subprocess.run([sys.executable, '-c', text, name], timeout=60, text=True,
                              capture_output=True)
        assert (done.returncode, done.stderr) == (0, ''), name
