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
    'sensory_gate': ('joint_states', 'tool_pose', 'camera', 'battery', 'goal', 'success', 'reward',
                     'demonstration', 'peer', 'observation', 'spec', 'cue'),
    'system_a': ('observation', 'spec', 'executed', 'imagined_action', 'seeds', 'model', 'latent',
                 'imagined_latent', 'imagined', 'credits', 'world'),
    'system_a_learner': ('replay', 'credits', 'model'),
    'system_b': ('latent', 'world', 'spec', 'model', 'action'),
    'system_b_learner': ('replay', 'world_model', 'credits', 'model'),
    'episodic_memory': ('observation', 'spec', 'executed', 'world', 'credits', 'replay', 'seeds',
                        'model', 'imagined'),
    'motor_gate': ('action', 'correction', 'executed'),
}
SETTINGS = {name: {'schedule': ('online', 'consolidate', 'value', 'imagine')}
            for name in ('system_a_learner', 'system_b_learner')}
OPEN = {'play', 'task'}
MODES = ('play', 'task', 'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze')
WATCHING = {'observe', 'imitate'}


@pytest.fixture(scope='module')
def rows():
    return load_wiring(TEXT, PORTS, SETTINGS)


def test_every_mode_has_a_row_with_every_node_and_port(rows) -> None:
    assert set(rows) == set(MODES) == OPEN | WATCHING | {'rest', 'sleep', 'imagine', 'freeze'}
    for row in rows.values():
        assert {name: tuple(node.ports) for name, node in row.nodes.items()} == PORTS


def test_the_table_says_what_the_design_says(rows) -> None:
    assert {mode for mode, row in rows.items() if row.motors_open} == OPEN
    assert {mode for mode, row in rows.items() if row.roles.watches} == WATCHING
    assert not any(row.refusal for row in rows.values())
    for mode, row in rows.items():
        assert row.nodes['motor_gate'].active == (mode in OPEN)
        assert row.nodes['sensory_gate'].active == (mode not in {'sleep', 'imagine'})
    learners = {mode: (row.nodes['system_a_learner'].active, row.nodes['system_b_learner'].active)
                for mode, row in rows.items()}
    assert learners['freeze'] == (False, False)
    assert learners['play'] == learners['task'] == learners['sleep'] == (True, True)
    assert rows['sleep'].nodes['system_a_learner'].params == {'schedule': 'consolidate'}
    assert rows['rest'].nodes['system_b_learner'].params == {'schedule': 'value'}
    assert rows['imagine'].nodes['system_b_learner'].params == {'schedule': 'imagine'}
    assert not rows['imagine'].nodes['system_a_learner'].active


def test_only_system_b_is_wired_to_the_gate_and_never_in_sleep(rows) -> None:
    for mode, row in rows.items():
        speakers = {name for name, node in row.nodes.items() if name != 'motor_gate'
                    and node.active and 'action' in node.ports.values()}
        assert speakers == ({'system_b'} if mode in OPEN else set())
        if mode in {'sleep', 'imagine'}:
            assert not any(row.nodes['sensory_gate'].ports.values())


def test_where_worlds_are_told_apart_more_is_wired(rows) -> None:
    with_worlds = load_wiring(TEXT, PORTS, SETTINGS, worlds=True)
    for mode, row in with_worlds.items():
        for node, wired in row.nodes.items():
            before = rows[mode].nodes[node]
            more = ({'world': 'system_a/world'} if wired.active and 'world' in PORTS[node] else {})
            assert (wired.active, wired.params) == (before.active, before.params)
            assert wired.ports == {**before.ports, **more}
    with pytest.raises(WiringError, match=r'wiring\.worlds\.system_a\.world: expected a relative'):
        load_wiring(change('worlds/system_a/world', '/absolute'), PORTS, SETTINGS)


def test_in_imagination_system_a_stands_where_the_world_does(rows) -> None:
    a, b, memory, learner = (rows['imagine'].nodes[name].ports for name in (
        'system_a', 'system_b', 'episodic_memory', 'system_b_learner'))
    assert a['imagined_latent'] == b['latent'] != rows['task'].nodes['system_b'].ports['latent']
    assert b['action'] == a['imagined_action'] != rows['task'].nodes['system_b'].ports['action']
    assert memory['seeds'] == a['seeds']
    assert a['imagined'] == memory['imagined']
    assert a['credits'] == memory['credits'] == learner['credits']
    assert memory['replay'] == learner['replay']
    assert {a['observation'], a['latent'], memory['observation'], memory['executed']} == {''}


