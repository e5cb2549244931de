"""Shifts of the body itself, seen at simulated arms: what moves, what is refused."""

import numpy as np
import pytest
from scripted_body import LineBody

from abm_ros.bodies.make import make_body
from abm_ros.bodies.shift.body import ShiftingBody
from abm_ros.bodies.shift.script import Event
from abm_ros.common.errors import BodyError


def lived(body: str, events, command, steps: int = 8, **settings) -> ShiftingBody:
    made = ShiftingBody(make_body(body, {'seed': 3, **settings}), events, 0)
    for _ in range(steps):
        made.step(np.asarray(command, np.float64))
    return made


def differs(body: str, event: Event, command, **settings) -> float:
    plain, other = (lived(body, events, command, **settings) for events in ((), (event,)))
    try:
        return float(np.abs(plain.state().tool_position - other.state().tool_position).max())
    finally:
        plain.close()
        other.close()


@pytest.mark.parametrize('body', ['bullet:reach', 'gym:PandaReachJoints-v3'])
def test_a_longer_tool_ends_so_much_further_on(body: str) -> None:
    home = ([0.0, 0.5, 0.0, 1.6, 0.0, 0.9, 0.0] if body.startswith('bullet') else [0.0] * 7)
    plain, other = lived(body, (), home), lived(body, (Event(0, 'tool_length', 0.1),), home)
    apart = other.state().tool_position - plain.state().tool_position
    assert np.linalg.norm(apart) == pytest.approx(0.1, abs=1e-3)
    if not body.startswith('bullet'):
        np.testing.assert_allclose(other.state().position[:3], other.state().tool_position)
    plain.close()
    other.close()


def test_a_load_and_damping_change_how_an_arm_moves() -> None:
    command = [0.3, 0.9, 0.3, 1.2, 0.3, 0.5, 0.0]
    assert differs('bullet:reach', Event(0, 'payload', 8.0), command) > 1e-3
    assert differs('bullet:reach', Event(0, 'damping', 30.0), command) > 1e-3
    assert differs('gym:PandaReachJoints-v3', Event(0, 'payload', 60.0), [0.5] * 7) > 1e-4


@pytest.mark.parametrize('body', ['bullet:reach', 'gym:PandaReach-v3'])
def test_goals_move_from_the_next_episode_on(body: str) -> None:
    """By a metre: no goal of the usual region is as high."""
    still = [0.0, 0.5, 0.0, 1.6, 0.0, 0.9, 0.0] if body.startswith('bullet') else [0.0] * 3
    made = ShiftingBody(make_body(body, {'seed': 3}), (
        Event(0, 'goal_region', 1.0, joints=('z',)),), 0)
    low = made.state().goal[2]
    while made.state().episode == 0:
        made.step(np.array(still))
    assert made.state().goal[2] > 1.0 > low
    assert not made.step(np.array(still)).success
    made.close()


def test_a_wide_tolerance_lets_everything_succeed() -> None:
    made = lived('gym:PandaReach-v3', (Event(0, 'goal_tolerance', 100.0),), [0.0] * 3, steps=1)
    assert made.state().success
    made.close()


def rubs(made: ShiftingBody) -> float:
    """The friction of the object, as the simulator has it."""
    import pybullet
    inner = made._body
    client, body = ((inner._scene._client, inner._scene._puck) if hasattr(inner, '_scene')
                    else (inner._change._client._client, inner._change._object))
    return float(pybullet.getDynamicsInfo(body, -1, physicsClientId=client)[1])


@pytest.mark.parametrize('body', ['bullet:push', 'gym:PandaPush-v3'])
def test_the_object_rubs_less_for_a_while(body: str) -> None:
    made = ShiftingBody(make_body(body, {'seed': 3}), (Event(1, 'friction', 0.1, until=2),), 0)
    still = (made.state().position if body.startswith('bullet') else np.zeros(3))
    found = []
    for _ in range(3):
        made.step(still)
        found.append(rubs(made))
    made.close()
    assert found == pytest.approx([found[0], 0.1 * found[0], found[0]])


@pytest.mark.parametrize('body', ['bullet:reach', 'gym:PandaReachJoints-v3'])
def test_an_arm_cannot_go_through_an_obstacle(body: str) -> None:
    """A post stands in the way of an arm that turns round its base, until it is taken away."""
    def turned(events) -> float:
        made = ShiftingBody(make_body(body, {'seed': 3}), events, 0)
        begun = made.state().tool_position
        away = 0.0
        for turn in np.linspace(0.0, 1.2, 30):
            made.step(np.array([turn, 0.5, 0.0, 1.6, 0.0, 0.9, 0.0])
                      if body.startswith('bullet') else np.array([1.0] + 6 * [0.0]))
            away = max(away, float(np.linalg.norm(made.state().tool_position[:2] - begun[:2])))
        made.close()
        return away
    assert turned((Event(0, 'obstacle', 1.2),)) < 0.8 * turned(())
    assert turned((Event(0, 'obstacle', 1.2, until=1),)) == pytest.approx(turned(()), rel=0.1)


def test_a_battery_empties_faster() -> None:
    left = [lived('bullet:reach', events, [0.3, 0.9, 0.3, 1.2, 0.3, 0.5, 0.0]).state().energy
            for events in ((), (Event(0, 'battery', 5.0),))]
    assert 1.0 - left[1] == pytest.approx(5.0 * (1.0 - left[0]), rel=0.05)


def test_a_television_is_noise_in_a_corner_of_the_image() -> None:
    pictures = [lived('bullet:reach', events, [0.0, 0.5, 0.0, 1.6, 0.0, 0.9, 0.0],
                      camera_size=32).state().image
                for events in ((), (Event(0, 'television', 0.5),))]
    other = (pictures[0] != pictures[1]).any(axis=2)
    assert other[:16, :16].mean() > 0.9
    assert not other[16:].any()
    assert not other[:, 16:].any()


def test_readings_come_late() -> None:
    plain = ShiftingBody(LineBody(goals=[9.0]), (), 0)
    late = ShiftingBody(LineBody(goals=[9.0]), (Event(0, 'reading_delay', 2.0),), 0)
    seen = [[body.step(np.array([1.0])).position[0] for _ in range(6)] for body in (plain, late)]
    assert seen[1][2:] == pytest.approx(seen[0][:4])


@pytest.mark.parametrize(('event', 'said'), [
    (Event(0, 'payload', 1.0), "changes 'payload_kg', got one that changes none"),
    (Event(0, 'lighting', 0.5), "changes 'image'"),
    (Event(0, 'reading_noise', -1.0), 'at least 0'),
    (Event(0, 'goal_region', 0.1), "changes 'goal_m'")])
def test_what_a_body_cannot_do_is_refused(event: Event, said: str) -> None:
    with pytest.raises(BodyError, match=said):
        ShiftingBody(LineBody(), [event], 0)
