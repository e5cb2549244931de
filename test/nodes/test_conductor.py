"""The conductor: on the record before the effect, and no effect without a record."""

import itertools
import json
import re
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')

from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.telemetry import (
    KINDS,
    EpisodicMemoryTelemetry,
    MotorGateTelemetry,
    SensoryGateTelemetry,
    SystemATelemetry,
    SystemBTelemetry,
)
from abm_ros.common.telemetry_fields import Telemetry
from abm_ros.meta.audit.log import AuditLog, records
from abm_ros.meta.audit.trail import check, standing_overrides
from abm_ros.meta.body_watch import BodyWatch
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.health import Health
from abm_ros.meta.meta_control import MetaControl, SystemMConfig, operator_overrides
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.phi import Modulation, load_phi
from abm_ros.meta.wiring import NodeRow, Row, Wiring
from abm_ros.nodes.effectors.announcer import Announcer
from abm_ros.nodes.effectors.audit_writer import AuditWriter
from abm_ros.nodes.effectors.conductor import Conductor
from abm_ros.nodes.effectors.gate_control import GateControl
from abm_ros.nodes.effectors.mode_settings import with_settings
from abm_ros.ros.ports import read_wiring

SHUT = {'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze'}
ROW = {name: NodeRow(True, {}, {}) for name in names.WIRED_NODES}
WIRING = Wiring([Row(mode, roles, mode not in SHUT, True,
                     {**ROW, 'motor_gate': NodeRow(mode not in SHUT, {}, {})},
                     'not built' if mode in {'observe', 'imitate'} else '')
                 for mode, roles in DESIGN.items()])
PHI = (Path(__file__).resolve().parents[2] / 'config' / 'phi.yaml').read_text()


class Silent:
    """A logger and a rewirer that does as it is told, and remembers the rows."""

    def __init__(self) -> None:
        self.rows, self.modulated = [], []
        self.waits, self.trouble = False, ''
        self.forgotten: list[str] = []
        self.asked: list[str] = []

    def info(self, *_, **__) -> None: ...
    def error(self, *_, **__) -> None: ...
    def wait_ready(self, *_) -> None: ...
    def forget(self, node) -> None: self.forgotten.append(node)
    def shut_gate(self) -> bool: return True
    def warning(self, *_, **__) -> None: ...
    def restart(self, node) -> None: self.asked.append(node)

    def check(self) -> None:
        if trouble := self.trouble:
            self.trouble, self.waits = '', False
            raise GraphError(trouble)

    def apply(self, rows):
        self.rows.append(rows)
        return SimpleNamespace(gate_shut_s=0.0, full_s=0.0)

    def modulate(self, node, changes) -> None:
        self.modulated.append((node, changes))


