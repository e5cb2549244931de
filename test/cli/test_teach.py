"""`abm teach` from a file."""

from pathlib import Path

import pytest
from lived_steps import SPEC, life

pytest.importorskip('mcap')

from abm_ros.cli.main import main
from abm_ros.exchange.mcap_export import export_mcap
from abm_ros.memory.record.store import Store, StoreConfig


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Two episodes that somebody exported."""
    with Store(tmp_path / 'own.db', SPEC, StoreConfig()) as store:
        for step in life([3, 4], won=[0, 1]):
            store.append(step)
        store.flush()
    with Store.read(tmp_path / 'own.db') as reader:
        export_mcap(reader, tmp_path / 'shown.mcap', lambda done: None)
    return tmp_path / 'shown.mcap'


def test_a_file_comes_to_memory_as_a_teachers(tmp_path: Path, bag: Path, capsys) -> None:
    run = tmp_path / 'run'
    assert main(['teach', str(bag), '--teacher', 'ann', '--out', str(run)]) == 0
    assert '7 steps in 2 demonstrations of ann; what is new' in capsys.readouterr().out
    with Store.read(run / 'memory.db') as reader:
        found = [(e.provenance, e.mode, e.success) for e in reader.episodes()]
    assert found == [('teacher', 'imitate:ann', True)] * 2


def test_what_is_taught_again_is_told_and_left_out(tmp_path: Path, bag: Path, capsys) -> None:
    run = tmp_path / 'run'
    for teacher in ('ann', 'ann', 'bob'):
        assert main(['teach', str(bag), '--teacher', teacher, '--out', str(run)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert '0 steps in 0 demonstrations of ann; 2 are left out' in said[1]
    assert '0 steps in 0 demonstrations of bob; 2 are left out' in said[2]
    with Store(tmp_path / 'own.db', SPEC, StoreConfig()) as store:      # one more, and the old
        for step in life([3, 4, 5])[-5:]:
            store.append(step)
    with Store.read(tmp_path / 'own.db') as reader:
        export_mcap(reader, tmp_path / 'more.mcap', lambda done: None)
    assert main(['teach', str(tmp_path / 'more.mcap'), '--teacher', 'ann', '--out', str(run)]) == 0
    assert '5 steps in 1 demonstration of ann; 2 are left out' in capsys.readouterr().out
    with Store.read(run / 'memory.db') as reader:
        assert [e.steps for e in reader.episodes()] == [3, 4, 5]


def test_what_is_no_teacher_is_refused_in_a_line(tmp_path: Path, bag: Path, capsys) -> None:
    assert main(['teach', str(bag), '--teacher', 'a b', '--out', str(tmp_path / 'run')]) == 2
    assert capsys.readouterr().err.count('\n') == 1
    assert not (tmp_path / 'run').exists()
