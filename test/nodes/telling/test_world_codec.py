"""What System A tells of the world, on the wire and back."""

import numpy as np
import pytest

pytest.importorskip('rclpy')

from abm_ros.common.errors import AbmError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.telemetry import SystemATelemetry
from abm_ros.nodes.telling.world_codec import WorldWriter, decode_world
from abm_ros.nodes.telling.world_teller import NOTHING, WorldTeller
from abm_ros.ros.codec import Packet, encode
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.told import HeardWorld, ToldWorld

SECOND = 1_000_000_000


SPEC = ObservationSpec((FieldSpec('arm', 3),), 'arm', 0.05, 2, 0.05, 10)
WIDER = ObservationSpec((FieldSpec('arm', 3),), 'arm', 0.05, 3, 0.05, 10)


def known(gain: float) -> ActuatorMap:
    return ActuatorMap(np.array([[gain, 1 / 3, 0.1], [0.0, 1.0, 0.0]]), np.eye(9),
                       np.array([0.0, gain / 3, 0.0])).told


def told(world: int, began: int = 0, change: float = 0.0, worlds=(0, 3)) -> ToldWorld:
    return ToldWorld(world, began, change, 0.25, {n: known(n - 0.7) for n in worlds})


def test_what_comes_out_acts_like_what_went_in() -> None:
    sent = HeardWorld(7 * SECOND + 1, 12, 5 * SECOND, told(3, 2, 0.5))
    heard = decode_world(WorldWriter().write(sent), SPEC)
    assert heard[:3] == sent[:3]
    assert (heard.told.world, heard.told.began, heard.told.change, heard.told.doubt) == (
        3, 2, 0.5, 0.25)
    action = np.array([0.3, -0.9], np.float32)
    for number, actuators in sent.told.maps.items():
        there = heard.told.maps[number]
        assert there.effective(action).tobytes() == actuators.effective(action).tobytes()
        assert there.intended(action).tobytes() == actuators.intended(action).tobytes()
        seen = np.array([0.1, 0.2, 0.3], np.float32)
        assert there.true(seen).tobytes() == actuators.true(seen).tobytes()


def test_a_system_a_without_worlds_tells_of_none() -> None:
    heard = decode_world(WorldWriter().write(HeardWorld(SECOND, 1, 0, NOTHING)), SPEC)
    assert heard.told == NOTHING
    assert heard.told.actuators is None


@pytest.mark.parametrize(('attributes', 'spec', 'said'), [
    ({'worlds': '0 x'}, SPEC, 'expected integers'),
    ({'world': '4'}, SPEC, 'world 4'),
    ({'worlds': '0'}, SPEC, r'shape \(1, 2, 3\)'),
    ({'number': ''}, SPEC, "'number'"),
    ({}, WIDER, r'shape \(2, 3, 4\)')])
def test_what_does_not_fit_is_refused(attributes, spec, said) -> None:
    message = encode(Packet(SECOND, {
        'change': np.zeros(1), 'doubt': np.zeros(1), 'maps': np.zeros((2, 2, 3))},
        {'world': '0', 'worlds': '0 3', 'began': '0', 'since': '0', 'number': '1', **attributes}))
    with pytest.raises(AbmError, match=said):
        decode_world(message, spec)


def test_the_teller_follows_since_when_a_world_is_what_it_is() -> None:
    teller = WorldTeller(60)
    life = [told(0, worlds=[0]), told(0, change=0.9, worlds=[0]), told(1, 1, 1.0, [0, 1]),
            told(1, 2, 1.0, [0, 1]), told(0, 1, 1.0, [0, 1])]
    heard = [decode_world(teller.tell((n + 1) * SECOND, world), SPEC)
             for n, world in enumerate(life)]
    assert [h.number for h in heard] == [1, 2, 3, 4, 5]
    assert [h.since_ns // SECOND for h in heard] == [0, 0, 2, 2, 4]
    said = teller.tell_system_m(SystemATelemetry(), '#0 does not answer')
    assert (said.worlds_opened, said.worlds_relearned, said.worlds_recalled) == (1, 1, 1)
    assert (said.world, said.worlds, said.world_age, said.doubt) == (0, 2, 1.0, 0.25)
    assert said.actuators == '#0 does not answer'
    assert said.change == 1.0       # the most since the last word, since words are rare
    teller.tell(6 * SECOND, told(0, change=0.125))
    assert teller.tell_system_m(SystemATelemetry(), '').change == 0.125