def test_every_wire_has_two_ends(rows) -> None:
    out = {('sensory_gate', 'observation'), ('sensory_gate', 'spec'), ('system_a', 'latent'),
           ('system_b', 'action'), ('system_a_learner', 'model'), ('system_a_learner', 'credits'),
           ('system_b_learner', 'credits'), ('system_b_learner', 'model'),
           ('episodic_memory', 'replay'), ('motor_gate', 'executed')}
    for mode in ('play', 'task'):
        spoken = {rows[mode].nodes[node].ports[port] for node, port in out}
        heard = {topic for name, node in rows[mode].nodes.items() if name != 'sensory_gate'
                 for port, topic in node.ports.items() if topic and (name, port) not in out}
        heard.remove('teacher/correction')      # a person's
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


# What the design (section 4) says of its modes, by hand.
DESIGN_ROLES = {'play': ('acts', 'explores'), 'task': ('acts',), 'observe': ('watches',),
                'imitate': ('watches',), 'rest': ('restful',),
                'sleep': ('restful', 'consolidates'), 'imagine': ('imagines',),
                'freeze': ('safe',)}


def test_the_table_gives_the_modes_of_the_design_their_roles(rows) -> None:
    assert {mode: row.roles.listed for mode, row in rows.items()} == DESIGN_ROLES
    assert {mode for mode, row in rows.items() if not row.senses_open} == {'sleep', 'imagine'}
    assert (rows.modes.initial, rows.modes.safe) == ('task', 'freeze')
    assert rows.modes.restful == ('rest', 'sleep')


def ninth(text: str = TEXT, **changes) -> str:
    """Return a table with a mode more: like play but for what is changed."""
    table = copy.deepcopy(yaml.safe_load(text))
    row = {**table['modes']['play'], **changes}
    table['modes']['exercise'] = {key: value for key, value in row.items() if value is not None}
    return yaml.safe_dump(table, sort_keys=False)


def test_a_ninth_mode_is_a_row(rows) -> None:
    table = load_wiring(ninth(), PORTS, SETTINGS)
    assert tuple(table) == (*rows, 'exercise')
    assert (table['exercise'].nodes, table['exercise'].motors_open) == (rows['play'].nodes, True)
    assert table.modes.acting == ('play', 'task', 'exercise')
    assert table.modes.exploring == ('play', 'exercise')


GATE_OPEN = {'motor_gate': {'state': 'active', 'ports': {'action': 'action'}}}
STILL = yaml.safe_load(TEXT)['modes']['rest']['nodes']
BLIND = yaml.safe_load(TEXT)['modes']['sleep']['nodes']


@pytest.mark.parametrize(('changes', 'says'), [
    ({'roles': None}, 'exercise.roles: expected a list of some of acts, .* got None'),
    ({'roles': 'acts'}, "exercise.roles: expected a list .* got 'acts'"),
    ({'roles': ['acts', 'dances']}, "exercise.roles: .* got 'dances'"),
    ({'roles': [['acts']]}, r"exercise.roles: .* got \['acts'\]"),
    ({'roles': []}, "exercise.motors: must be 'shut' .* lacks the role acts"),
    ({'roles': ['watches']}, "exercise.motors: must be 'shut'"),
    ({'roles': ['acts', 'restful']}, 'exercise.roles: acts and restful exclude'),
    ({'roles': ['acts', 'consolidates']}, 'exercise.roles: acts and consolidates exclude'),
    ({'roles': ['acts', 'imagines']}, 'exercise.roles: acts and imagines exclude'),
    ({'roles': ['acts', 'watches']}, 'exercise.roles: acts and watches exclude'),
    ({'roles': ['acts', 'safe']}, 'exercise.roles: acts and safe exclude'),
    ({'roles': ['explores'], 'motors': 'shut', 'nodes': STILL},
     'exercise.roles: explores needs acts'),
    ({'senses': 'shut'}, "exercise.motors: must be 'shut' where the senses are"),
    ({'senses': None}, "exercise.senses: expected 'open' or 'shut', got None"),
    ({'senses': True}, "exercise.senses: expected 'open' or 'shut', got True"),
    ({'roles': ['consolidates'], 'motors': 'shut', 'nodes': STILL},
     "exercise.senses: must be 'shut' in exercise, which has the role consolidates"),
    ({'roles': ['imagines'], 'motors': 'shut', 'nodes': STILL}, "exercise.senses: must be 'shut'"),
    ({'roles': ['safe'], 'motors': 'shut', 'nodes': STILL},
     'exactly one mode with the role safe, got freeze, exercise'),
    ({'roles': [], 'motors': 'shut', 'nodes': {**STILL, **GATE_OPEN}},
     "exercise: motors are 'shut' but motor_gate is active"),
    ({'roles': [], 'motors': 'shut', 'senses': 'shut', 'nodes': STILL},
     "exercise: senses are 'shut' but sensory_gate is active with joint_states"),
], ids=range(20))
def test_a_new_mode_with_wrong_roles_is_refused_by_name(changes, says) -> None:
    with pytest.raises(WiringError, match=says) as caught:
        load_wiring(ninth(**changes), PORTS, SETTINGS)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('mode', sorted(set(MODES) - OPEN))
