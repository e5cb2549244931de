"""`abm sim` from end to end, and what it says to bad input."""

import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from documents import ABM
from domains import new_domain

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')

from graph_harness import ROOT, end, start_script, wait_until

from abm_ros.cli.main import main

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]

KEYS = {'startup_s', 'control_steps', 'episodes', 'success_before', 'success_after',
        'model_error_before', 'model_error_after', 'modes', 'switches', 'sleeps',
        'transitions_recorded', 'commands', 'unsafe_commands'}
MODES = {'play', 'task', 'rest', 'sleep', 'imagine', 'freeze'}


def children(parent: int) -> list[int]:
    """Return the living child processes of a process, from /proc."""
    found = []
    for entry in Path('/proc').iterdir():
        if entry.name.isdigit():
            try:
                state, ppid = (entry / 'stat').read_text().rpartition(')')[2].split()[:2]
            except OSError:
                continue
            if int(ppid) == parent and state != 'Z':
                found.append(int(entry.name))
    return found


def of_domain(domain: int) -> list[int]:
    """Return the nodes' processes that live in a domain, from /proc."""
    found = []
    for entry in Path('/proc').iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                given = (entry / 'environ').read_bytes().split(b'\0')
                command = (entry / 'cmdline').read_bytes()
            except OSError:
                continue
            if f'ROS_DOMAIN_ID={domain}'.encode() in given and b'abm_ros' in command:
                found.append(int(entry.name))
    return found


