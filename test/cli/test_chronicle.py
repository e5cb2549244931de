"""What `abm sim` writes each second, and that a full disk does not stop it."""

from types import SimpleNamespace

import pytest

from abm_ros.cli.chronicle import Chronicle
from abm_ros.cli.watch import UnsafeWatch
from abm_ros.common.errors import StoreError
from abm_ros.common.telemetry import SystemBTelemetry
from abm_ros.report.history import HistoryWriter, read_history

URDF = """<robot name="arm"><joint name="a" type="revolute">
<limit lower="-1" upper="1" velocity="100" effort="1"/></joint>
<joint name="b" type="continuous"><limit velocity="100" effort="1"/></joint></robot>"""


@pytest.fixture
def watch() -> UnsafeWatch:
    made = UnsafeWatch('position', 0.05, ('task',))
    made.description(URDF)
    return made


@pytest.fixture
def monitor():
    return SimpleNamespace(told=lambda kind: kind(episodes=4.0, successes=3.0)
                           if kind is SystemBTelemetry else kind(),
                           mode=lambda: 'task', signals=lambda: {'energy': 0.51239})


def test_a_second_holds_the_extremes_of_its_commands(tmp_path, watch, monitor) -> None:
    chronicle = Chronicle(tmp_path, monitor, watch, {'seed': 1})
    watch.mode('task', 0.0)
    for at_s, command in ((0.0, [0.1, 2.0]), (0.1, [-0.2, 2.5]), (0.2, [0.3, 1.0])):
        watch.command(command, at_s)
    chronicle.note(0.2)
    chronicle.note(0.9)                 # not a second later
    watch.command([0.0, 0.0], 1.2)
    chronicle.note(1.2)
    chronicle.end({'episodes': 4})
    history = read_history(tmp_path)[0]
    assert [(s['least'], s['most']) for s in history.seconds] == [
        ([-0.2, 1.0], [0.3, 2.5]), ([0.0, 0.0], [0.0, 0.0])]
    assert history.seconds[0]['signals'] == {'energy': 0.5124}
    assert history.seconds[0]['successes'] == 3
    assert history.report == {'episodes': 4,
                              'limits': {
                                  'joints': ['a', 'b'], 'low': [-1.0, None], 'high': [1.0, None]}}


def test_a_history_that_cannot_be_written_ends_and_says_why(
        tmp_path, watch, monitor, monkeypatch) -> None:
    chronicle = Chronicle(tmp_path, monitor, watch, {})

    def full(*_):
        raise StoreError('no space left')

    monkeypatch.setattr(HistoryWriter, 'add', full)
    chronicle.note(0.0)
    chronicle.end({})
    assert chronicle.trouble == 'no space left'
    assert 'cannot be written' in Chronicle(tmp_path / 'no', monitor, watch, {}).trouble
