"""Reading the log back: reasons in words, decisions made again, forged ones found."""

import json
from pathlib import Path

import pytest

from abm_ros.cli.main import main
from abm_ros.common.errors import AuditError
from abm_ros.meta.audit.head import load_key
from abm_ros.meta.audit.log import AuditLog, verify
from abm_ros.meta.audit.trail import (
    OperatorOverrides,
    check,
    differences,
    explain,
    find,
    record_text,
    standing_overrides,
)
from abm_ros.meta.decision import Situation, choose, table_hash, to_record
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.phi import PolicyState, load_phi

TEXT = (Path(__file__).resolve().parents[3] / 'config' / 'phi.yaml').read_text()
PHI = load_phi(TEXT)
KEY = b'0123456789abcdef0123456789abcdef'


def life(path: Path, key: bytes = b'', **forged) -> Path:
    """Write a short life: a start, three decisions, an intervention."""
    with AuditLog(path, key=key) as log:
        log.append('start', incarnation='one', phi=table_hash(TEXT), phi_text=TEXT,
                   constraints_text='')
        state = PolicyState('task', 0.0)
        for now_s, signals in ((20.0, {'prediction_error': 1.0, 'uncertainty': 1.0}),
                               (21.0, {'pain': 0.9}), (40.0, {'pain': 0.0, 'competence': 0.9})):
            situation = Situation(signals, state, now_s, tuple(DESIGN), 'freeze',
                                  {'observe': 'not built'})
            decision = choose(situation, PHI)
            state = decision.state
            body = to_record(situation, decision, table_hash(TEXT))
            log.append('mode', **{**body, **(forged if now_s == 40.0 else {})})
        log.append('intervention', action='hold')
    return path


def test_every_decision_recomputes_to_the_same_answer(tmp_path) -> None:
    verdict = check(life(tmp_path / 'audit.jsonl'))
    assert (verdict.records, verdict.decisions, verdict.older) == (5, 3, 0)


@pytest.mark.parametrize(('forged', 'says'), [
    ({'mode': 'play'}, 'record 3 differs from what phi decides: mode'),
    ({'reason': 'because'}, 'record 3 .* reason'),
    ({'drives': {'task': 9.0}}, 'record 3 .* drives'),
    ({'phi': 'f' * 64}, 'record 3: the log holds no phi')])
def test_a_decision_that_phi_did_not_make_is_found(tmp_path, forged, says) -> None:
    with pytest.raises(AuditError, match=says):
        check(life(tmp_path / 'audit.jsonl', **forged))


def test_an_explanation_says_in_words_what_made_the_decision(tmp_path) -> None:
    path = life(tmp_path / 'audit.jsonl')
    curious = '\n'.join(explain(find(path, 1)))
    assert 'task -> play' in curious
    assert 'prediction_error 1.000' in curious
    assert 'observe: not built' in curious
    assert 'the same decision' in curious
    hurt = '\n'.join(explain(find(path, 2)))
    assert 'pain above 0.5' in hurt
    assert 'hard override' in hurt
    assert explain(find(path, 4)) == [explain(find(path, 4))[0]]
    with pytest.raises(AuditError, match='no record 9; the last'):
        find(path, 9)


def test_the_text_of_phi_must_fit_its_hash(tmp_path) -> None:
    path = tmp_path / 'audit.jsonl'
    with AuditLog(path) as log:
        log.append('start', phi=table_hash(TEXT), phi_text=TEXT + ' ')
    with pytest.raises(AuditError, match='record 0: the text of phi'):
        check(path)


def test_decisions_of_an_older_format_are_counted_apart(tmp_path) -> None:
    path = tmp_path / 'audit.jsonl'
    with AuditLog(path) as log:
        log.append('mode', before='task', mode='play', reason='x', signals={}, drives={})
    assert check(path).older == 1
    assert 'cannot be recomputed' in explain(find(path, 0))[-1]
    assert find(path, 0).phi is None
    with pytest.raises(AuditError, match='no phi'):
        differences(find(path, 0))