class Abm:
    """One run of the command line in a domain of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.domain = new_domain()
        self.output, self.errors = folder / 'stdout.txt', folder / 'stderr.txt'
        with self.output.open('w') as out, self.errors.open('w') as err:
            self.process = start_script(self.domain, '-m', 'abm_ros.cli.main', *arguments,
                                        cwd=folder, stdout=out, stderr=err)

    def wait(self, seconds: float = 90.0) -> int:
        try:
            return self.process.wait(seconds)
        finally:
            end(self.process)

    def assert_gone(self) -> None:
        wait_until(lambda: not of_domain(self.domain),
                   lambda: f'no process left, there are {of_domain(self.domain)}')


def sim(folder: Path, *more: str) -> Abm:
    return Abm(folder, 'sim', '--headless', '--out', 'out', *more)


@pytest.fixture(scope='module')
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp('sim')
    abm = sim(folder, '--duration', '20', '--json', 'first.json', '--baseline-episodes', '3')
    code = abm.wait(120.0)
    assert code == 0, abm.errors.read_text()
    abm.assert_gone()
    return folder, json.loads((folder / 'first.json').read_text())


def test_the_report_is_complete_and_agrees_with_the_record(first):
    folder, report = first
    assert set(report) >= KEYS
    assert report['unsafe_commands'] == 0
    assert 0 < report['control_steps'] <= report['commands']
    assert report['modes'][0]['mode'] == 'task'
    assert {entry['mode'] for entry in report['modes']} <= MODES
    times = [entry['t_s'] for entry in report['modes']]
    assert times == sorted(times)
    assert report['switches'] == len(report['modes']) - 1
    assert report['sleeps'] == sum(entry['mode'] == 'sleep' for entry in report['modes'])
    with sqlite3.connect(folder / 'out' / 'memory.db') as db:
        lived = db.execute('SELECT SUM(transitions) FROM episodes').fetchone()[0]
    assert report['transitions_recorded'] == lived > 100
    assert {path.name for path in (folder / 'out').iterdir()} >= {
        'memory.db', 'audit.jsonl', 'phi.yaml', 'models', 'log'}


def test_the_audit_log_is_a_chain_that_names_every_mode(first):
    folder, report = first
    lines = [json.loads(line) for line in (folder / 'out' / 'audit.jsonl').open()]
    text = (folder / 'out' / 'audit.jsonl').read_text()
    for entry in report['modes']:
        assert f'"{entry["mode"]}"' in text
    assert len(lines) >= len(report['modes'])


# The others need a running graph, somebody else's files, or minutes.
QUICK = ('audit', 'report', 'memory')
OF_MODELS = ('plan', 'export')     # a busy machine may have none after twenty seconds


def test_what_the_documents_type_works_on_a_run(first, tmp_path, monkeypatch):
    pytest.importorskip('pyarrow')
    monkeypatch.chdir(tmp_path)
    out = first[0] / 'out'
    chosen = QUICK + OF_MODELS * (out / 'models' / 'system_b.abm').exists()
    words = [shlex.split(line)[1:] for line in ABM]
    typed = [line for line in words if line[0] in chosen and line[1] != 'import']
    assert len(typed) > 12
    for name in {word.split('/')[1] for line in typed for word in line if word.startswith('runs/')
                 and '.' not in word}:
        if not name.endswith('-dataset'):
            shutil.copytree(out, tmp_path / 'runs' / name)
    for line in typed:
        # The goal of `plan` need not be reached by a robot of twenty seconds.
        assert main(line) in ((0, 1) if line[0] == 'plan' else (0,)), line


def test_a_second_run_goes_on_from_the_first(first):
    folder, before = first
    assert (folder / 'out' / 'models' / 'system_a.abm').exists()
    abm = sim(folder, '--duration', '15', '--json', 'second.json', '--baseline-episodes', '2')
    assert abm.wait(120.0) == 0, abm.errors.read_text()
    report = json.loads((folder / 'second.json').read_text())
    with sqlite3.connect(folder / 'out' / 'memory.db') as db:
        lived = db.execute('SELECT SUM(transitions) FROM episodes').fetchone()[0]
        runs = db.execute('SELECT COUNT(*) FROM runs').fetchone()[0]
    assert lived == before['transitions_recorded'] + report['transitions_recorded']
    assert report['transitions_recorded'] > 50
    assert runs == 2
    # It acts on what it learned: an untrained model predicts no change and scores exactly 1.
    assert report['model_error_before'] not in (None, 1.0)
    assert report['unsafe_commands'] == 0


def test_a_body_with_a_camera_is_learned_from_and_no_part_is_lost(tmp_path):
    # A first round of 200 updates takes longer on a busy machine than a test may.
    (tmp_path / 'short.yaml').write_text(
        '/**:\n  system_a_learner: {ros__parameters: {first_updates: 10, updates: 10}}\n')
    abm = sim(tmp_path, '--body', 'bullet:reach:camera', '--pin', 'task', '--duration', '15',
              '--json', 'report.json', '--baseline-episodes', '1', '--params-file', 'short.yaml')
    assert abm.wait() == 0, abm.errors.read_text()
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['degraded'] == report['unsafe_commands'] == 0
    assert report['transitions_recorded'] > 100
    # Kept once a round is over, and that takes pictures.
    assert (tmp_path / 'out' / 'models' / 'system_a.abm').exists()


def test_ctrl_c_ends_everything(tmp_path):
    abm = sim(tmp_path, '--duration', '300')
    wait_until(lambda: 'all nodes active' in abm.errors.read_text(), 'the graph', 60.0)
    assert len(children(abm.process.pid)) == 9
    time.sleep(1.0)
    abm.process.send_signal(signal.SIGINT)
    abm.process.send_signal(signal.SIGINT)   # a terminal and a parent may both send it
    code = abm.wait(40.0)
    assert code == 130
    assert 'Traceback' not in abm.errors.read_text()
    abm.assert_gone()


def test_a_killed_command_leaves_no_node_behind(tmp_path):
    abm = sim(tmp_path, '--duration', '300')
    wait_until(lambda: 'all nodes active' in abm.errors.read_text(), 'the graph', 60.0)
    abm.process.kill()
    abm.process.wait(10.0)
    abm.assert_gone()


NO_LIMITS = """<robot name="x"><link name="a"/><link name="b"/>
<joint name="j" type="revolute"><parent link="a"/><child link="b"/><axis xyz="0 0 1"/></joint>
</robot>"""
WIRING = (ROOT / 'config' / 'wiring.yaml').read_text()
BAD = {
    'unknown mode': (('--wiring', 'w.yaml'), {'w.yaml': WIRING.replace('  sleep:', '  nap:')},
                     ('nap',)),
    'unknown node': (('--wiring', 'w.yaml'), {'w.yaml': WIRING.replace(
        'motor_gate: *motors_open}', 'motor_gate: *motors_open, cerebellum: *b_off}')},
        ('cerebellum',)),
    'unknown port': (('--wiring', 'w.yaml'), {'w.yaml': WIRING.replace(
        'action: action}', 'actoin: action}')}, ('actoin',)),
    'absent wiring': (('--wiring', 'none.yaml'), {}, ('none.yaml',)),
    'refused pin': (('--wiring', 'w.yaml', '--pin', 'observe'), {'w.yaml': WIRING.replace(
        '  observe:\n', '  observe:\n    refusal: not built yet\n')}, ('observe', 'not built')),
    'unknown pin': (('--pin', 'dance'), {}, ('dance',)),
    'phi with an unknown signal': (('--phi', 'p.yaml'), {
        'p.yaml': 'modes: {task: {bias: 1, weights: {joy: 1}}}'}, ('joy',)),
    'constraints against the safe mode': (('--constraints', 'c.yaml'), {
        'c.yaml': 'forbidden_modes: [freeze]'}, ('freeze',)),
    'URDF without limits': (('--urdf', 'x.urdf'), {'x.urdf': NO_LIMITS}, ('limit',)),
    'absent URDF': (('--urdf', 'none.urdf'), {}, ('none.urdf',)),
    'missing goal environment': (('--body', 'gym:DoesNotExist-v0'), {}, ('DoesNotExist-v0',)),
    'unknown body': (('--body', 'bullet:dance'), {}, ('dance',)),
    'negative seed': (('--seed', '-1'), {}, ('seed',)),
    'no duration': (('--duration', '0'), {}, ('duration',)),
    'endless duration': (('--duration', 'nan'), {}, ('duration',)),
    'parameter out of bounds': (('--params-file', 'b.yaml'), {
        'b.yaml': '/**:\n  ros__parameters: {deadman_s: -1.0}\n'}, ('deadman_s',)),
    'parameter of the wrong type': (('--params-file', 'b.yaml'), {
        'b.yaml': '/**:\n  ros__parameters: {deadman_s: soon}\n'}, ('deadman_s',)),
    'a parameter file that is not one': (('--params-file', 'b.yaml'), {
        'b.yaml': '- 1\n- 2\n'}, ('b.yaml',)),
    'absent parameter file': (('--params-file', 'none.yaml'), {}, ('none.yaml',)),
    'unknown log level': (('--log-level', 'loud'), {}, ('loud',)),
}


@pytest.mark.parametrize('what', BAD)
def test_bad_input_is_one_clear_line(tmp_path, what):
    arguments, files, words = BAD[what]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    abm = sim(tmp_path, '--duration', '20', *arguments)
    refused_in_one_line(abm, words)


def refused_in_one_line(abm, words):
    code = abm.wait(40.0)
    said = abm.errors.read_text()
    assert code not in (0, None), said
    errors = [line for line in said.splitlines() if 'error: ' in line]
    assert len(errors) == 1, said
    assert errors[0].startswith('error: ')
    for word in words:
        assert word in errors[0]
    assert 'Traceback' not in said
    assert 'all nodes active' not in said, 'half-started'
    abm.assert_gone()


@pytest.mark.parametrize('how', [(), ('--lock-step',)])
def test_an_environment_that_fails_ends_the_run_in_one_line(tmp_path, monkeypatch, how):
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([str(ROOT), str(ROOT / 'test')]))
    abm = sim(tmp_path, '--body', 'gym:odd_envs:Odd/Unstable-v0', '--duration', '60', *how)
    code = abm.wait(90.0)
    said = abm.errors.read_text()
    assert code == 1, said
    assert [line for line in said.splitlines() if 'error' in line.lower()] == [
        "error: gym_body: environment 'odd_envs:Odd/Unstable-v0': step raised RuntimeError: "
        'unstable simulation: bad qacc'], said
    abm.assert_gone()


def test_a_run_that_did_nothing_is_no_success(tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([str(ROOT), str(ROOT / 'test')]))
    abm = sim(tmp_path, '--body', 'gym:odd_envs:Odd/Hanging-v0', '--duration', '4')
    assert abm.wait(90.0) == 1
    told = abm.errors.read_text().splitlines()[-1]
    # A slow machine comes to see within these 4 s that the body is silent, and freezes.
    assert re.match('error: nothing was done in 4 s: 0 observations, no transition recorded, '
                    'modes: (task|freeze)', told)
    abm.assert_gone()


def test_a_busy_record_is_one_clear_line(tmp_path):
    (tmp_path / 'out').mkdir()
    holder = start_script(new_domain(), '-c', HOLD, str(tmp_path / 'out' / 'memory.db'),
                          stdout=-1)
    try:
        assert holder.stdout.readline() == 'held\n'
        refused_in_one_line(sim(tmp_path, '--duration', '20'), ('memory.db',))
    finally:
        end(holder)


HOLD = """
import sys, time
from pathlib import Path
from abm_ros.bench.common.life import life_in
from abm_ros.bodies.make import make_body
from abm_ros.memory.record.store import Store, StoreConfig
store = Store(Path(sys.argv[1]), life_in(make_body('bullet:reach')).spec, StoreConfig())
print('held', flush=True)
time.sleep(300)
"""
