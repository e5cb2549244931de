"""Signals by name: ours, and those of other packages."""

from pathlib import Path

import pytest
from other_package import add_package

from abm_ros.common.errors import ConfigError, SpecError
from abm_ros.common.telemetry import GraphTelemetry, SystemBTelemetry
from abm_ros.meta.constraints import Constraints
from abm_ros.meta.meta_control import MetaControl, SystemMConfig
from abm_ros.meta.meta_state import MetaState
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.phi import load_phi
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.signals.entry import SIGNALS, calibrations, make_signals, signal_names
from abm_ros.meta.wiring import NodeRow, Row, Wiring

TASK = DESIGN['task']
OURS = ['prediction_error', 'uncertainty', 'novelty', 'learning_gain', 'collapse',
        'change', 'world', 'learning_lag', 'competence', 'calibration_error', 'cue', 'looming',
        'energy', 'stress', 'pain', 'sleep_pressure', 'imagination_pressure',
        'demonstration', 'peer']
BOREDOM = '''
class Boredom:
    """Grows with every tick in which no episode ends."""

    calibration = 'ticks since an episode ended, relative to ten'

    def __init__(self, config):
        self._ticks, self._episodes = 0, None

    def update(self, telemetry, mode):
        ended = telemetry.system_b.episodes != self._episodes
        self._episodes = telemetry.system_b.episodes
        self._ticks = 0 if ended else self._ticks + 1
        return min(1.0, self._ticks / 10)
'''


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a package of somebody else that adds one signal."""
    def install(name: str, code: str, target: str = 'Boredom') -> None:
        package = f'somebodys_{name}'.replace('/', '_').replace('-', '_')
        add_package(tmp_path, package, 'abm_ros.signals', {name: target}, code)
        monkeypatch.syspath_prepend(str(tmp_path))
    return install


def episodes(count: float) -> GraphTelemetry:
    return GraphTelemetry(system_b=SystemBTelemetry(episodes=count, successes=0))


def test_ours_are_those_of_the_design_and_each_says_what_it_means() -> None:
    assert signal_names() == OURS
    assert list(calibrations()) == list(make_signals(MetaStateConfig())) == OURS
    assert all(len(text) > 10 for text in calibrations().values())


def test_a_signal_of_another_package_is_computed_with_a_memory_of_its_own(add) -> None:
    add('boredom', BOREDOM)
    one, other = MetaState(MetaStateConfig()), MetaState(MetaStateConfig())
    assert one.names == (*OURS, 'boredom')
    told = [one.update(episodes(count), TASK)['boredom'] for count in (1, 1, 1, 1, 2)]
    assert told == [0.0, 0.1, 0.2, 0.3, 0.0]
    assert other.update(episodes(2), TASK)['boredom'] == 0.0
    assert calibrations()['boredom'] == 'ticks since an episode ended, relative to ten'


def test_phi_decides_by_a_signal_of_another_package(add) -> None:
    add('boredom', BOREDOM)
    phi = load_phi('modes: {task: {bias: 0.5, min_dwell_s: 0, hysteresis: 0}, '
                   'play: {bias: 0, weights: {boredom: 1}, min_dwell_s: 0, hysteresis: 0}}')
    wiring = Wiring([Row(mode, roles, roles.acts, True, {'motor_gate': NodeRow(True, {}, {})}, '')
                     for mode, roles in DESIGN.items()])
    made = MetaControl(SystemMConfig(), phi, wiring, Constraints(wiring.modes))
    made.begin(0.0)
    modes = []
    for tick in range(12):
        telemetry = episodes(0)
        modes.append(made.decide(made.signals(telemetry), telemetry, '', 0.1 * tick).mode)
    assert modes == ['task'] * 6 + ['play'] * 6      # 0.6 beats 0.5


def test_a_name_that_nobody_adds_is_refused(add) -> None:
    with pytest.raises(ConfigError, match="'boredom' is unknown"):
        SIGNALS.get('boredom')


@pytest.mark.parametrize('name', ['bore-dom', '1st', 'system/boredom', 'switches', 'refused'])
def test_a_name_that_cannot_be_a_topic_or_is_taken_is_refused(add, name) -> None:
    add(name, BOREDOM)
    with pytest.raises(ConfigError, match=f"abm_ros.signals: '{name}' cannot name a signal"):
        signal_names()


def test_ours_cannot_be_replaced(add) -> None:
    add('pain', BOREDOM)
    signals = MetaState(MetaStateConfig()).update(GraphTelemetry(), TASK)
    assert (list(signals), signals['pain']) == (OURS, 0.0)


def test_one_that_cannot_be_loaded_is_refused_by_name(add) -> None:
    add('boredom', BOREDOM, 'no_such_module:Boredom')
    with pytest.raises(ConfigError, match="'boredom' cannot be loaded"):
        MetaState(MetaStateConfig())


# A name of its own for each, since a module that is imported is not read again.
@pytest.mark.parametrize(('name', 'answer', 'says'), [
    ('large', '1.5', r'a number in \[0, 1\], got 1.5'), ('vague', 'float("nan")', 'got nan'),
    ('small', '-0.1', 'got -0.1'), ('lost', 'telemetry.system_c', 'no attribute .system_c'),
    ('wordy', '"much"', 'ValueError'), ('silent', 'None', 'TypeError')])
def test_one_that_fails_is_told_by_name(add, name, answer, says) -> None:
    add(name, BOREDOM.replace('return min(1.0, self._ticks / 10)', f'return {answer}'))
    with pytest.raises(SpecError, match=f"signal '{name}'.*{says}.*uninstall"):
        MetaState(MetaStateConfig()).update(GraphTelemetry(), TASK)