class Bench:
    """A conductor over a fake graph, with time in our hands."""

    def __init__(self, folder: Path, constraints: str = '', *told: Telemetry) -> None:
        self.path, self.graph, self.now_s = folder / 'audit.jsonl', Silent(), 0.0
        self.control = MetaControl(SystemMConfig(), load_phi(PHI), WIRING,
                                   load_constraints(constraints, WIRING.modes))
        self.audit, gate = AuditLog(self.path), GateControl()
        self.records: list[dict] = []
        self.decisions: list[dict] = []
        writer = AuditWriter(self.audit, gate, self.records.append)
        asked = operator_overrides(self.control.config)
        writer.start('one', {'phi': PHI, 'constraints': constraints}, asked, asked)
        self.reports: list[tuple[float, str]] = []
        self.announced: list[str] = []
        self.conductor = Conductor(
            self.control, self.graph, gate, writer,
            Announcer(self.announced.append, lambda text: self.reports.append((self.now_s, text)),
                      lambda text: self.decisions.append(json.loads(text))),
            self.graph, BodyWatch(lambda topic: f'who offers {topic}', 2.0), 'one')
        self.told = {node: KINDS[node](state='active') for node in names.WIRED_NODES}
        self.tells(*told)
        self.incarnations = dict.fromkeys(names.WIRED_NODES, 'a')
        self.conductor.bring_up(1.0, threading.Event(), self.listen)

    def tells(self, *told: Telemetry) -> None:
        """Let nodes tell this from now on."""
        self.told |= {one.node: one for one in told}

    def turn(self, seconds: float = 10.0) -> str:
        self.now_s += seconds
        self.conductor.turn(self.listen(), self.now_s)
        return self.conductor.mode

    def listen(self) -> Health:
        health = Health(names.WIRED_NODES, 2.0)
        for node, told in self.told.items():
            health.take(replace(told, incarnation=self.incarnations[node]), self.now_s)
        return health

    def kinds(self) -> list[str]:
        return [record['kind'] for record in records(self.path)]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Let no time pass but ours; waiting for a body is one look."""
    monkeypatch.setattr('abm_ros.nodes.effectors.conductor.time',
                        SimpleNamespace(monotonic=lambda: 0.0))
    monkeypatch.setattr('abm_ros.nodes.effectors.conductor._BODY_S', -1.0)


def test_a_life_is_on_the_record_and_recomputes(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'     # nothing is known yet
    bench.tells(SystemATelemetry(uncertainty=0.05, prediction_error=0.1),
                EpisodicMemoryTelemetry(novelty=0.1))
    assert [bench.turn() for _ in range(30)][-1] == 'task'
    bench.conductor.close()
    assert bench.kinds()[:3] == ['start', 'mode', 'mode']
    assert check(bench.path).decisions >= 3


def test_what_a_rule_refuses_is_logged_once_with_the_rule(tmp_path) -> None:
    bench = Bench(tmp_path, 'forbidden_modes: [play]')
    assert [bench.turn() for _ in range(4)] == ['task'] * 4
    found = [r['body'] for r in records(bench.path) if r['kind'] == 'refused']
    assert [(f['wanted'], f['rule']) for f in found] == [('play', 'forbidden_modes: play')]


def test_a_tripped_guard_is_logged_when_it_begins_and_when_it_ends(tmp_path) -> None:
    bench = Bench(tmp_path)
    for ratio in [1.9] * 100 + [0.0] * 300:
        bench.tells(SensoryGateTelemetry(effort_ratio=ratio))
        bench.turn(1.0)
    found = [r['body']['what'] for r in records(bench.path) if r['kind'] == 'guard']
    assert 'rest is forced' in found[0]
    assert found[1] == 'over'


def test_a_hold_at_the_gate_freezes_is_logged_and_outlives_the_gate(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.turn()
    bench.tells(MotorGateTelemetry(held=1.0))
    assert bench.turn(0.1) == 'freeze'
    assert not bench.conductor.gate.is_open
    bench.tells(MotorGateTelemetry(held=0.0))
    bench.incarnations['motor_gate'] = 'b'
    assert bench.turn(0.1) == 'freeze'
    assert bench.control.held
    bench.conductor.interventions.release()
    assert bench.turn(0.1) != 'freeze'
    assert bench.kinds().count('intervention') == 3


def test_a_repair_is_on_the_record_before_it_rewires_and_once_a_fault(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.turn()
    bench.incarnations['system_a'] = 'b'
    assert bench.turn(0.1) == 'freeze'
    apply, written = bench.graph.apply, []

    def failing(rows):
        written.append(bench.kinds())
        if len(written) < 3:
            raise GraphError('system_a does not answer')
        return apply(rows)

    bench.graph.apply = failing
    for _ in range(3):
        bench.turn(0.1)
    assert [kinds[-1] for kinds in written[:3]] == ['repairing'] * 3
    assert bench.kinds().count('repairing') == bench.kinds().count('repaired') == 1
    assert not bench.conductor.faults.fault


def test_without_a_record_nothing_opens_and_a_hold_still_holds(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.turn()
    bench.audit.close()
    with pytest.raises(GraphError, match='audit log cannot be written'):
        bench.conductor.interventions.hold()
    assert bench.control.held
    assert not bench.conductor.gate.is_open
    with pytest.raises(GraphError, match='audit log cannot be written'):
        bench.conductor.interventions.override(SystemMConfig(veto_modes=('play',)))
    assert bench.control.config.veto_modes == ()
    rows = len(bench.graph.rows)
    with pytest.raises(GraphError, match='audit log cannot be written'):
        bench.turn()
    assert len(bench.graph.rows) == rows


def test_the_motion_envelope_and_replays_preference_reach_their_nodes(tmp_path) -> None:
    bench = Bench(tmp_path, 'speed_limit: 0.25')
    row = bench.graph.rows[-1]
    assert row['motor_gate'].params['speed_limit'] == 0.25
    assert row['system_a_learner'].params['pick'] == row['system_b_learner'].params['pick']


@pytest.mark.parametrize(('mode', 'seen', 'done'), [
    ('task', {'system_a', 'episodic_memory'}, {'system_a', 'episodic_memory'}),
    ('rest', {'system_a'}, {''}),
    ('freeze', {'system_a', 'episodic_memory'}, {''}),
    ('sleep', {''}, {''})])
def test_the_gates_are_told_who_reads_what_they_write(mode, seen, done) -> None:
    text = (Path(__file__).resolve().parents[2] / 'config' / 'wiring.yaml').read_text()
    row = read_wiring(text)[mode]
    rows = with_settings(row, Modulation(1.0, 1.0), 'one', 1.0)
    assert set(rows['sensory_gate'].params['readers']) == seen
    assert set(rows['motor_gate'].params['readers']) == done


@pytest.mark.parametrize(('mode', 'upkeep'), [
    ('play', False), ('rest', True), ('sleep', True), ('freeze', False)])
def test_memory_is_told_the_mode_and_whether_to_do_its_upkeep(mode, upkeep) -> None:
    told = with_settings(WIRING[mode], Modulation(1.0, 1.0), 'one', 1.0)['episodic_memory'].params
    assert (told['mode'], told['upkeep']) == (mode, upkeep)


def test_modulation_follows_stress_but_not_at_every_tick(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    for _ in range(40):
        bench.tells(SensoryGateTelemetry(effort_ratio=0.9))
        bench.turn(0.1)
    assert 0 < bench.kinds().count('modulate') <= 2
    changes = [c for node, c in bench.graph.modulated if node == 'system_b']
    assert changes[-1]['exploration'] < 0.4


def claimed(report: str) -> float:
    return float(re.search(r'at least (\d\.\d+)', report)[1])


def test_what_the_robot_says_of_itself_follows_what_is_measured(tmp_path) -> None:
    """No mode changes here: an old claim must not stand on its topic."""
    bench = Bench(tmp_path, 'forbidden_modes: [play, sleep]')
    for episode in range(60):
        bench.tells(SystemBTelemetry(episodes=episode, successes=episode))
        bench.turn(1.0)
    assert claimed(bench.reports[-1][1]) > 0.7
    switches = bench.kinds().count('mode')
    for episode in range(60, 160):
        bench.tells(SystemBTelemetry(episodes=episode, successes=59))
        bench.turn(1.0)
    assert bench.kinds().count('mode') == switches
    assert claimed(bench.reports[-1][1]) < 0.1


def test_the_report_is_told_with_the_mode_and_then_once_a_second(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.turn(20.0)
    for tick in range(60):
        bench.tells(SensoryGateTelemetry(energy=1.0 - 0.01 * tick))     # a new text each time
        assert bench.turn(0.1) == 'play'
    at = [when for when, _ in bench.reports if when > 20.05]
    assert 5 <= len(at) <= 6
    assert all(after - before >= 1.0 for before, after in itertools.pairwise(at))
    bench.tells(SensoryGateTelemetry(effort_peak=2.0))
    assert bench.turn(0.1) == 'freeze'
    assert bench.reports[-1][1].startswith('Mode freeze: override: pain above 0.5.')
    bench.conductor.interventions.hold()
    bench.turn(1.1)
    assert bench.reports[-1][1].startswith('Mode freeze: operator holds.')


def test_no_modulation_is_sent_while_one_is_not_answered_and_none_is_lost(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.turn()
    sent = len(bench.graph.modulated)
    bench.tells(SensoryGateTelemetry(effort_ratio=0.9))
    bench.graph.waits = True
    for _ in range(40):
        bench.turn(0.1)
    assert len(bench.graph.modulated) == sent
    bench.graph.waits = False
    bench.turn(0.1)
    assert len(bench.graph.modulated) > sent


def test_a_modulation_that_failed_freezes_the_graph(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.turn()
    assert bench.conductor.gate.is_open
    bench.graph.trouble = 'system_b does not answer set_parameters'
    assert bench.turn(0.1) == 'freeze'
    assert not bench.conductor.gate.is_open
    assert bench.kinds()[-2:] == ['rewire_failed', 'degrade']


def test_a_mode_is_announced_once_it_is_entered_and_a_failure_as_the_safe_mode(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.announced == ['task', 'task']     # before and after bring-up
    apply, seen = bench.graph.apply, []
    bench.graph.apply = lambda rows: (seen.append(bench.announced[-1]), apply(rows))[1]
    assert bench.turn() == 'play'
    assert (seen, bench.announced[-1]) == (['task'], 'play')

    def failing(_):
        raise GraphError('system_a does not follow')

    bench.graph.apply = failing
    bench.conductor.gate.close()                   # so that play must be entered anew
    assert bench.turn(0.1) == 'freeze'
    assert bench.announced[-1] == 'freeze'
    assert bench.reports[-1][1] == 'Degraded to freeze: system_a does not follow.'
    assert bench.kinds()[-3:] == ['mode', 'rewire_failed', 'degrade']
    assert not bench.conductor.gate.is_open


def test_who_shuts_the_motors_while_a_mode_is_entered_has_the_last_word(tmp_path) -> None:
    """Another thread may: the executor's, on a deactivation or a record that cannot be written."""
    bench = Bench(tmp_path)
    apply = bench.graph.apply

    def meanwhile(rows):
        bench.conductor.gate.close()
        return apply(rows)

    bench.graph.apply = meanwhile
    assert bench.turn(20.0) == 'play'
    assert not bench.conductor.gate.is_open
    bench.graph.apply = apply
    bench.turn(0.1)
    assert bench.conductor.gate.is_open, 'the mode was entered anew'
    bench.graph.apply = lambda rows: (bench.conductor.interventions.hold(), apply(rows))[1]
    bench.conductor.gate.close()
    bench.turn(0.1)
    assert not bench.conductor.gate.is_open
    bench.conductor.interventions.release()
    assert not bench.conductor.gate.is_open, 'not before a mode is entered'


