"""The audit log: every kind of tampering is named, and no crash is taken for one."""

import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from abm_ros.core.audit import AuditLog, records, verify
from abm_ros.core.errors import AuditError

Tamper = Callable[[list[bytes]], list[bytes]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'audit.jsonl'


def fill(path: Path, count: int = 6) -> list[bytes]:
    with AuditLog(path, clock=lambda: 123) as log:
        for number in range(count):
            log.append('mode', to='play', number=number)
    return path.read_bytes().splitlines(keepends=True)


def head_of(path: Path) -> Path:
    return path.with_name(path.name + '.head')


def forge(line: bytes, **changes: object) -> bytes:
    """Change a record and give it a hash that fits, by the documented encoding."""
    record = {**json.loads(line), **changes}
    record.pop('hash')
    text = json.dumps(record, sort_keys=True, separators=(',', ':'))
    record['hash'] = hashlib.sha256(text.encode()).hexdigest()
    return json.dumps(record, sort_keys=True, separators=(',', ':')).encode() + b'\n'


def test_records_are_chained_and_numbered(path: Path) -> None:
    with AuditLog(path, clock=lambda: 123) as log:
        first = log.append('intervention', operator='ana', kind='hold', share=0.5)
        second = log.append('trust', teacher='t1', values=np.array([1.0, 2.0]),
                            level=np.float32(0.5))
    assert first['seq'] == 0
    assert first['prev'] == '0' * 64
    assert second['prev'] == first['hash']
    assert first['body'] == {'operator': 'ana', 'kind': 'hold', 'share': 0.5}
    assert second['body'] == {'teacher': 't1', 'values': [1.0, 2.0], 'level': 0.5}
    assert second['stamp_ns'] == 123
    assert list(records(path)) == [first, second]
    line = path.read_bytes().splitlines(keepends=True)[0]
    assert forge(line) == line                        # the encoding is the documented one
    assert verify(path) == 2


def test_continues_over_runs(path: Path) -> None:
    for run in range(3):
        with AuditLog(path) as log:
            assert log.append('start', run=run)['seq'] == run
        assert verify(path) == run + 1


def test_an_empty_log_is_sound(path: Path) -> None:
    AuditLog(path).close()
    assert verify(path) == 0
    AuditLog(path).close()


@pytest.mark.parametrize(('tamper', 'text'), [
    (lambda x: [*x[:2], x[2].replace(b'play', b'task'), *x[3:]], r'record 2 \(line 3\) was edit'),
    (lambda x: [*x[:2], x[2].replace(b',', b', ', 1), *x[3:]], 'record 2 .* was edited'),
    (lambda x: [*x[:2], b'{"kind":"x",' + x[2][1:], *x[3:]], 'record 2 .* was edited'),
    (lambda x: [*x[:2], b'5\n', *x[3:]], 'record 2 .* was edited'),
    (lambda x: [*x[:2], b'\xff\n', *x[3:]], 'record 2 .* was edited'),
    (lambda x: [*x[:2], forge(x[2], body={}), *x[3:]], 'record 3 .* does not follow'),
    (lambda x: [*x[:5], forge(x[5], body={})], 'record 5 was edited: .* head file'),
    (lambda x: x[:2] + x[3:], 'record 2 .* carries number 3'),
    (lambda x: [*x[:2], x[3], x[2], *x[4:]], 'record 2 .* carries number 3'),
    (lambda x: x[1:], 'record 0 .* carries number 1'),
    (lambda x: [*x[:3], x[2], *x[3:]], 'record 3 .* carries number 2'),
    (lambda x: x[:5], 'record 5 is missing: the log was cut'),
    (lambda x: x[:3], 'record 3 is missing: the log was cut'),
    (lambda x: [*x[:5], x[5][:-1]], 'record 5 is missing: the log was cut'),
    (lambda x: [*x[:5], x[5][:20]], 'record 5 is missing: the log was cut'),
    (lambda x: [], 'record 0 is missing: the log was cut'),
    (lambda x: [*x[:2], b'\n', *x[2:]], 'record 2 .* was edited')])
def test_names_the_first_bad_record(path: Path, tamper: Tamper, text: str) -> None:
    path.write_bytes(b''.join(tamper(fill(path))))
    tampered = path.read_bytes()
    with pytest.raises(AuditError, match=text):
        verify(path)
    with pytest.raises(AuditError, match=text):
        AuditLog(path)
    assert path.read_bytes() == tampered              # evidence is not touched


def test_records_added_behind_the_head_are_found(path: Path) -> None:
    lines = fill(path)
    for _ in range(2):
        last = json.loads(lines[-1])
        lines.append(forge(lines[-1], seq=last['seq'] + 1, prev=last['hash']))
    path.write_bytes(b''.join(lines))
    with pytest.raises(AuditError, match='record 6 was never acknowledged'):
        verify(path)


def test_the_head_file_is_needed(path: Path) -> None:
    fill(path)
    head_of(path).write_text('{"seq":')
    with pytest.raises(AuditError, match='head file was edited'):
        verify(path)
    head_of(path).unlink()
    with pytest.raises(AuditError, match='head file was removed'):
        verify(path)


def test_a_missing_log_is_refused(path: Path) -> None:
    with pytest.raises(AuditError, match='No such file'):
        verify(path)
    fill(path)
    path.unlink()
    with pytest.raises(AuditError, match='record 0 is missing'):
        AuditLog(path)


@pytest.mark.parametrize('known', [0, 3])
def test_a_crash_between_log_and_head_is_lawful(path: Path, known: int) -> None:
    fill(path, known)
    before = head_of(path).read_bytes() if known else None
    with AuditLog(path) as log:
        log.append('mode', to='rest')
    if before is None:
        head_of(path).unlink()
    else:
        head_of(path).write_bytes(before)
    assert verify(path) == known + 1
    with AuditLog(path) as log:
        assert log.append('mode', to='play')['seq'] == known + 1
    assert verify(path) == known + 2


@pytest.mark.parametrize('kept', [1, 40, 90])
def test_a_torn_last_line_is_repaired_and_recorded(path: Path, kept: int) -> None:
    lines = fill(path)
    last = json.loads(lines[-1])
    torn = forge(lines[-1], seq=6, prev=last['hash'])[:kept]
    path.write_bytes(b''.join(lines) + torn)
    assert verify(path) == 6
    with AuditLog(path) as log:
        log.append('mode', to='rest')
    assert verify(path) == 8
    repair = list(records(path))[6]
    assert repair['kind'] == 'repair'
    assert repair['body']['removed_bytes'] == kept
    assert repair['body']['removed_text'] == torn.decode()
    assert path.read_bytes().startswith(b''.join(lines))


def test_a_longer_torn_line_leaves_no_rest(path: Path) -> None:
    fill(path)
    with open(path, 'ab') as file:
        file.write(b'x' * 5000)
    AuditLog(path).close()
    assert verify(path) == 7
    assert path.read_bytes().endswith(b'}\n')


def test_one_writer(path: Path) -> None:
    with AuditLog(path) as log:
        log.append('mode')
        with pytest.raises(AuditError, match='another process writes'):
            AuditLog(path)
        assert verify(path) == 1
    with pytest.raises(AuditError, match='closed'):
        log.append('mode')
    AuditLog(path).close()


@pytest.mark.parametrize('value', [float('nan'), float('inf'), np.float32('nan'), {1, 2},
                                   np.array([np.inf]), {'deep': [float('nan')]}, b'bytes'])
def test_refuses_what_is_not_finite_json(path: Path, value: object) -> None:
    with AuditLog(path) as log:
        with pytest.raises(AuditError, match="body of 'mode' is not JSON"):
            log.append('mode', value=value)
        assert log.append('mode', value=1.0)['seq'] == 0
    assert verify(path) == 1


def test_keys_that_json_reorders_verify(path: Path) -> None:
    with AuditLog(path) as log:
        log.append('mode', table={2: 'b', 10: 'a'}, text='\ud800 é\n')
    assert verify(path) == 1


def test_unwritable_place(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match='cannot write'):
        AuditLog(tmp_path / 'absent' / 'audit.jsonl')


@pytest.mark.parametrize('anew', [False, True])
def test_a_log_that_is_removed_while_it_is_written_takes_no_more(path: Path, anew: bool) -> None:
    with AuditLog(path) as log:
        log.append('mode', to='rest')
        path.unlink()
        head_of(path).unlink()
        if anew:    # another run in the same folder, whose head must not be touched
            fill(path, 3)
        with pytest.raises(AuditError, match='removed or replaced'):
            log.append('mode', to='play')
    assert head_of(path).exists() is anew
    if anew:
        assert verify(path) == 3


def test_a_full_disk_leaves_the_log_as_it_was(path: Path) -> None:
    before = b''.join(fill(path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with AuditLog(path) as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, hard))
        try:
            with pytest.raises(AuditError, match="cannot record 'mode': File too large"):
                log.append('mode', to='rest')
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == before
        assert log.append('mode', to='rest')['seq'] == 6
    assert verify(path) == 7


def test_a_failing_head_takes_the_record_back(path: Path) -> None:
    before = b''.join(fill(path))
    staged = path.with_name(path.name + '.head.new')
    with AuditLog(path) as log:
        staged.mkdir()
        with pytest.raises(AuditError, match='cannot record'):
            log.append('mode', to='rest')
        staged.rmdir()
        assert path.read_bytes() == before
        assert log.append('mode', to='rest')['seq'] == 6
    assert verify(path) == 7


def test_survives_kill_9(path: Path) -> None:
    code = textwrap.dedent("""
        import sys
        from abm_ros.core.audit import AuditLog
        log = AuditLog(sys.argv[1])
        while True:
            print(log.append('mode', padding='x' * 3000)['seq'], flush=True)
    """)
    for lines in (1, 7, 23, 60):
        child = subprocess.Popen([sys.executable, '-c', code, str(path)], text=True,
                                 stdout=subprocess.PIPE,
                                 env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
        assert child.stdout is not None
        for _ in range(lines):
            acknowledged = int(child.stdout.readline())
            assert verify(path) > acknowledged        # beside the writer
        os.kill(child.pid, signal.SIGKILL)
        rest = re.findall(r'(\d+)\n', child.stdout.read())
        child.wait()
        acknowledged = max([acknowledged, *map(int, rest)])
        assert verify(path) in (acknowledged + 1, acknowledged + 2)
