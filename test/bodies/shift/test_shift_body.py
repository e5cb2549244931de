"""What happens to a body, seen at a body that remembers what it was asked for."""

from dataclasses import replace

import numpy as np
import pytest
from scripted_body import LineBody

from abm_ros.bodies.shift.body import ShiftingBody
from abm_ros.bodies.shift.script import Event, load_script, read_shifts
from abm_ros.common.errors import AbmError, BodyError, ConfigError

SCRIPT = """
version: 1
body: bullet:reach
steps: 900
shifts:
  - {at: 600, kind: gain, value: 0.4}
  - {at: 300, until: 600, kind: gain, value: -1, joints: [0]}
"""


class Asked(LineBody):
    """Remembers what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def step(self, command):
        self.asked.append(float(command[0]))
        return super().step(command)


def asked(events, commands) -> list[float]:
    body = Asked()
    shifting = ShiftingBody(body, events, seed=0)
    for command in commands:
        shifting.step(np.array([command]))
    return body.asked


def test_without_shifts_it_is_the_body_itself() -> None:
    plain, shifting = LineBody(), ShiftingBody(LineBody(), (), 0)
    rng = np.random.default_rng(0)
    for _ in range(30):
        command = rng.uniform(-1, 1, 1)
        a, b = plain.step(command), shifting.step(command)
        assert np.array_equal(a.position, b.position)
        assert (a.episode, a.step, a.success) == (b.episode, b.step, b.success)


@pytest.mark.parametrize(('event', 'expected'), [
    (Event(2, 'gain', -1.0), [0.5, 0.5, -0.5, -0.5, -0.5]),
    (Event(1, 'gain', 0.0, until=3), [0.5, 0.0, 0.0, 0.5, 0.5]),
    (Event(0, 'gain', 0.0, over=5), [0.4, 0.3, 0.2, 0.1, 0.0]),
    (Event(1, 'latency', 2.0), [0.5, 0.0, 0.0, 0.5, 0.5])])
def test_what_the_motors_are_asked_for(event: Event, expected: list[float]) -> None:
    assert asked([event], [0.5] * 5) == pytest.approx(expected)


def test_an_operator_shifts_and_mends_beside_the_script() -> None:
    body = Asked()
    shifting = ShiftingBody(body, [Event(2, 'gain', 0.5)], seed=0)
    for shifts in ('', 'gain -1', 'gain -1; gain -1 action_0', ''):
        shifting.impose(shifting.made(read_shifts(shifts)))
        shifting.step(np.array([0.4]))
    assert body.asked == pytest.approx([0.4, -0.4, 0.2, 0.2])


@pytest.mark.parametrize(('text', 'said'), [
    ('gian 1', "'gian' is unknown"), ('gain', 'expected KIND VALUE'),
    ('gain x', 'expected KIND VALUE'), ('gain nan', 'from -1e'),
    ('gain 1 elbow', "no joint or channel 'elbow'"), ('gain 1 -9', 'no joint or channel -9')])
def test_a_wrong_shift_is_refused_and_says_why(text: str, said: str) -> None:
    shifting = ShiftingBody(LineBody(), (), 0)
    with pytest.raises(AbmError, match=said):
        shifting.made(read_shifts(text))


def test_readings_are_shifted_and_the_body_is_not() -> None:
    plain, shifting = LineBody(), ShiftingBody(LineBody(), [Event(2, 'reading_bias', 0.25)], 0)
    for step in range(4):
        a, b = plain.step(np.array([0.01])), shifting.step(np.array([0.01]))
        np.testing.assert_allclose(b.position - a.position, 0.25 if step >= 1 else 0.0)


def test_the_script_of_a_life() -> None:
    script = load_script(SCRIPT)
    assert [e.at for e in script.events] == [300, 600]
    assert script.changes() == [(300, 1), (600, 2)]
    back = replace(script, events=(Event(100, 'gain', -1.0, until=200),
                                   Event(300, 'gain', -1.0, until=400)))
    assert back.changes() == [(100, 1), (200, 0), (300, 1), (400, 0)]


@pytest.mark.parametrize(('old', 'new', 'said'), [
    ('kind: gain', 'kind: gian', "'gian' is unknown"),
    ('at: 600', 'at: 900', 'from 0 to 899'),
    ('until: 600', 'until: 300', 'from 301'),
    ('value: -1', 'worth: -1', "unknown 'worth'"),
    ('joints: [0]', 'joints: [0.5]', 'names or indices'),
    ('body: bullet:reach', 'body: 3', 'name of a body')])
def test_wrong_scripts_are_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_script(SCRIPT.replace(old, new))


@pytest.mark.parametrize(('event', 'said'), [
    (Event(0, 'gain', 1.0, joints=('elbow',)), "no joint or channel 'elbow'"),
    (Event(0, 'gain', 1.0, joints=(7,)), 'no joint or channel 7'),
    (Event(0, 'swap', 1.0), 'at least 2 joints')])
def test_a_shift_of_what_the_body_lacks_is_refused(event: Event, said: str) -> None:
    with pytest.raises(BodyError, match=said):
        ShiftingBody(LineBody(), [event], 0)


def test_a_drive_has_the_zero_of_its_reading() -> None:
    class Placed(Asked):
        interface, command_joints = 'position', ('observation.0',)

    body = Placed()
    shifting = ShiftingBody(body, [Event(0, 'reading_bias', 0.25, joints=('observation.0',))], 0)
    shown = shifting.state().position[0]
    assert shown == pytest.approx(0.25)
    shifting.step(np.array([shown + 0.1]))      # a bit on from where the joint seems to be
    assert body.asked == pytest.approx([0.1])


def test_a_position_that_is_told_again_asks_for_no_motion_of_its_own() -> None:
    class Placed(Asked):
        interface, command_joints = 'position', ('observation.0',)

        def step(self, command):
            self.asked.append(float(command[0]))
            self._x = self.asked[-1]
            return self.state()

    body = Placed()
    shifting = ShiftingBody(body, [Event(0, 'gain', -1.0)], 0)
    start = body.state().position[0]
    for _ in range(5):      # the gate holds still: a drive that turned round must not run away
        shifting.step(np.array([start + 0.1]))
    assert body.asked == pytest.approx([start - 0.1] * 5)
