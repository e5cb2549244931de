"""What heartbeats may say of the motors."""

from abm_ros.nodes.effectors.gate_control import GateControl


def test_only_who_knows_of_the_last_closing_opens() -> None:
    gate = GateControl()
    first = gate.close()
    assert not gate.is_open
    second = gate.close()
    gate.open(first, held=False)
    assert not gate.is_open
    gate.open(second, held=True)
    assert not gate.is_open
    gate.open(second, held=False)
    assert gate.is_open
    gate.close()
    assert not gate.is_open


def test_a_heartbeat_says_open_only_while_decisions_come_round() -> None:
    gate = GateControl()
    gate.open(gate.close(), held=False)
    assert not gate.says_open(0.0), 'nobody decided yet'
    gate.turned(10.0)
    assert gate.says_open(13.0)
    assert not gate.says_open(13.1)
    gate.turned(20.0)
    assert gate.says_open(20.0)
    gate.close()
    assert not gate.says_open(20.0)
