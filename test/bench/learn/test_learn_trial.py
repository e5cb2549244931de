from dataclasses import replace

import numpy as np
import pytest
from scripted_body import LineBody, Steady

from abm_ros.agent.settings import AgentSettings
from abm_ros.bench.common.life import life_in
from abm_ros.bench.learn import trial
from abm_ros.bench.learn.trial import Protocol, Trial
from abm_ros.memory.schedule import ScheduleConfig, WarmUpConfig
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.controller import ControllerConfig
from abm_ros.policy.planner import Objective
from abm_ros.world_model.config import WorldModelConfig

QUICK = AgentSettings(
    warm_up=WarmUpConfig(15),
    schedule=ScheduleConfig(learn_every=10, updates=5, first_updates=20),
    world=WorldModelConfig(latent=4, members=2, hidden=8, encoder_hidden=8, batch=16),
    actor=ActorConfig(hidden=8, batch=16),
    planner=ControllerConfig(candidates=8, proposals=2, elites=2, iterations=1))
TRIAL = Trial('abm', 'line', 3, (10, 20, 30), Protocol(episodes=3, full=True),
              settings=QUICK, objective=Objective(exploration=0.1))


def shares(goals, action):
    # A full action moves 0.1 in each of 10 steps: the point ends at 10 times as much.
    body = LineBody(goals, ends_at_success=False)
    return trial.count_success(life_in(body).live(Steady(action)), len(goals))


@pytest.mark.parametrize(('goals', 'action', 'expected'), [
    ([1.0], 1.0, (1.0, 1.0)),                    # reached at the last step
    ([0.5], 1.0, (1.0, 0.0)),                    # passed by
    ([2.0], 1.0, (0.0, 0.0)),                    # too far
    ([0.0], 0.0, (1.0, 1.0)),                    # never left
    ([0.0], 1.0, (0.0, 0.0)),                    # left in the first step
    ([0.5, 1.0, 2.0, 0.7], 1.0, (0.75, 0.25))])
def test_native_and_strict_success_of_a_known_outcome(goals, action, expected):
    assert shares(goals, action) == expected


def test_an_evaluation_has_a_body_of_its_own_and_closes_it():
    made = []

    def bodies(env, settings):
        made.append((LineBody(**settings), settings))
        return made[-1][0]

    scores = [trial.evaluate(replace(TRIAL, seed=seed), steps, lambda _: Steady(1.0), bodies)
              for seed, steps in ((1, 50), (1, 50), (1, 75), (2, 50))]
    assert all(body.closed for body, _ in made)
    assert not any(settings['ends_at_success'] for _, settings in made)
    seeds = [settings['seed'] for _, settings in made]
    assert seeds[0] == seeds[1]
    assert len({*seeds, 1, 2}) == 5             # unlike each other and the seeds trained on
    assert scores[0] == scores[1]


def trajectory(evaluated):
    """Return what was lived and learned in 30 steps, with or without evaluations on the way."""
    steps = []
    for agent, lived in trial.lives(TRIAL, lambda _, settings: LineBody(**settings)):
        if evaluated and agent.transitions in (5, 16, 20, 28):
            trial.evaluate(TRIAL, agent.transitions, trial.frozen(agent, 3),
                               lambda _, settings: LineBody(**settings))
        steps.append(np.concatenate([lived.observation.vector, lived.action, lived.executed]))
    a, b = agent.snapshots()
    return np.array(steps), a.to_bytes(), b.to_bytes()


def test_evaluations_change_nothing_in_the_agent_that_learns():
    alone, measured = trajectory(False), trajectory(True)
    assert len(alone[0]) >= 30
    assert np.array_equal(alone[0], measured[0])
    assert alone[1:] == measured[1:]


def test_a_life_is_evaluated_at_its_points_and_repeats_itself():
    def bodies(_, settings):
        return LineBody(**settings)

    first, second = (trial.learn(TRIAL, bodies) for _ in range(2))
    assert [score.steps for score in first.scores] == [10, 20, 30]
    assert first.scores == second.scores
    assert all(first.step_ms[what] > 0 for what in ('update_a', 'update_b', 'act'))


def test_a_life_ends_once_both_thresholds_were_reached():
    def bodies(_, settings):
        return LineBody([0.51], tolerance=0.5, **settings)     # half of the line is the goal

    easy = replace(TRIAL, protocol=Protocol(threshold=0.01, episodes=20))
    assert len(trial.learn(easy, bodies).scores) == 2
    assert len(trial.learn(replace(easy, protocol=Protocol(0.01, 20, full=True)),
                               bodies).scores) == 3


def test_what_is_frozen_does_not_explore():
    for agent, _ in trial.lives(TRIAL, lambda _, settings: LineBody(**settings)):
        agent.objective = Objective(exploration=1.0)
    acting = [trial.frozen(agent, seed)(agent.world.spec) for seed in (1, 2)]
    body = LineBody([0.3])
    first = next(life_in(body).live(Steady(0.0))).observation
    # The first action is the policy's: seeds would differ only in exploration.
    assert np.array_equal(*(a.act(first) for a in acting))
