"""What is told of a life, from lives whose figures are known by hand."""

import numpy as np
import pytest

from abm_ros.bench.life.agents import check
from abm_ros.bench.life.figures import (
    figures_of,
    interval,
    median,
    recovery,
    success_of,
    summarise,
)
from abm_ros.bench.life.run import Lived
from abm_ros.bodies.shift.script import Event, LifeScript
from abm_ros.common.errors import ConfigError

# World 0 to step 100, world 1 to 200, then world 0 again; episodes of 5 steps.
SCRIPT = LifeScript('bullet:reach', 300, (Event(100, 'gain', -1.0, until=200),))


def lived(wins, beliefs=(), agent='abm', seed=0) -> Lived:
    episodes = [(5 * n, 5 * n + 5, wins(5 * n)) for n in range(60)]
    return Lived(agent, seed, 300, episodes, list(beliefs))


def test_recovery_begins_with_the_first_of_ten_successes_in_a_row() -> None:
    late = lived(lambda step: step < 100 or step >= 130)
    assert recovery(late, 100, 200) == 35          # the episode from 130 to 135 is the first
    assert recovery(late, 200, 300) == 5
    assert recovery(lived(lambda step: step < 100 or step >= 160), 100, 200) is None
    assert recovery(lived(lambda step: step % 10 == 0), 100, 300) is None


def test_figures_of_a_life() -> None:
    found = figures_of(lived(lambda step: not 100 <= step < 130, [(103, 1), (201, 0)]), SCRIPT)
    assert found == {
        'auc': 0.9, 'recover_steps': [35, 5], 'remember_steps': [5], 'forgetting': [0.0],
        'found_steps': [3, 1], 'missed': 0, 'false_alarms': 0, 'unsafe': 0, 'step_ms': 0.0}


def test_an_alarm_without_a_change_is_false_and_a_change_without_one_is_missed() -> None:
    found = figures_of(lived(lambda step: True, [(50, 1), (70, 0), (170, 2)]), SCRIPT)
    assert (found['false_alarms'], found['missed']) == (3, 1)
    assert found['found_steps'] == [70, None]


def test_success_counts_by_the_step_and_the_open_episode_does_not() -> None:
    one = Lived('abm', 0, 20, [(0, 4, True), (4, 14, False)])
    each = success_of(one)
    assert np.isnan(each[14:]).all()
    assert (each[:4].sum(), each[4:14].sum()) == (4.0, 0.0)


def test_agents_are_compared_seed_by_seed() -> None:
    lives = [lived(lambda step, n=n: step >= 20 * n, agent='abm', seed=n) for n in range(4)]
    lives += [lived(lambda step, n=n: step >= 20 * n + 30, agent='always', seed=n)
              for n in range(4)]
    found = summarise(lives, SCRIPT)
    # The difference is 30 of 300 steps in every pair, whatever the seeds differ among themselves.
    assert found['pairs']['abm - always'] == {'mean': pytest.approx(0.1), 'ci95': [0.1, 0.1]}
    assert found['agents']['abm']['auc_ci'][0] < found['agents']['abm']['auc_ci'][1]


def test_a_life_is_drawn_with_and_without_a_change_of_belief(tmp_path) -> None:
    plot = pytest.importorskip('abm_ros.bench.life.plot')
    pytest.importorskip('matplotlib')
    file = tmp_path / 'life.png'
    plot.draw([lived(lambda step: True, [(103, 1), (201, 0)]),
               lived(lambda step: step < 100, agent='always')], SCRIPT, file)
    assert file.read_bytes()[:4] == b'\x89PNG'


def test_never_is_later_than_everything() -> None:
    assert median([3, None, 5]) == 5
    assert median([None, None, 5]) is None
    assert interval(np.array([0.5]), np.random.default_rng(0)) == {
        'mean': 0.5, 'ci95': [None, None]}


@pytest.mark.parametrize('name', ['amb', 'recent-', 'recent-1', 'recent-x', ''])
def test_an_unknown_agent_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match='expected some of abm, always'):
        check(name)


def test_of_a_grid_the_best_counts() -> None:
    lives = [lived(lambda step, late=late: step >= late, agent=name, seed=n)
             for name, late in (('abm', 0), ('recent-100', 60), ('recent-300', 30))
             for n in range(2)]
    found = summarise(lives, SCRIPT)
    assert found['agents']['recent']['best_of_grid'] == 'recent-300'
    assert found['pairs']['abm - recent'] == found['pairs']['abm - recent-300']