def test_a_gate_that_shut_by_itself_is_noted_and_told_again(tmp_path) -> None:
    """A stranger's heartbeat or a fault of its own: it waits until it is armed anew."""
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    rows = len(bench.graph.rows)
    bench.tells(MotorGateTelemetry(
        open=0, held=0, tripped=1, shut='System M changed from incarnation one to two'))
    for _ in range(10):
        bench.turn(0.1)
    assert len(bench.graph.rows) == rows, 'a second is waited'
    for _ in range(3):
        bench.turn(0.1)
    assert len(bench.graph.rows) == rows + 1
    assert 'motor_gate' in bench.graph.forgotten, 'its state and settings are not what they were'
    found = [r['body'] for r in records(bench.path) if r['kind'] == 'gate_shut']
    assert found == [{'mode': 'play', 'reason': 'System M changed from incarnation one to two'}]
    assert bench.conductor.gate.is_open
    assert bench.kinds()[-2:] == ['gate_shut', 'mode']
    bench.conductor.close()
    assert check(bench.path).decisions == bench.kinds().count('mode')


@pytest.mark.parametrize('gate', [
    MotorGateTelemetry(open=1, tripped=0), MotorGateTelemetry(open=0, tripped=0),
    MotorGateTelemetry()])
def test_a_gate_that_only_waits_for_actions_is_left_alone(tmp_path, gate) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    bench.tells(gate)
    rows = len(bench.graph.rows)
    for _ in range(50):
        bench.turn(0.1)
    assert len(bench.graph.rows) == rows


