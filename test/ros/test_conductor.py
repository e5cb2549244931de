"""The conductor: on the record before the effect, and no effect without a record."""

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')

from abm_ros.core.audit import AuditLog, records
from abm_ros.core.audit_trail import check
from abm_ros.core.constraints import load_constraints
from abm_ros.core.errors import GraphError
from abm_ros.core.modes import MODES, NodeRow, Row
from abm_ros.core.phi import Modulation, load_phi
from abm_ros.core.supervisor import Health, MetaControl, SystemMConfig
from abm_ros.ros import names
from abm_ros.ros.conductor import Conductor, with_settings
from abm_ros.ros.ports import read_wiring

SHUT = {'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze'}
ROW = {name: NodeRow(True, {}, {}) for name in names.WIRED_NODES}
WIRING = {mode: Row(mode, mode not in SHUT, ROW,
                    'not built' if mode in {'observe', 'imitate', 'imagine'} else '')
          for mode in MODES}
PHI = (Path(__file__).resolve().parents[2] / 'config' / 'phi.yaml').read_text()


class Silent:
    """A logger and a rewirer that does as it is told, and remembers the rows."""

    def __init__(self) -> None:
        self.rows, self.modulated = [], []

    def info(self, *_, **__) -> None: ...
    def error(self, *_, **__) -> None: ...
    def wait_ready(self, *_) -> None: ...
    def forget(self, _) -> None: ...

    def apply(self, rows):
        self.rows.append(rows)
        return SimpleNamespace(gate_shut_s=0.0, full_s=0.0)

    def modulate(self, node, changes) -> None:
        self.modulated.append((node, changes))


class Bench:
    """A conductor over a fake graph, with time in our hands."""

    def __init__(self, folder: Path, constraints: str = '') -> None:
        self.path, self.graph, self.now_s = folder / 'audit.jsonl', Silent(), 0.0
        self.control = MetaControl(SystemMConfig(), load_phi(PHI), WIRING,
                                   load_constraints(constraints))
        self.conductor = Conductor(
            self.control, self.graph, AuditLog(self.path), 'one', self.graph,
            {'phi': PHI, 'constraints': constraints})
        self.conductor.bring_up(1.0, None)
        self.raw = {name: {} for name in names.WIRED_NODES}
        self.incarnations = dict.fromkeys(names.WIRED_NODES, 'a')

    def turn(self, seconds: float = 10.0) -> str:
        self.now_s += seconds
        health = Health(names.WIRED_NODES, 2.0)
        for name, values in self.raw.items():
            health.take(name, values, {'incarnation': self.incarnations[name]}, self.now_s)
        self.conductor.turn(health, self.now_s)
        return self.conductor.mode

    def kinds(self) -> list[str]:
        return [record['kind'] for record in records(self.path)]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr('abm_ros.ros.conductor.time', SimpleNamespace(monotonic=lambda: 0.0))


def test_a_life_is_on_the_record_and_recomputes(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'     # nothing is known yet
    bench.raw['system_a'] = {'uncertainty': 0.05, 'prediction_error': 0.1}
    bench.raw['system_b'] = {'competence': 1.0}
    bench.raw['episodic_memory'] = {'novelty': 0.1}
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
        bench.raw['sensory_gate'] = {'effort_ratio': ratio}
        bench.turn(1.0)
    found = [r['body']['what'] for r in records(bench.path) if r['kind'] == 'guard']
    assert 'rest is forced' in found[0]
    assert found[1] == 'over'


def test_a_hold_at_the_gate_freezes_is_logged_and_outlives_the_gate(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.turn()
    bench.raw['motor_gate'] = {'held': 1.0}
    assert bench.turn(0.1) == 'freeze'
    assert not bench.conductor.motors_open
    bench.raw['motor_gate'], bench.incarnations['motor_gate'] = {'held': 0.0}, 'b'
    assert bench.turn(0.1) == 'freeze'
    assert bench.control.held
    bench.conductor.hold(False)
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
    assert not bench.conductor.fault


def test_without_a_record_nothing_opens_and_a_hold_still_holds(tmp_path) -> None:
    bench = Bench(tmp_path)
    bench.turn()
    bench.conductor._audit.close()
    with pytest.raises(GraphError, match='audit log cannot be written'):
        bench.conductor.hold(True)
    assert bench.control.held
    assert not bench.conductor.motors_open
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


def test_modulation_follows_stress_but_not_at_every_tick(tmp_path) -> None:
    bench = Bench(tmp_path)
    assert bench.turn() == 'play'
    for _ in range(40):
        bench.raw['sensory_gate'] = {'effort_ratio': 0.9}
        bench.turn(0.1)
    assert 0 < bench.kinds().count('modulate') <= 2
    changes = [c for node, c in bench.graph.modulated if node == 'system_b']
    assert changes[-1]['exploration'] < 0.4
