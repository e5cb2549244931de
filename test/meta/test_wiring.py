"""The wiring table: the package's own, the invariants that it must keep, and wrong ones."""

import copy
from pathlib import Path

import pytest
import yaml

from abm_ros.common.errors import WiringError
from abm_ros.meta.wiring import load_wiring

TEXT = (Path(__file__).resolve().parents[2] / 'config' / 'wiring.yaml').read_text()
# Design, sections 3 and 4, by hand.
PORTS = {
    'sensory_gate': ('joint_states', 'tool_pose', 'camera', 'battery', 'goal', 'observation',
                     'spec', 'cue'),
    'system_a': ('observation', 'spec', 'executed', 'imagined_action', 'model', 'latent',
                 'imagined_latent'),
    'system_a_learner': ('replay', 'credits', 'model'),
    'system_b': ('latent', 'spec', 'model', 'action'),
    'system_b_learner': ('replay', 'world_model', 'credits', 'model'),
    'episodic_memory': ('observation', 'spec', 'executed', 'credits', 'replay', 'seeds', 'model'),
    'motor_gate': ('action', 'executed'),
}
SETTINGS = {name: {'schedule': ('online', 'consolidate', 'value')}
            for name in ('system_a_learner', 'system_b_learner')}
OPEN = {'play', 'task'}
MODES = ('play', 'task', 'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze')
NOT_BUILT = {'observe', 'imitate', 'imagine'}


@pytest.fixture(scope='module')
def rows():
    return load_wiring(TEXT, PORTS, SETTINGS)


def test_every_mode_has_a_row_with_every_node_and_port(rows) -> None:
    assert set(rows) == set(MODES) == OPEN | NOT_BUILT | {'rest', 'sleep', 'freeze'}
    for row in rows.values():
        assert {name: tuple(node.ports) for name, node in row.nodes.items()} == PORTS


def test_the_table_says_what_the_design_says(rows) -> None:
    assert {mode for mode, row in rows.items() if row.motors_open} == OPEN
    assert {mode for mode, row in rows.items() if row.refusal} == NOT_BUILT
    for mode, row in rows.items():
        assert row.nodes['motor_gate'].active == (mode in OPEN)
        assert row.nodes['sensory_gate'].active == (mode not in {'sleep', 'imagine'})
    learners = {mode: (row.nodes['system_a_learner'].active, row.nodes['system_b_learner'].active)
                for mode, row in rows.items()}
    assert learners['freeze'] == (False, False)
    assert learners['play'] == learners['task'] == learners['sleep'] == (True, True)
    assert rows['sleep'].nodes['system_a_learner'].params == {'schedule': 'consolidate'}
    assert rows['rest'].nodes['system_b_learner'].params == {'schedule': 'value'}


def test_only_system_b_is_wired_to_the_gate_and_never_in_sleep(rows) -> None:
    for mode, row in rows.items():
        speakers = {name for name, node in row.nodes.items() if name != 'motor_gate'
                    and node.active and 'action' in node.ports.values()}
        assert speakers == ({'system_b'} if mode in OPEN else set())
        if mode in {'sleep', 'imagine'}:
            assert not any(row.nodes['sensory_gate'].ports.values())


def test_every_wire_has_two_ends(rows) -> None:
    out = {('sensory_gate', 'observation'), ('sensory_gate', 'spec'), ('system_a', 'latent'),
           ('system_b', 'action'), ('system_a_learner', 'model'), ('system_a_learner', 'credits'),
           ('system_b_learner', 'credits'), ('system_b_learner', 'model'),
           ('episodic_memory', 'replay'), ('motor_gate', 'executed')}
    for mode in ('play', 'task'):
        spoken = {rows[mode].nodes[node].ports[port] for node, port in out}
        heard = {topic for name, node in rows[mode].nodes.items() if name != 'sensory_gate'
                 for port, topic in node.ports.items() if topic and (name, port) not in out}
        assert heard == spoken


def change(path: str, value: object) -> str:
    table = copy.deepcopy(yaml.safe_load(TEXT))
    *way, last = path.split('/')
    place = table
    for key in way:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(table)


@pytest.mark.parametrize(('text', 'says'), [
    ('', 'mapping'), ('[', 'YAML'), ('a: &b [*b]', 'unknown'), ('7', 'mapping'),
    ('{}', 'mapping'), ('modes: 3', 'mapping'),
    (change('modes/nap', {}), 'wiring.modes.nap'),
    (change('modes/freeze', None), 'exactly one mode with the role safe, got none'),
    (change('extra', 1), "'extra'"),
    (change('modes/task/motors', 'ajar'), 'ajar'), (change('modes/task/motors', True), 'motors'),
    (change('modes/task/motors', None), 'motors'), (change('modes/task/speed', 2), "'speed'"),
    (change('modes/task/nodes', []), 'nodes'),
    (change('modes/task/nodes/cerebellum', {}), "'cerebellum'"),
    (change('modes/task/nodes/system_b', None), 'system_b'),
    (change('modes/task/nodes/system_b/state', 'on'), 'state'),
    (change('modes/task/nodes/system_b/ports/actoin', 'a'), "'actoin'"),
    (change('modes/task/nodes/system_b/ports/action', '/action'), 'action'),
    (change('modes/task/nodes/system_b/ports/action', 'my action'), 'my action'),
    (change('modes/task/nodes/system_b/ports/action', 'a//b'), 'a//b'),
    (change('modes/task/nodes/system_b/ports/action', 'a/'), 'a/'),
    (change('modes/task/nodes/system_b/ports/action', 7), 'action'),
    (change('modes/task/nodes/system_b/ports', 'action'), 'ports'),
    (change('modes/task/nodes/system_b/params', [1]), 'params'),
    (change('modes/task/nodes/system_b/port', {}), "'port'"),
    (change('modes/task/nodes/system_b/params', {'exploration': 0.5}), "'exploration'"),
    (change('modes/task/nodes/motor_gate/params', {'speed_limit': 1.0}), "'speed_limit'"),
    (change('modes/task/nodes/system_a_learner/params', {'schedul': 'online'}), "'schedul'"),
    (change('modes/task/nodes/system_a_learner/params', {'schedule': {'a': 1}}), 'online, cons'),
    (change('modes/task/nodes/system_a_learner/params', {'schedule': 'never'}), "got 'never'"),
    (change('modes/task/refusal', 3), 'refusal'),
    (change('modes/rest/motors', 'open'), 'rest'),
    (change('modes/freeze/motors', 'open'), 'freeze'),
    (change('modes/sleep/nodes/motor_gate', {'state': 'active', 'ports': {'action': 'action'}}),
     'shut'),
    (change('modes/sleep/nodes/sensory_gate', {
        'state': 'active', 'ports': {'joint_states': 'joint_states'}}), 'sleep'),
    (change('modes/sleep/nodes/sensory_gate', {
        'state': 'active', 'ports': {'battery': 'battery_state'}}), 'sleep'),
    (change('modes/sleep/nodes/sensory_gate', {
        'state': 'active', 'ports': {'goal': 'task/goal'}}), 'sleep'),
], ids=range(38))
def test_wrong_tables_are_refused_in_words(text, says) -> None:
    with pytest.raises(WiringError, match=says) as caught:
        load_wiring(text, PORTS, SETTINGS)
    assert '\n' not in str(caught.value)


def test_the_safe_mode_cannot_be_refused() -> None:
    """System M degrades to freeze: a table without it would leave nothing to degrade to."""
    with pytest.raises(WiringError, match='freeze'):
        load_wiring(change('modes/freeze/refusal', 'not today'), PORTS, SETTINGS)