def test_a_gate_that_is_meant_to_be_shut_is_left_alone(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.conductor.interventions.hold()
    assert bench.turn() == 'freeze'
    bench.tells(MotorGateTelemetry(open=0, tripped=1))
    rows = len(bench.graph.rows)
    for _ in range(50):
        bench.turn(0.1)
    assert len(bench.graph.rows) == rows


NO_BODY = MotorGateTelemetry(state='inactive', silent='/joint_states')
BODY = MotorGateTelemetry(state='active')


def test_nothing_acts_before_the_body_was_heard(tmp_path) -> None:
    bench = Bench(tmp_path, '', NO_BODY)
    assert [bench.turn(1.0) for _ in range(5)] == ['freeze'] * 5
    assert not bench.conductor.gate.is_open
    assert bench.conductor.faults.fault == (
        'no body: nothing usable on /joint_states (who offers /joint_states)')
    assert bench.conductor.faults.waits_for_others
    assert bench.kinds().count('degrade') == 1
    assert 'repairing' not in bench.kinds()
    bench.tells(BODY)
    assert bench.turn(0.1) == 'task', 'the initial mode, as at any bring-up'
    assert bench.conductor.gate.is_open
    bench.conductor.close()
    assert check(bench.path).decisions == bench.kinds().count('mode')


def test_a_body_that_falls_silent_freezes_the_graph_until_it_is_heard_again(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    bench.tells(replace(BODY, silent='/joint_states'))
    assert [bench.turn(0.5) for _ in range(4)] == ['play'] * 4, 'the gate is shut meanwhile'
    assert bench.turn(0.5) == 'freeze'
    bench.tells(replace(BODY, state='inactive', silent='/joint_states'))
    assert [bench.turn(1.0) for _ in range(5)] == ['freeze'] * 5
    assert bench.kinds().count('degrade') == 1
    bench.tells(BODY)
    assert bench.turn(1.0) != 'freeze'
    assert bench.kinds().count('repaired') == 1


@pytest.mark.parametrize('state', ['inactive', 'unconfigured'])
def test_a_node_that_another_hand_changed_is_put_right_and_told(tmp_path, state) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    bench.tells(SystemBTelemetry(state=state))
    assert bench.turn(0.3) == 'play', 'it may have been told before the node was wired'
    assert bench.turn(0.3) == 'freeze'
    assert bench.reports[-1][1].startswith('Mode freeze: fault: system_b is ' + state)
    bench.tells(SystemBTelemetry(state='active'))
    assert bench.turn(0.3) == 'play'
    [fault] = [r['body']['fault'] for r in records(bench.path) if r['kind'] == 'degrade']
    assert fault == (f'system_b is {state}, not active as mode play needs it: System M did not do '
                     'that')
    assert bench.conductor.faults.news(bench.now_s) == f'repaired after: {fault}'
    assert bench.conductor.faults.news(bench.now_s + 10.0) == ''


def test_a_finalized_node_is_asked_once_to_restart_and_not_to_start(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    rows = len(bench.graph.rows)
    bench.tells(SystemATelemetry(state='finalized'))
    assert [bench.turn(0.3) for _ in range(20)] == ['freeze'] * 20
    assert bench.graph.asked == ['system_a']
    assert len(bench.graph.rows) == rows + 1, 'freeze was wired, and nothing was asked of it since'
    assert bench.kinds().count('degrade') == 1
    bench.tells(SystemATelemetry(state='unconfigured'))
    bench.incarnations['system_a'] = 'b'
    bench.turn(0.3)
    bench.tells(SystemATelemetry(state='active'))
    assert bench.turn(0.3) == 'play'


def test_a_motor_gate_that_somebody_deactivates_is_a_hold_until_released(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    bench.tells(MotorGateTelemetry(state='inactive'))
    bench.turn(0.2)
    assert [bench.turn(0.2) for _ in range(10)] == ['freeze'] * 10
    assert not bench.conductor.gate.is_open
    found = [r['body'] for r in records(bench.path) if r['kind'] == 'intervention']
    assert [(f['action'], f['by']) for f in found] == [('hold', 'the motor gate was deactivated')]
    assert 'degrade' not in bench.kinds(), "it is the operator's word, and no fault"
    asked = operator_overrides(bench.control.config)
    assert standing_overrides(bench.path, asked).held, 'a restart of System M does not end it'
    bench.conductor.interventions.release()
    assert bench.turn(0.2) == 'play'
    bench.tells(BODY)
    assert [bench.turn(0.2) for _ in range(5)] == ['play'] * 5


def test_what_system_m_deactivates_itself_is_no_hold(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    bench.conductor.interventions.hold()
    bench.turn(0.2)
    bench.conductor.interventions.release()
    bench.tells(MotorGateTelemetry(state='inactive'))   # of the mode before, told late
    bench.turn(0.2)
    bench.tells(BODY)
    assert [bench.turn(0.2) for _ in range(5)] == ['play'] * 5
    assert not bench.control.held


def test_a_graph_that_another_disturbed_is_wired_anew_when_that_is_gone(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    for incarnation in ('b', 'a', 'b', 'a'):
        bench.incarnations['system_a'] = incarnation
        bench.turn(0.2)
    bench.turn(0.2)
    assert not bench.conductor.faults.fault
    rows, before = len(bench.graph.rows), bench.kinds().count('repaired')
    bench.turn(1.0)
    assert len(bench.graph.rows) == rows
    assert bench.turn(2.5) == 'freeze'
    assert bench.turn(0.2) == 'play'
    assert bench.kinds().count('repaired') == before + 1
    assert bench.turn(10.0) == 'play', 'once'


def test_what_is_recorded_and_decided_is_told(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.turn()
    bench.conductor.interventions.hold()
    bench.turn(0.1)                     # at once, though less than a second has passed
    bench.turn(0.1)                     # nothing new
    assert bench.records == list(records(bench.path))
    assert [told['held'] for told in bench.decisions] == [False, True]
    assert bench.decisions[0]['reason'] == [
        record['body']['reason'] for record in bench.records if record['kind'] == 'mode'][-2]
    assert bench.decisions[1]['mode'] == 'freeze'
