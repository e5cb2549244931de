"""A mode that is written in YAML alone: the running graph enters it, moves in it and leaves it."""

import json

import pytest
import yaml

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')

from graph_harness import ROOT, WIRED, running, wait_until
from rcl_interfaces.srv import GetParameters
from std_srvs.srv import Trigger

from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.memory.record.store import Store
from abm_ros.meta.audit.log import records
from abm_ros.meta.audit.trail import check

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]

EXPLORATION = 0.7


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    """Run a graph whose tables are the package's own and one mode more: like play, but wilder."""
    folder = tmp_path_factory.mktemp('ninth')
    tables = {name: yaml.safe_load((ROOT / 'config' / f'{name}.yaml').read_text())
              for name in ('wiring', 'phi')}
    tables['wiring']['modes']['exercise'] = tables['wiring']['modes']['play']
    tables['phi']['modes']['exercise'] = {
        'bias': 9.0, 'min_dwell_s': 1.0, 'modulation': {'exploration': EXPLORATION}}
    tables['phi']['modes']['task']['min_dwell_s'] = 0.0
    for name, table in tables.items():
        (folder / f'{name}.yaml').write_text(yaml.safe_dump(table))
    options = GraphOptions(body='bullet:reach', directory=str(folder), seed=6,
                           wiring=str(folder / 'wiring.yaml'), phi=str(folder / 'phi.yaml'))
    with running(describe(options), folder) as (_, observer):
        observer.folder = folder
        yield observer


def test_phi_enters_it_and_the_arm_moves(graph) -> None:
    graph.wait_mode('exercise')
    assert graph.modes[0] == 'task', 'the initial mode of the table'
    wait_until(lambda: graph.value('motor_gate', 'open') == 1.0, 'an open gate')
    begin = graph.value('motor_gate', 'commands')
    wait_until(lambda: graph.value('motor_gate', 'commands') > begin + 20, 'commands')
    assert {graph.state(node) for node in WIRED} == {'active'}
    values = graph.call(GetParameters, 'system_b/get_parameters',
                        GetParameters.Request(names=['exploration'])).values
    assert values[0].double_value == EXPLORATION


def test_it_can_be_vetoed_and_pinned_and_is_offered(graph) -> None:
    available = json.loads(graph.call(
        Trigger, 'system_m/get_available_modes', Trigger.Request()).message)
    assert available['exercise'] == ''
    assert graph.set_parameters('system_m', {'veto_modes': ['exercise']})[0].successful
    wait_until(lambda: graph.mode != 'exercise', 'a vetoed mode to end')
    assert graph.set_parameters('system_m', {'veto_modes': ['']})[0].successful
    assert graph.pin('exercise').successful
    graph.wait_mode('exercise')
    graph.call(Trigger, 'system_m/hold', Trigger.Request())
    graph.wait_mode('freeze')
    graph.call(Trigger, 'system_m/release', Trigger.Request())
    graph.wait_mode('exercise')


def test_it_is_on_the_record_and_its_decisions_recompute(graph) -> None:
    acknowledged = graph.value('episodic_memory', 'acknowledged')
    wait_until(lambda: graph.value('episodic_memory', 'acknowledged') > acknowledged, 'a commit')
    with Store.read(graph.folder / 'memory.db') as reader:
        lived = {mode for block in reader.blocks(after=0) for mode in block.modes}
    assert 'exercise' in lived
    entered = [r['body']['mode'] for r in records(graph.folder / 'audit.jsonl')
               if r['kind'] == 'mode']
    assert entered.count('exercise') >= 3
    assert check(graph.folder / 'audit.jsonl').decisions >= len(entered)
