"""A life of the forgetting benchmark: two tasks, one after the other, memory full."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from abm_ros.bench.forgetting.figures import EVERY
from abm_ros.common.seeds import generator
from abm_ros.common.snapshot import session
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.forgetting import QuotaConfig, to_forget
from abm_ros.memory.record.compaction import prune
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.replay.draw import Draw
from abm_ros.memory.replay.index import ReplayIndex
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.contract import WorldModelLearner

_HORIZON = 20
_SPEED = 0.15
SPEC = ObservationSpec((FieldSpec('place', 2),), 'place', 0.1, 2, 0.05, _HORIZON)
_CANDIDATES = 64
_UPDATES = 20          # after each episode
_EVALUATED = 40        # episodes
Planner = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class SkillLife:
    """How long each task lasts, how many bytes of steps are kept, and how."""

    episodes: int
    quota_bytes: int
    forgets: str
    pick: str


def live(life: SkillLife, seed: int) -> tuple[list[float], float]:
    """
    Live both tasks.

    :return: the success on task one after every `EVERY` episodes, and on task two at the end.
    """
    rng = generator(seed, 'bench/forgetting')
    config = WorldModelConfig()
    learner: WorldModelLearner = config.learner().create(config, SPEC, seed)
    curve: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Store(
            Path(folder) / 'memory.db', SPEC, StoreConfig()) as store:
        for number in range(2 * life.episodes):
            side = -1.0 if number < life.episodes else 1.0
            for step in _episode(number, side, rng, _planner(learner, rng) if number else None):
                store.append(step)
            store.flush()
            prune(store, _forgotten(store, life))
            _learn(learner, _index(store), rng, life.pick)
            if (number + 1) % EVERY == 0:
                draw_goals = generator(seed, f'bench/forgetting/{number}')
                curve.append(_success(learner, draw_goals, -1.0))
    return curve, _success(learner, generator(seed, 'bench/forgetting/second'), 1.0)


def _forgotten(store: Store, life: SkillLife) -> list[int]:
    """Return the episodes to forget, so that the rest fits."""
    episodes = store.episodes()
    if life.forgets == 'worth':
        return to_forget(episodes, QuotaConfig(quota_bytes=life.quota_bytes))
    held = np.cumsum([e.bytes for e in reversed(episodes)])
    return [e.episode for e, size in zip(reversed(episodes), held, strict=True)
            if size > life.quota_bytes]


def _index(store: Store) -> ReplayIndex:
    index = ReplayIndex(SPEC, 1 << 16)
    index.extend(store.blocks())
    return index


def _learn(learner: WorldModelLearner, index: ReplayIndex, rng: np.random.Generator,
           pick: str) -> None:
    for _ in range(_UPDATES):
        learner.learn(index.draw(rng, Draw(64, 2, pick)))


def _success(learner: WorldModelLearner, rng: np.random.Generator, side: float) -> float:
    """Return the share of a task's episodes that reach their goals, without learning."""
    planner = _planner(learner, rng)
    return float(np.mean([any(step.success for step in _episode(0, side, rng, planner))
                          for _ in range(_EVALUATED)]))


def _episode(number: int, side: float, rng: np.random.Generator,
             planner: Planner | None) -> list[Step]:
    """Live an episode on one side of the plane, where the motors act in their own direction."""
    place, goal = (np.array([side * 1.5, 0.0]) + rng.uniform(-0.5, 0.5, (2, 2))).astype(np.float32)
    steps = []
    for index in range(_HORIZON + 1):
        success = bool(SPEC.reached(place, goal))
        action = None
        if not success and index < _HORIZON:
            babbles = planner is None or rng.random() < 0.1
            action = (rng.uniform(-1, 1, 2).astype(np.float32) if babbles or planner is None
                      else planner(place, goal))
        steps.append(Step(number, index, number * 100 + index, place, goal, action, 'task',
                          success))
        if action is None:
            break
        place = place - np.float32(side * _SPEED) * action
    return steps


def _planner(learner: WorldModelLearner, rng: np.random.Generator) -> Planner:
    """Return a planner of one step ahead over the learned model."""
    published = learner.snapshot()
    encode, predict = session(published.blob('encode')), session(published.blob('predict'))

    def plan(seen: np.ndarray, goal: np.ndarray) -> np.ndarray:
        actions = rng.uniform(-1, 1, (_CANDIDATES, 2)).astype(np.float32)
        latent = encode.run(['latent'], {'observation': seen[np.newaxis]})[0]
        after = predict.run(['observation'], {
            'latent': np.repeat(latent, _CANDIDATES, 0), 'action': actions})[0]
        best: np.ndarray = actions[np.square(after - goal).sum(1).argmin()]
        return best

    return plan