def test_with_a_key_a_log_rewritten_whole_is_found(tmp_path) -> None:
    path = life(tmp_path / 'audit.jsonl', KEY)
    assert verify(path, KEY) == verify(path) == 5
    for file in (path, path.with_name('audit.jsonl.head')):
        file.unlink()
    life(path, b'another key, as long as it must be')
    assert verify(path) == 5
    with pytest.raises(AuditError, match='not signed with this key'):
        verify(path, KEY)
    with pytest.raises(AuditError, match='not signed with this key'):
        AuditLog(path, key=KEY)


def test_two_logs_merged_are_found(tmp_path) -> None:
    first, second = life(tmp_path / 'a'), life(tmp_path / 'b')
    lines = first.read_bytes().splitlines(True)
    other = second.read_bytes().splitlines(True)
    first.write_bytes(b''.join([*lines[:2], *other[2:]]))
    with pytest.raises(AuditError, match=r'record 2 .* does not follow'):
        verify(first)


def test_keys_are_files_with_enough_bytes(tmp_path) -> None:
    assert load_key('') == b''
    (tmp_path / 'key').write_bytes(KEY + b'\n')
    assert load_key(str(tmp_path / 'key')) == KEY
    (tmp_path / 'short').write_bytes(b'1234')
    for name, says in (('short', 'too short'), ('absent', 'No such file')):
        with pytest.raises(AuditError, match=says):
            load_key(str(tmp_path / name))