def test_no_table_moves_the_motors_in_a_still_mode_of_the_design(mode) -> None:
    """Neither with open motors alone nor with all that an acting mode has."""
    for row in ({**yaml.safe_load(TEXT)['modes'][mode], 'motors': 'open'},
                yaml.safe_load(TEXT)['modes']['play']):
        with pytest.raises(WiringError, match=f'wiring.modes.{mode}.(motors|roles): '):
            load_wiring(change(f'modes/{mode}', row), PORTS, SETTINGS)


@pytest.mark.parametrize(('name', 'fits'), [
    ('exercise', True), ('night_shift2', True), ('none', False), ('a/b', False), ('', False),
    (7, False), ('two words', False)])
def test_a_name_must_fit_topics_and_the_command_line(name, fits) -> None:
    table = yaml.safe_load(TEXT)
    table['modes'][name] = table['modes']['play']
    if fits:
        assert name in load_wiring(yaml.safe_dump(table), PORTS, SETTINGS)
    else:
        with pytest.raises(WiringError, match='expected a name of letters'):
            load_wiring(yaml.safe_dump(table), PORTS, SETTINGS)


def test_a_mode_that_is_not_built_yet_says_so() -> None:
    table = yaml.safe_load(TEXT)
    table['modes']['observe']['refusal'] = 'not built yet'
    rows = load_wiring(yaml.safe_dump(table), PORTS, SETTINGS)
    assert {mode for mode, row in rows.items() if row.refusal} == {'observe'}


def test_the_initial_mode_is_told_by_the_table_and_must_be_there() -> None:
    assert load_wiring(change('initial', 'rest'), PORTS, SETTINGS).modes.initial == 'rest'
    for wrong in ('dance', 3, None):
        with pytest.raises(WiringError, match='initial: expected'):
            load_wiring(change('initial', wrong), PORTS, SETTINGS)


def of_version_1(**changes) -> str:
    """Return the table as version 0.1 of the package had it."""
    table = yaml.safe_load(TEXT)
    del table['initial']
    for mode in table['modes'].values():
        del mode['roles'], mode['senses']
    return yaml.safe_dump({**table, 'version': 1, **changes})


@pytest.mark.parametrize('text', [of_version_1(), of_version_1().replace('version: 1', '')])
def test_a_table_of_version_1_has_the_modes_of_the_design_with_a_warning(rows, text, caplog
                                                                         ) -> None:
    old = load_wiring(text, PORTS, SETTINGS)
    assert {mode: old[mode] for mode in rows} == dict(rows)
    assert (old.modes.initial, old.modes.safe) == ('task', 'freeze')
    assert 'version 1' in caplog.text


def test_what_version_1_did_not_have_it_does_not_get() -> None:
    modes = yaml.safe_load(of_version_1())['modes']
    for changes, says in (
            ({'modes': {**modes, 'exercise': modes['play']}}, "unknown 'exercise'"),
            ({'modes': {k: v for k, v in modes.items() if k != 'sleep'}}, 'no row for sleep'),
            ({'modes': {**modes, 'play': {**modes['play'], 'roles': ['acts']}}}, 'version: 2'),
            ({'initial': 'task'}, "'initial' is of version 2"),
            ({'modes': {**modes, 'rest': {**modes['rest'], 'motors': 'open'}}}, 'rest.motors')):
        with pytest.raises(WiringError, match=says):
            load_wiring(of_version_1(**changes), PORTS, SETTINGS)
