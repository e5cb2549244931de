"""The audit log: every kind of tampering is named, and no crash is taken for one."""

import errno
import hashlib
import hmac
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

from abm_ros.common.errors import AuditError
from abm_ros.meta.audit.head import HeadFile
from abm_ros.meta.audit.log import AuditLog, examine, records, verify

Tamper = Callable[[list[bytes]], list[bytes]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'audit.jsonl'


def fill(path: Path, count: int = 6, key: bytes = b'') -> list[bytes]:
    with AuditLog(path, clock=lambda: 123, key=key) as log:
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
    (lambda x: [*x[:5], forge(x[5], body={})], 'record 5 was edited, or one before'),
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
    with pytest.raises(AuditError, match='record 6 was never announced'):
        verify(path)


def test_the_head_file_is_needed(path: Path) -> None:
    fill(path)
    head_of(path).unlink()
    for content in (path.read_bytes(), path.read_bytes().splitlines(True)[0], b''):
        path.write_bytes(content)
        for use in (verify, AuditLog):
            with pytest.raises(AuditError, match='head file was removed'):
                use(path)
    AuditLog(path.with_name('new')).close()           # a new log has a head from the start
    assert json.loads(head_of(path.with_name('new')).read_bytes())['seq'] == -1


@pytest.mark.parametrize('text', [
    b'{"seq":', b'', b'[' * 100_000, b'[1]', b'{"seq": Infinity, "hash": "a"}', b'\xff',
    b'{"hash": "%s", "seq": 5.0}' % (b'a' * 64), b'{"hash": "%s", "seq": true}' % (b'a' * 64),
    b'{"hash": "%s", "seq": %s}' % (b'a' * 64, b'9' * 5000), b'{"hash": 3, "seq": 5}',
    b'{"hash": "%s", "seq": 5, "next": 0}' % (b'a' * 64),
    '{{"hash": "{}", "seq": 5, "hmac": "é"}}'.format('a' * 64).encode()])
def test_a_damaged_head_is_told_in_one_line(path: Path, text: bytes) -> None:
    fill(path)
    head_of(path).write_bytes(text)
    for key in (b'', b'k' * 32):
        with pytest.raises(AuditError, match=r'head file was edited: [^\n]{1,200}$'):
            verify(path, key)


def test_a_missing_log_is_refused(path: Path) -> None:
    with pytest.raises(AuditError, match='No such file'):
        verify(path)
    fill(path)
    path.unlink()
    with pytest.raises(AuditError, match='record 0 is missing'):
        AuditLog(path)


def crash(path: Path, record: bytes, kept: int | None = None, key: bytes = b'') -> None:
    """Leave what a crash leaves that comes when a record was announced and, perhaps, written."""
    head = {**json.loads(head_of(path).read_bytes()), 'next': json.loads(record)['hash']}
    head.pop('hmac', None)
    if key:
        head['hmac'] = hmac.new(key, f'{head["seq"]}:{head["hash"]}:{head["next"]}'.encode(),
                                'sha256').hexdigest()
    head_of(path).write_text(json.dumps(head))
    with open(path, 'ab') as file:
        file.write(record[:kept])


def following(path: Path, **changes: object) -> bytes:
    line = path.read_bytes().splitlines(True)[-1]
    last = json.loads(line)
    return forge(line, **{'seq': last['seq'] + 1, 'prev': last['hash'], **changes})


@pytest.mark.parametrize('key', [b'', b'k' * 32])
def test_a_crash_before_the_acknowledgement_is_lawful(path: Path, key: bytes) -> None:
    fill(path, 3, key)
    crash(path, following(path), key=key)
    assert verify(path, key) == 4
    assert examine(path, key).crash == 'record 3 was announced, never acknowledged'
    with AuditLog(path, key=key) as log:
        assert log.append('mode', to='play')['seq'] == 4
    assert verify(path, key) == 5
    assert examine(path, key).crash == ''


@pytest.mark.parametrize('key', [b'', b'k' * 32])
def test_another_record_than_the_announced_one_is_forged(path: Path, key: bytes) -> None:
    fill(path, 3, key)
    announced, other = following(path), following(path, body={'action': 'release'})
    whole = path.read_bytes()
    for written, bad in (([other], 3), ([announced, forge(
            announced, seq=4, prev=json.loads(announced)['hash'])], 4)):
        path.write_bytes(whole)
        crash(path, announced, 0, key)
        path.write_bytes(whole + b''.join(written))
        with pytest.raises(AuditError, match=f'record {bad} was never announced'):
            verify(path, key)


@pytest.mark.parametrize('tail', [b'x', b'x' * 5000])
def test_bytes_added_to_a_finished_log_are_no_torn_record(path: Path, tail: bytes) -> None:
    fill(path)
    with open(path, 'ab') as file:
        file.write(tail)
    with pytest.raises(AuditError, match='record 6 was never announced'):
        verify(path)


@pytest.mark.parametrize('kept', [1, 40, 90])
def test_a_torn_last_line_is_repaired_and_recorded(path: Path, kept: int) -> None:
    lines = fill(path)
    torn = following(path)
    crash(path, torn, kept)
    assert verify(path) == 6
    assert examine(path).crash == 'record 6 is torn: it was announced, never acknowledged'
    with AuditLog(path) as log:
        log.append('mode', to='rest')
    assert verify(path) == 8
    repair = list(records(path))[6]
    assert repair['kind'] == 'repair'
    assert repair['body']['removed_bytes'] == kept
    assert repair['body']['removed_text'] == torn[:kept].decode()
    assert path.read_bytes().startswith(b''.join(lines))


def test_a_longer_torn_line_leaves_no_rest(path: Path) -> None:
    fill(path)
    crash(path, following(path, body={'text': 'x' * 5000}), 4900)
    AuditLog(path).close()
    assert verify(path) == 7
    assert path.read_bytes().endswith(b'}\n')


@pytest.mark.parametrize('key', [b'', b'k' * 32])
@pytest.mark.parametrize('more', [0, 1])
def test_a_log_of_an_older_version_opens(path: Path, key: bytes, more: int) -> None:
    """Its head told no next record; a crash could leave one record more than it knew."""
    known = json.loads(fill(path, 3, key)[-1])
    head = {'seq': 2, 'hash': known['hash']}
    if key:
        head['hmac'] = hmac.new(key, f'2:{known["hash"]}'.encode(), 'sha256').hexdigest()
    head_of(path).write_text(json.dumps(head, sort_keys=True, separators=(',', ':')) + '\n')
    path.write_bytes(path.read_bytes() + more * following(path))
    assert verify(path, key) == 3 + more
    AuditLog(path, key=key).close()
    assert json.loads(head_of(path).read_bytes())['next'] == ''
    assert verify(path, key) == 3 + more
    with open(path, 'ab') as file:
        file.write(following(path))
    with pytest.raises(AuditError, match=f'record {3 + more} was never announced'):
        verify(path, key)


@pytest.mark.parametrize('changes', [
    {'body': []}, {'body': 'x'}, {'stamp_ns': 'x'}, {'stamp_ns': 1.5}, {'stamp_ns': -1},
    {'stamp_ns': 10 ** 30}, {'stamp_ns': True}, {'kind': 5}, {'prev': 0}])
def test_a_record_of_other_types_is_named(path: Path, changes: dict[str, object]) -> None:
    fill(path)
    crash(path, following(path, **changes))
    with pytest.raises(AuditError, match=r'record 6 \(line 7\) was edited: its fields have not'):
        verify(path)


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


@pytest.mark.parametrize('fails', [1, 2])
def test_a_failing_head_takes_the_record_back(path: Path, fails: int, monkeypatch) -> None:
    """Both writes of the head may fail: the announcement and the acknowledgement."""
    before = b''.join(fill(path))
    real, left = HeadFile._write, [fails]

    def failing(self: HeadFile, head: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.EIO, 'Input/output error')
        real(self, head)

    with AuditLog(path) as log:
        monkeypatch.setattr(HeadFile, '_write', failing)
        with pytest.raises(AuditError, match='cannot record'):
            log.append('mode', to='rest')
        assert path.read_bytes() == before
        assert verify(path) == 6
        assert log.append('mode', to='rest')['seq'] == 6
    assert verify(path) == 7


_DIES = """
import os, signal, sys
from abm_ros.meta.audit.log import AuditLog
from abm_ros.meta.audit.head import HeadFile

def dies(call, number, after):
    # SIGKILL to ourselves at the given system call: before it, half done, or after it.
    def one(*args):
        left[0] -= 1
        if left[0] > 0:
            return call(*args)
        if after == 'half' and call is pwrite:
            call(args[0], args[1][:len(args[1]) // 2], args[2])
        elif after == 'after':
            call(*args)
        os.kill(os.getpid(), signal.SIGKILL)
    left = number
    return one

pwrite, path, said = os.pwrite, sys.argv[1], 0
for number in range(1, 60):
    for when in ('before', 'half', 'after'):
        pid = os.fork()
        if pid == 0:
            left = [number]
            for name in ('pwrite', 'fsync', 'fdatasync', 'ftruncate', 'open', 'link'):
                setattr(os, name, dies(getattr(os, name), left, when))
            log = AuditLog(path)
            for text in ('x', 'y' * 5000):
                os.write(1, b'%d\\n' % log.append('mode', to=text)['seq'])
            os._exit(0)
        killed = os.waitpid(pid, 0)[1] == signal.SIGKILL
        os.write(1, b'killed\\n' if killed else b'done\\n')
        sys.stdin.readline()
        if not killed:
            sys.exit()
"""


def test_kill_9_at_every_system_call_leaves_a_verifiable_log(path: Path) -> None:
    child = subprocess.Popen([sys.executable, '-c', _DIES, str(path)], text=True, bufsize=1,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    assert child.stdout is not None
    assert child.stdin is not None
    acknowledged, kills = -1, 0
    for word in child.stdout:
        if word.strip().isdigit():
            acknowledged = int(word)
            continue
        if path.exists():
            assert verify(path) in (acknowledged + 1, acknowledged + 2, acknowledged + 3)
            acknowledged = verify(path) - 1
        kills += word == 'killed\n'
        child.stdin.write('\n')
    assert child.wait() == 0
    assert kills > 30


def test_survives_kill_9(path: Path) -> None:
    code = textwrap.dedent("""
        import sys
        from abm_ros.meta.audit.log import AuditLog
        log = AuditLog(sys.argv[1])
        while True:
            print(log.append('mode', padding='x' * 3000)['seq'], flush=True)
    """)
    for lines in (1, 5):
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
