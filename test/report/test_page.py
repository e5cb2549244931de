"""The page of a run: whole, readable without other files, and safe to open."""

import re
from html.parser import HTMLParser

import pytest

from abm_ros.cli import main
from abm_ros.common.errors import StoreError
from abm_ros.meta.audit.log import AuditLog
from abm_ros.report.history import HistoryWriter
from abm_ros.report.page import write_report

PHI = 'version: 1\nmodes: {task: {bias: 0.5}}\n'


@pytest.fixture
def run(tmp_path):
    """The folder of a run of ten seconds."""
    writer = HistoryWriter(tmp_path, began=5e8, body='gym:<b>Arm</b>', seed=3,
                           wiring={'task': {'system_b': ['latent', 'action']}, 'sleep': {}})
    for index in range(10):
        writer.add('second', {'t': 5e8 + index, 'mode': 'task' if index < 5 else 'sleep',
                              'signals': {'energy': 0.5}, 'episodes': index, 'successes': index,
                              'least': [-0.1], 'most': [0.1]})
    writer.add('end', {'success_after': 0.95, 'unsafe_commands': 1,
                       'unsafe_findings': ['beyond a position limit: [3.2]'],
                       'limits': {'low': [-1.0], 'high': [1.0]}})
    writer.close()
    stamps = iter([4 * 10 ** 17, *(5 * 10 ** 17 + 10 ** 9 * second for second in range(9))])
    with AuditLog(tmp_path / 'audit.jsonl', clock=lambda: next(stamps)) as log:
        log.append('mode', before='', mode='rest', reason='of an earlier run')
        log.append('start', phi_text=PHI, incarnation='x')
        log.append('mode', before='task', mode='sleep',
                   reason='drive 0.89 beats <task> 0.78 by more than 0.1')
        log.append('modulate', mode='sleep')
    return tmp_path


class Reader(HTMLParser):
    """Notes tags, text and what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ''

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value or '' for name, value in attrs if name in ('src', 'href')]

    def handle_data(self, data):
        self.text += data


def test_the_page_holds_everything_and_loads_nothing(run) -> None:
    written = write_report(run, run / 'report')
    assert [path.name for path in written.pictures] == ['life.png', 'signals.png', 'commands.png']
    assert all(path.read_bytes().startswith(b'\x89PNG') for path in written.pictures)
    reader = Reader()
    reader.feed(written.page.read_text(encoding='utf-8'))
    assert reader.tags.count('img') == 3
    assert all(load.startswith('data:image/png;base64,') for load in reader.loads)
    assert not {'script', 'link', 'iframe'} & set(reader.tags)
    for text in ('gym:<b>Arm</b>', 'drive 0.89 beats <task> 0.78', '0.95', 'latent, action',
                 'beyond a position limit', '1 changes of modulation are left out'):
        assert text in reader.text
    assert 'of an earlier run' not in reader.text


def test_a_damaged_log_is_said_to_be_damaged(run) -> None:
    log = run / 'audit.jsonl'
    log.write_bytes(log.read_bytes().replace(b'0.89', b'0.99'))
    text = write_report(run, run).page.read_text(encoding='utf-8')
    assert re.search(r'the log is damaged: .*was edited', text)


def test_the_command_names_the_files_and_refuses_an_empty_folder(run, tmp_path, capsys) -> None:
    assert main.main(['report', str(run), '--out', str(tmp_path / 'out')]) == 0
    assert capsys.readouterr().out.splitlines()[0] == str(tmp_path / 'out' / 'report.html')
    assert main.main(['report', str(tmp_path / 'out')]) == 2
    assert 'expected the folder of a run' in capsys.readouterr().err
    with pytest.raises(StoreError, match='cannot be written'):
        write_report(run, run / 'audit.jsonl' / 'x')


def test_all_lives_of_a_folder_are_drawn_or_one_that_is_chosen(run) -> None:
    writer = HistoryWriter(run, began=5e8 + 6, body='gym:Later', seed=4)
    writer.add('second', {'t': 5e8 + 7, 'mode': 'rest', 'signals': {'energy': 0.5},
                          'least': [-0.2, 0.1], 'most': [0.2, 0.3]})
    writer.add('end', {'success_after': 0.875})
    writer.close()
    with AuditLog(run / 'audit.jsonl', clock=lambda: (5 * 10 ** 8 + 6) * 10 ** 9) as log:
        log.append('mode', before='task', mode='rest', reason='of the later life')

    def told(life=None):
        reader = Reader()
        reader.feed(write_report(run, run / 'out', life).page.read_text(encoding='utf-8'))
        return [text in reader.text for text in (
            '2 lives', '0.95', '0.875', 'drive 0.89', 'of the later life')]

    assert told() == [True] * 5
    assert told(1) == [False, True, False, True, False]
    assert told(2) == told(-1) == [False, False, True, False, True]
    with pytest.raises(StoreError, match='no life 3, expected 1 to 2'):
        told(3)