def test_the_command_line_shows_explains_verifies_and_exports(tmp_path, capsys) -> None:
    life(tmp_path / 'audit.jsonl')
    run = ['--out', str(tmp_path)]
    assert main(['audit', 'show', '--kind', 'mode', '--last', '2', *run]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 2
    assert 'play -> freeze' in shown[0]
    assert main(['audit', 'explain', '1', *run]) == 0
    assert 'Recomputed' in capsys.readouterr().out
    assert main(['audit', 'verify', *run]) == 0
    assert '3 decisions recomputed' in capsys.readouterr().out
    for name, count in (('out.jsonl', 5), ('out.csv', 6)):
        assert main(['audit', 'export', str(tmp_path / name), *run]) == 0
        assert len((tmp_path / name).read_text().splitlines()) == count
    assert json.loads((tmp_path / 'out.jsonl').read_text().splitlines()[4])['seq'] == 4
    assert main(['audit', 'export', str(tmp_path / 'out.txt'), *run]) == 2
    assert main(['audit', 'verify', '--out', str(tmp_path / 'none')]) == 2


@pytest.mark.parametrize('older', [None, 'an older export'])
def test_a_broken_log_leaves_no_half_of_an_export(tmp_path, older, capsys) -> None:
    path, target = life(tmp_path / 'audit.jsonl'), tmp_path / 'out.csv'
    path.write_bytes(path.read_bytes().replace(b'"hold"', b'"held"'))
    if older:
        target.write_text(older)
    before = sorted(tmp_path.iterdir())
    assert main(['audit', 'export', str(target), '--out', str(tmp_path)]) == 2
    assert 'record 4 (line 5) was edited' in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
    assert not older or target.read_text() == older
    assert main(['audit', 'export', '/dev/null/x.csv', '--out', str(tmp_path)]) == 2
    assert 'cannot be written' in capsys.readouterr().err


def test_the_command_line_tells_a_crash_from_a_forgery(tmp_path, capsys) -> None:
    path = life(tmp_path / 'audit.jsonl')
    with AuditLog(path) as log:
        log._head_file.acknowledge = lambda head: None
        log.append('stop', mode='task')     # as if the process ended before the acknowledgement
    assert main(['audit', 'verify', '--out', str(tmp_path)]) == 0
    assert 'record 5 was announced, never acknowledged: the writer crash' in (
        capsys.readouterr().out)


def test_records_of_a_sound_chain_without_their_fields_are_shown(tmp_path, capsys) -> None:
    path = tmp_path / 'audit.jsonl'
    with AuditLog(path, clock=lambda: 2 ** 63 - 1) as log:
        for kind in ('start', 'stop', 'mode', 'modulate', 'degrade', 'repaired', 'refused', '?'):
            log.append(kind)
    assert main(['audit', 'show', '--out', str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 8


def test_the_command_line_names_a_forged_decision(tmp_path, capsys) -> None:
    life(tmp_path / 'audit.jsonl', mode='play')
    assert main(['audit', 'explain', '3', '--out', str(tmp_path)]) == 1
    assert 'NOT the same' in capsys.readouterr().out
    assert main(['audit', 'verify', '--out', str(tmp_path)]) == 2
    assert 'record 3' in capsys.readouterr().err


@pytest.mark.parametrize(('words', 'held'), [
    ('', False), ('hold', True), ('hold release', False), ('hold@gate', True),
    ('hold@gate release@gate', False), ('hold hold@gate release@gate', True),
    ('hold@gate release', False), ('hold release hold', True)])
def test_a_hold_stands_until_the_operator_releases_it(tmp_path, words, held) -> None:
    path = tmp_path / 'audit.jsonl'
    with AuditLog(path) as log:
        log.append('start', incarnation='one')
        for word in words.split():
            action, _, place = word.partition('@')
            log.append('intervention', action=action, **({'at': 'motor_gate'} if place else {}))
            log.append('intervention', pin_mode='play', veto_modes=[])
        log.append('stop', mode='task')
    assert standing_overrides(path, {'pin_mode': '', 'veto_modes': []}).held is held


FREE, TASK = ('', []), ('task', [])


@pytest.mark.parametrize(('history', 'now', 'stands'), [
    ([], TASK, TASK),
    ([TASK], TASK, TASK),
    ([TASK, ('ask', 'rest', ['play'])], TASK, ('rest', ['play'])),
    # A restart with the first settings takes nothing back, however often.
    ([TASK, ('ask', 'rest', []), TASK, TASK], TASK, ('rest', [])),
    ([TASK, ('ask', '', []), TASK], TASK, FREE),
    ([FREE, ('ask', '', ['play']), FREE, ('ask', '', [])], FREE, FREE),
    # Other settings at a start are the operator's newest word; what they leave stays asked.
    ([FREE, ('ask', 'rest', ['play'])], TASK, ('task', ['play'])),
    ([FREE, ('ask', 'rest', ['play']), TASK], TASK, ('task', ['play'])),
    ([FREE, ('ask', 'rest', []), TASK, ('ask', 'play', [])], TASK, ('play', [])),
    # Starts of before settings were kept say nothing.
    ([None, ('ask', 'rest', ['play'])], FREE, ('rest', ['play'])),
], ids=range(10))
def test_pins_and_vetoes_stand_until_they_are_changed(tmp_path, history, now, stands) -> None:
    def named(words):
        return dict(zip(('pin_mode', 'veto_modes'), words, strict=True))

    path = tmp_path / 'audit.jsonl'
    AuditLog(path).close()
    for words in history:
        told = standing_overrides(path, named(words if words and words[0] != 'ask' else FREE))
        with AuditLog(path) as log:
            if words is None:
                log.append('start', incarnation='old')
            elif words[0] == 'ask':
                log.append('intervention', **named(words[1:]))
                log.append('intervention', action='release')
            else:     # as System M writes it: what it was given, and what is in force
                log.append('start', launched=named(words), pin_mode=told.pin_mode,
                           veto_modes=list(told.veto_modes))
    assert standing_overrides(path, named(now)) == OperatorOverrides(
        False, stands[0], tuple(stands[1]))


@pytest.mark.parametrize(('body', 'says'), [
    ({'pin_mode': '', 'veto_modes': ['play', 'rest']}, 'pinned: nothing; vetoed: play, rest'),
    ({'pin_mode': 'task', 'veto_modes': []}, 'pinned: task; vetoed: nothing'),
    ({'action': 'hold', 'at': 'motor_gate'}, 'action hold, at motor_gate')])
def test_an_intervention_is_said_in_words(body, says) -> None:
    assert record_text({'kind': 'intervention', 'body': body}) == says
