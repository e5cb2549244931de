"""Every command answers for itself, and waits for no other's imports."""

import subprocess
import sys

import pytest

from abm_ros.cli.bench import BENCHES
from abm_ros.cli.main import COMMANDS, main

ALL = [*([name] for name in COMMANDS), *(['bench', name] for name in BENCHES.names())]


@pytest.mark.parametrize('words', ALL, ids=' '.join)
def test_every_command_tells_its_options(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words, '--help'])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.startswith(f"usage: abm {' '.join(words)} ")
    assert len(told.splitlines()) > 5


def test_an_operators_command_loads_neither_torch_nor_ros_nor_a_simulator():
    text = ('import sys\nfrom abm_ros.cli.main import main\n'
            "try:\n    main(['intervene', '--help'])\nexcept SystemExit:\n    pass\n"
            "sys.exit(bool({'torch', 'scipy', 'rclpy', 'pybullet', 'gymnasium'} "
            '& set(sys.modules)))')
    done = subprocess.run([sys.executable, '-c', text], timeout=60, capture_output=True,
                          check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_command_is_refused_with_those_that_there_are(capsys):
    with pytest.raises(SystemExit) as ended:
        main(['dance'])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert all(name in told for name in COMMANDS)
