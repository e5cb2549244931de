"""What `abm bench life` tells of lives: area under success, recovery, memory, false alarms."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from abm_ros.bench.life.agents import GRIDS
from abm_ros.bench.life.run import Lived
from abm_ros.bodies.shift.script import LifeScript

IN_A_ROW = 10          # successes that count as recovered
FOUND_WITHIN = 60      # steps in which a change must be found, or an alarm is false
_RESAMPLES = 2000


def success_of(lived: Lived) -> np.ndarray:
    """Return for each control step (T,) whether its episode succeeds; nan in the open one."""
    each = np.full(lived.steps, np.nan)
    for first, last, reached in lived.episodes:
        each[first:last] = reached
    return each


def recovery(lived: Lived, begin: int, end: int) -> int | None:
    """Return the steps from a change to the first of ten successes in a row; None for never."""
    row: list[int] = []
    for first, last, reached in lived.episodes:
        if first < begin or last > end:
            continue
        row = [*row, last] if reached else []
        if len(row) == IN_A_ROW:
            return row[0] - begin
    return None


def figures_of(lived: Lived, script: LifeScript) -> dict[str, Any]:
    """Return the figures of one life."""
    changes = script.changes()
    ends = [step for step, _ in changes[1:]] + [script.steps]
    recovered = [recovery(lived, begin, end)
                 for (begin, _), end in zip(changes, ends, strict=True)]
    seen, again = {0}, []
    for number, (_, world) in enumerate(changes):
        if world in seen:
            again.append(number)
        seen.add(world)
    each = success_of(lived)
    found = [next((at - begin for at, _ in lived.beliefs if begin <= at < end), None)
             for (begin, _), end in zip(changes, ends, strict=True)]
    alarms = [at for at, _ in lived.beliefs
              if not any(0 <= at - begin <= FOUND_WITHIN for begin, _ in changes)]
    return {'auc': round(float(np.nanmean(each)), 4), 'recover_steps': recovered,
            'remember_steps': [recovered[n] for n in again],
            'forgetting': [_drop(each, changes, n) for n in again],
            'found_steps': found, 'missed': sum(f is None for f in found),
            'false_alarms': len(alarms), 'unsafe': lived.unsafe,
            'step_ms': round(1e3 * lived.busy_s / max(lived.steps, 1), 2)}


def _drop(each: np.ndarray, changes: Sequence[tuple[int, int]], number: int) -> float | None:
    """Return by how much success fell from the end of a world's last stretch to its return."""
    begin, world = changes[number]
    before = [step for step, _ in changes[:number + 1]]
    worlds = [0, *(w for _, w in changes[:number])]
    left = [end for end, w in zip(before, worlds, strict=True) if w == world]
    if not left:
        return None
    end = left[-1]
    then, now = each[max(0, end - 50):end], each[begin:begin + 50]
    if np.isnan(then).all() or np.isnan(now).all():
        return None
    return round(float(np.nanmean(then) - np.nanmean(now)), 4)


def summarise(lives: Sequence[Lived], script: LifeScript, seed: int = 0) -> dict[str, Any]:
    """
    Return the figures of all agents, and paired differences of `abm` to each other.

    :param seed: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    by_agent: dict[str, list[dict[str, Any]]] = {}
    for lived in lives:
        by_agent.setdefault(lived.agent, []).append(figures_of(lived, script))
    best = best_of_grids(by_agent)
    by_agent |= {kind: by_agent[name] for kind, name in best.items()}
    agents = {name: _over_seeds(all_of, rng) for name, all_of in by_agent.items()}
    for kind, name in best.items():
        agents[kind]['best_of_grid'] = name
    pairs = {}
    if 'abm' in by_agent:
        own = np.array([f['auc'] for f in by_agent['abm']])
        pairs = {f'abm - {name}': interval(own - np.array([f['auc'] for f in all_of]), rng)
                 for name, all_of in by_agent.items()
                 if name != 'abm' and len(all_of) == len(own)}
    return {'agents': agents, 'pairs': pairs, 'changes': script.changes()}


def best_of_grids(by_agent: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Return for each kind of agent of which several sizes were tried the best one, by area."""
    best: dict[str, str] = {}
    for kind in GRIDS:
        sizes = [name for name in by_agent if name.startswith(f'{kind}-')]
        if len(sizes) > 1:
            best[kind] = max(sizes, key=lambda name: np.mean([f['auc'] for f in by_agent[name]]))
    return best


def _over_seeds(lives: Sequence[Mapping[str, Any]], rng: np.random.Generator) -> dict[str, Any]:
    found = interval(np.array([f['auc'] for f in lives]), rng)
    columns = {name: [list(c) for c in zip(*(f[name] for f in lives), strict=True)]
               for name in ('recover_steps', 'remember_steps', 'forgetting', 'found_steps')}
    return {'auc': found['mean'], 'auc_ci': found['ci95'],
            **{name: [{'median': median(c), 'seeds': c} for c in cells]
               for name, cells in columns.items()},
            'step_ms': round(float(np.median([f['step_ms'] for f in lives])), 2),
            **{name: sum(f[name] for f in lives) for name in ('unsafe', 'false_alarms', 'missed')}}


def median(values: Sequence[float | None]) -> float | None:
    """Return the median, in which never is later than everything; None where it is never."""
    found = float(np.median([np.inf if v is None else v for v in values]))
    return found if np.isfinite(found) else None


def interval(values: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Return the mean of values (seeds,) and its bootstrap 95 % interval; none of a single one."""
    if len(values) < 2:
        return {'mean': round(float(values.mean()), 4), 'ci95': [None, None]}
    means = rng.choice(values, (_RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return {'mean': round(float(values.mean()), 4),
            'ci95': [round(float(low), 4), round(float(high), 4)]}
