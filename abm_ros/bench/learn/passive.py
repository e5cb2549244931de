"""
Whether acting makes better data: A's model from purposeful and from random behaviour.

Two agents of one seed live the same number of steps, one in mode task, one at random; a third,
of a seed of its own, then acts with purpose in a body of its own, and both models predict what it
met. The error is that of the readout in the observation's own units, each number divided by its
standard deviation in the held-out data, relative to predicting no change (1). A second held-out
set, of random behaviour, says what is given up.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from abm_ros.agent.agent import Agent
from abm_ros.agent.frozen import FrozenAgent
from abm_ros.agent.life import LivedStep
from abm_ros.bench.common.life import life_in
from abm_ros.bench.learn.trial import MakeBody, Trial, frozen, lives
from abm_ros.bodies.make import make_body
from abm_ros.common.seeds import derive_seed, generator
from abm_ros.common.snapshot import Snapshot, session
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.memory.recorder import Recorder
from abm_ros.memory.replay.draw import Draw
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.policy.controller import ControllerConfig

HORIZON = 5          # steps of the open-loop error
WINDOWS = 1000
EPISODES = 50
SETS = ('purposeful', 'random')
_LEAST = 1e-3        # standard deviation that counts as variation


def compare(trial: Trial, bodies: MakeBody = make_body) -> dict[str, Any]:
    """
    Return the errors of both models of one seed on both held-out sets.

    :param trial: its points are the steps at which to compare.
    """
    teacher = replace(trial, seed=derive_seed(trial.seed, 'bench/teacher') % 2 ** 31)
    expert = _at_end(teacher, bodies)
    held_out = {'purposeful': _held_out(teacher, expert, bodies),
                'random': _held_out(teacher, None, bodies)}
    errors: dict[str, Any] = {'seed': trial.seed, 'steps': list(trial.points)}
    for kind, ablation in (('active', ''), ('passive', 'passive')):
        measured = [{name: model_error(agent.snapshots()[0], batch)
                     for name, batch in held_out.items()}
                    for agent in _at_points(replace(trial, ablation=ablation), bodies)]
        errors[kind] = {name: [list(m[name]) for m in measured] for name in SETS}
        sys.stderr.write(f'{kind} seed {trial.seed} step {trial.points[-1]}: model error '
                         f'{measured[-1]["purposeful"][0]:.3f} where acting with purpose, '
                         f'{measured[-1]["random"][0]:.3f} at random\n')
    return errors


def _at_points(trial: Trial, bodies: MakeBody) -> Iterator[Agent]:
    due = list(trial.points)
    for agent, _ in lives(trial, bodies):
        if due and agent.transitions >= due[0]:
            due.pop(0)
            yield agent


def _at_end(trial: Trial, bodies: MakeBody) -> Agent:
    for agent in _at_points(replace(trial, points=trial.points[-1:]), bodies):
        found = agent
    return found


def _held_out(trial: Trial, expert: Agent | None, bodies: MakeBody) -> Batch:
    """Return windows (WINDOWS, HORIZON) of a frozen agent, babbling where it is None."""
    name = 'babbling' if expert is None else 'expert'
    body = trial.body(bodies, derive_seed(trial.seed, f'bench/{name}') % 2 ** 31)
    try:
        life = life_in(body)
        actor = (frozen(expert, trial.seed)(life.spec) if expert is not None else
                 FrozenAgent(life.spec, ControllerConfig(), None,
                             generator(trial.seed, 'bench/babbling')))
        return windows(life.spec, life.live(actor), generator(trial.seed, 'bench/windows'))
    finally:
        body.close()


def windows(spec: ObservationSpec, lived: Iterator[LivedStep],
            rng: np.random.Generator) -> Batch:
    """Draw windows from the first EPISODES episodes of what is lived."""
    index, episodes = ReplayIndex(spec, EPISODES * (spec.horizon + 2)), 0
    recorder = Recorder(spec, 0)
    for step in lived:
        episodes += step.observation.step == 0
        if episodes > EPISODES:
            break
        for settled in (*recorder.observed(step.observation),
                        *recorder.executed(step.observation.stamp_ns, step.executed)):
            index.append(settled)
    return index.draw(rng, Draw(WINDOWS, HORIZON, hindsight=0.0))


def model_error(snapshot: Snapshot, batch: Batch) -> tuple[float, float]:
    """
    Return the one-step and the open-loop error of a model, predicting no change = 1.

    :param snapshot: of System A.
    :param batch: windows (B, L) that it has not learned from.
    """
    truth, mask = batch.observation.astype(np.float64), batch.mask
    scale = np.maximum(truth[:, 0].std(axis=0), _LEAST)
    latent = session(snapshot.blob('encode'))
    predict = session(snapshot.blob('predict'))
    now = latent.run(None, {'observation': batch.observation[:, 0]})[0]
    error, change = [], []
    for t in range(mask.shape[1]):
        now, seen = predict.run(['next', 'observation'],
                                {'latent': now, 'action': batch.action[:, t]})
        error.append(_energy((seen - truth[:, t + 1]) / scale, mask[:, t]))
        change.append(_energy((truth[:, 0] - truth[:, t + 1]) / scale, mask[:, t]))
    return error[0] / change[0], sum(error) / sum(change)


def _energy(gap: np.ndarray, mask: np.ndarray) -> float:
    return float((np.square(gap).sum(axis=-1) * mask).sum())


def summarise(seeds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    Return the ratio passive / active of the errors: geometric mean, 95 % interval over seeds.

    Above 1 the actively gathered data made the better model. The interval is Student's of the
    paired log ratios; [None, None] for a single seed.
    """
    out: dict[str, Any] = {'steps': seeds[0]['steps'], 'seeds': list(seeds)}
    for name in SETS:
        for column, what in enumerate(('one_step', 'open_loop')):
            active, passive = (np.array([[p[column] for p in seed[kind][name]] for seed in seeds])
                               for kind in ('active', 'passive'))
            out[f'{name}_{what}'] = {
                'active': _rounded(np.median(active, axis=0)),
                'passive': _rounded(np.median(passive, axis=0)),
                'passive_over_active': [interval(column)
                                        for column in np.log(passive / active).T]}
    return out


def interval(logs: np.ndarray) -> dict[str, Any]:
    """Return geometric mean and 95 % interval of ratios from their logarithms (seeds,)."""
    mean, count = float(np.mean(logs)), len(logs)
    ends: list[float | None] = [None, None]
    if count > 1:
        from scipy.stats import t
        half = float(t.ppf(0.975, count - 1) * np.std(logs, ddof=1) / np.sqrt(count))
        ends = [round(float(np.exp(mean - half)), 4), round(float(np.exp(mean + half)), 4)]
    return {'mean': round(float(np.exp(mean)), 4), 'ci95': ends}


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(v), 5) for v in values]
