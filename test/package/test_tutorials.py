"""What the tutorials tell to write works as they say: each block of a file is loaded and used."""

import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml
from documents import ROOT, TUTORIALS, file_blocks
from other_package import add_package

from abm_ros.bodies.make import make_body
from abm_ros.common.telemetry import GraphTelemetry, MotorGateTelemetry
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.meta_control import MetaControl, SystemMConfig
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.phi import load_phi
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.signals.entry import make_signals

LONGEST = 120
CONFIG = ROOT / 'config'


def written(name: str) -> dict[str, list[str]]:
    return file_blocks(ROOT / 'docs/tutorials' / name)


def table(name: str, *changes: str) -> str:
    """Return a table of ours with the rows of a tutorial in it."""
    whole = yaml.safe_load((CONFIG / name).read_text(encoding='utf-8'))
    for text in changes:
        for key, value in yaml.safe_load(text).items():
            whole[key] = whole[key] | value if isinstance(value, dict) else whole[key] + value
    return yaml.safe_dump(whole)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install the package of a tutorial: its pyproject.toml and one module of code."""
    before = {}

    def add(files: dict[str, list[str]], code: str) -> None:
        project = tomllib.loads(files['pyproject.toml'][0])
        (group, entries), = project['project']['entry-points'].items()
        (module,) = project['tool']['setuptools']['py-modules']
        add_package(tmp_path, module, group, entries, code)
        monkeypatch.syspath_prepend(str(tmp_path))
        before[module] = sys.modules.pop(module, None)
    yield add
    for module, own in before.items():
        sys.modules.pop(module, None)
        if own is not None:      # of a test beside this one, whose classes must stay the same
            sys.modules[module] = own


@pytest.mark.parametrize('page', TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_is_one_page_and_names_files_that_exist(page: Path) -> None:
    text = page.read_text(encoding='utf-8')
    assert len(text.splitlines()) <= LONGEST
    ours = re.findall(r'`((?:abm_ros|config|test)/[\w./]+)`', text)
    assert not [path for path in ours if not (ROOT / path).exists()]


def test_the_arm_of_the_tutorial_moves_within_its_limits(tmp_path: Path) -> None:
    pytest.importorskip('pybullet')
    (tmp_path / 'my_arm.urdf').write_text(written('urdf.md')['my_arm.urdf'][0])
    body = make_body('bullet:reach', {'urdf': str(tmp_path / 'my_arm.urdf')})
    try:
        assert body.command_joints == ('swing', 'lift', 'fold')
        begin = body.state()
        for _ in range(20):
            state = body.step(np.array([1.0, 0.5, -1.0]))
        reading = dict(zip(state.channels, state.position, strict=True))
        assert [reading[name] for name in body.command_joints] == pytest.approx(
            [1.0, 0.5, -1.0], abs=0.1)
        assert np.linalg.norm(state.tool_position - begin.tool_position) > 0.2
        # The boom and the stick, about the column's top.
        assert np.linalg.norm(begin.goal - [0.0, 0.0, 0.3]) < 0.7
    finally:
        body.close()


def test_the_environment_of_the_tutorial_is_a_body(tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip('gymnasium')
    (tmp_path / 'puck.py').write_text(written('gymnasium_body.md')['puck.py'][0])
    monkeypatch.syspath_prepend(str(tmp_path))
    body = make_body('gym:puck:Puck-v0', {'seed': 1})
    assert (body.goal_tolerance, body.horizon, body.control_period_s) == (0.1, 40, 0.05)
    # Speeds 0.1, then half of it and 0.1 more.
    places = [body.step(np.ones(2)).tool_position for _ in range(2)]
    assert places == [None, None]      # a point of two numbers is no tool in space
    state = body.state()
    np.testing.assert_allclose(state.position[:4], [0.25, 0.25, 0.15, 0.15], atol=1e-6)
    while not state.success and state.step < body.horizon:
        state = body.step(np.clip(3.0 * (state.goal - state.position[:2])
                                  - 2.0 * state.position[2:4], -1.0, 1.0))
    assert state.success
    sys.modules.pop('puck', None)


def test_the_signal_of_the_tutorial_sends_to_rest(install) -> None:
    files = written('signal.md')
    install(files, files['fatigue.py'][0])
    fatigue = make_signals(MetaStateConfig())['fatigue']

    def told(commands: float, mode: str = 'task') -> float:
        return fatigue.update(
            GraphTelemetry(motor_gate=MotorGateTelemetry(commands=commands)), DESIGN[mode])

    assert [told(float('nan')), told(100), told(700), told(10), told(310)] == [
        0.0, 0.0, 0.5, 0.5, 0.75]
    assert told(310, 'rest') == pytest.approx(0.74)
    row, override = (load_phi(table('phi.yaml', text)) for text in files['my_phi.yaml'])
    rest, task = row.modes['rest'], row.modes['task']

    def lead(fatigue: float, competence: float) -> float:
        signals = {'energy': 1.0, 'uncertainty': 0.12, 'fatigue': fatigue,
                   'competence': competence}
        return rest.drive(signals) - task.drive(signals)

    # The page says where it begins and where it ends.
    assert lead(0.45, 0.0) < task.hysteresis < lead(0.52, 0.0)
    assert lead(0.6, 1.0) < task.hysteresis < lead(0.7, 1.0)
    assert -lead(0.35, 1.0) < rest.hysteresis < -lead(0.3, 1.0)
    assert rest.hysteresis < -lead(0.1, 0.0)
    assert override.overrides[-1].trips({'fatigue': 0.95})
    assert override.overrides[:-1] == load_phi((CONFIG / 'phi.yaml').read_text()).overrides
    for phi in (row, override):
        phi.check_signals(make_signals(MetaStateConfig()))


def test_the_mode_of_the_tutorial_is_chosen_at_high_competence() -> None:
    pytest.importorskip('rclpy')
    from abm_ros.ros.ports import read_wiring
    files = written('mode.md')
    wiring = read_wiring((CONFIG / 'wiring.yaml').read_text(encoding='utf-8')
                         + files['my_wiring.yaml'][0])
    row = wiring['perform']
    assert (row.roles.listed, row.motors_open) == (('acts',), True)
    assert not any(row.nodes[node].active for node in ('system_a_learner', 'system_b_learner'))
    phi = load_phi(table('phi.yaml', *files['my_phi.yaml']))
    constraints = load_constraints(table('constraints.yaml', *files['my_constraints.yaml']),
                                   wiring.modes)
    assert constraints.max_dwell_s['perform'] == 60
    MetaControl(SystemMConfig(), phi, wiring, constraints)      # refuses what does not fit

    def lead(competence: float) -> float:
        signals = {'competence': competence, 'uncertainty': 0.12}
        return phi.modes['perform'].drive(signals) - phi.modes['task'].drive(signals)

    # The page says where it begins and where it ends.
    assert lead(0.76) < phi.modes['task'].hysteresis < lead(0.80)
    assert -lead(0.46) < phi.modes['perform'].hysteresis < -lead(0.42)


def test_the_system_a_of_the_tutorial_is_the_tested_one(install) -> None:
    pytest.importorskip('torch')
    from abm_ros.world_model.contract import WORLD_MODELS
    files = written('system_a.md')
    code = (ROOT / 'test/linear_world.py').read_text(encoding='utf-8')
    shown = [text.split('\n', 1)[1] for text in files['linear_world.py']]
    assert len(shown) == 3
    assert not [text for text in shown if text not in code]
    install(files, code)
    parameters = yaml.safe_load(files['linear.yaml'][0])['system_a_learner']['ros__parameters']
    settings = WORLD_MODELS.get(parameters.pop('world_model'))
    assert settings(**parameters).ridge == 2e-5
