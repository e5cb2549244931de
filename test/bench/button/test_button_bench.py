"""`abm bench button`: its figures from lives known by hand, and a short life of each agent."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('pybullet')
pytest.importorskip('torch')

from abm_ros.agent.settings import AgentSettings
from abm_ros.bench.button.figures import summarise
from abm_ros.bench.button.run import AGENTS, Lived, live, success_at
from abm_ros.bench.learn.curve import Score
from abm_ros.bench.learn.trial import Protocol
from abm_ros.cli.main import main
from abm_ros.memory.schedule import ScheduleConfig
from abm_ros.policy.planner import Objective

POINTS = (100, 200, 300)


def lived(agent: str, seed: int, native: list[float], first: int | None = None) -> Lived:
    return Lived(agent, seed, [Score(at, n, 0.5 * n)
                               for at, n in zip(POINTS, native, strict=False)], first)


def test_success_is_held_after_an_early_end() -> None:
    one = lived('abm', 0, [0.5, 1.0])
    np.testing.assert_array_equal(success_at(one, POINTS, 'native'), [0.5, 1.0, 1.0])
    np.testing.assert_array_equal(success_at(one, POINTS, 'strict'), [0.25, 0.5, 0.5])


def test_figures_of_agents() -> None:
    found = summarise([lived('abm', 0, [0.0, 1.0, 1.0], 120), lived('abm', 1, [1.0, 1.0], 60),
                       lived('abm', 2, [0.5, 0.0, 0.0]), lived('random', 0, [0.25])],
                      POINTS, 0.9)['agents']
    assert [entry['mean'] for entry in found['abm']['native']] == [0.5, 0.6667, 0.6667]
    assert found['abm']['native'][1]['ci95'] == [0.0, 1.0]
    assert found['abm']['steps_to_threshold'] == [200, 100, None]
    assert found['abm']['median'] == 200.0
    assert found['abm']['first_success'] == [120, 60, None]
    assert found['abm']['first_success_median'] == 120.0
    assert [entry['mean'] for entry in found['random']['native']] == [0.25] * 3


@pytest.mark.parametrize('name', AGENTS)
def test_each_agent_lives(name: str) -> None:
    settings = AgentSettings(schedule=ScheduleConfig(first_updates=5, updates=2))
    one = live(name, 3, (30,), Protocol(episodes=2), Objective(exploration=0.3), settings)
    assert (one.agent, one.seed) == (name, 3)
    assert [score.steps for score in one.scores] == [30]


def test_chance_is_measured_and_written(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib')
    file = tmp_path / 'figures.json'
    assert main(['bench', 'button', '--agents', 'random', '--seeds', '2', '--steps', '20',
                 '--eval-episodes', '2', '--json', str(file)]) == 0
    figures = json.loads(file.read_text())
    assert figures['points'] == [20]
    assert len(figures['agents']['random']['curve']) == 2
    assert file.with_suffix('.png').exists()


@pytest.mark.parametrize(('options', 'text'), [
    (['--agents', 'abm,best'], "'best' is unknown"), (['--steps', '0'], '--steps 0')])
def test_wrong_options_are_refused(options: list[str], text: str,
                                   capfd: pytest.CaptureFixture[str]) -> None:
    assert main(['bench', 'button', *options]) == 2
    assert text in capfd.readouterr().err
