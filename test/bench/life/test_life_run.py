"""The life of an agent on a line whose direction turns round: worlds are found and come back."""

import pytest
from scripted_body import LineBody

from abm_ros.bench.life import run
from abm_ros.bodies.shift import body
from abm_ros.bodies.shift.script import Event, LifeScript
from abm_ros.policy.planner import Objective

SCRIPT = LifeScript('line', 420, (Event(180, 'gain', -1.0, until=300),))


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, 'make_body', lambda name, settings: LineBody(
        seed=settings['seed'], tolerance=0.1))


def test_a_change_is_found_and_the_old_world_is_recalled() -> None:
    lived = run.live('abm', SCRIPT, 3, Objective(exploration=0.05))
    (found, other), (back, first) = lived.beliefs
    assert (other, first) == (1, 0)
    assert 180 < found <= 200
    assert 300 < back <= 320
    won = [reached for begin, _, reached in lived.episodes if begin > 200]
    assert sum(won) > 0.8 * len(won)
    assert lived.unsafe == 0


def test_a_frozen_agent_fails_where_its_world_has_changed() -> None:
    lived = run.live('frozen', SCRIPT, 3, Objective(exploration=0.05))
    assert lived.beliefs == []
    won = [reached for begin, end, reached in lived.episodes if begin >= 185 and end <= 300]
    assert sum(won) < 0.5 * len(won)
