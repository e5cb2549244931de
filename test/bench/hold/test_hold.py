"""The hold benchmark: what counts as late."""

import pytest

from abm_ros.bench.hold.figures import Held, summarise


def test_a_hold_that_takes_longer_than_a_period_is_late() -> None:
    figures = summarise(Held(
        {'motor_gate': [0.0, 0.012], 'system_m': [0.049, 0.051]},
        {'motor_gate': [0.001, 0.002], 'system_m': [0.02, 0.02]}, [0.001, 0.001]))
    assert (figures['holds'], figures['late']) == (4, 1)
    assert figures['system_m']['max_ms'] == pytest.approx(51.0)
    assert figures['motor_gate']['p50_ms'] == pytest.approx(6.0)
    assert figures['motor_gate_answered']['max_ms'] == pytest.approx(2.0)
    assert figures['floor']['p50_ms'] == pytest.approx(1.0)
