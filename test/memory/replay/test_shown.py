"""What teachers showed: what is learned from it, and what own experience says of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step, corrected_by, label_of
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.replay.draw import Draw
from abm_ros.memory.replay.index import ReplayIndex

TOLD = ObservationSpec((FieldSpec('tool', 2),), 'tool', 1.0, 1, 0.05, 10, told=True)


def walked(episode: int, ends_at: float, *, teacher: str = '', success: bool = False,
           length: int = 5) -> list[Step]:
    """Return an episode along a line; a teacher's ends in what is shown to be a success."""
    steps = []
    for n in range(length):
        last, at = n == length - 1, ends_at * n / (length - 1)
        won = last and (success or bool(teacher))
        steps.append(Step(
            episode, n, n, np.array([at, 0.0], np.float32), np.zeros(2, np.float32),
            None if last else np.zeros(1, np.float32),
            label_of(teacher, shown=False) if teacher else 'task', won,
            'teacher' if teacher else 'self', told=True))
    return steps


def walk(index: ReplayIndex, episode: int, ends_at: float, *, teacher: str = '',
         success: bool = False) -> None:
    """Append such an episode."""
    for step in walked(episode, ends_at, teacher=teacher, success=success):
        index.append(step)


def drawn(index: ReplayIndex) -> tuple[set[tuple[float, float]], set[float]]:
    """Return weights with what was shown, and the successes of what was shown."""
    batch = index.draw(np.random.default_rng(0), Draw(200, 1, hindsight=0.0, events=0.25))
    assert batch.weight is not None
    assert batch.shown is not None
    assert batch.success is not None
    taught = batch.shown > 0
    return (set(zip(batch.weight.tolist(), batch.shown.tolist(), strict=True)),
            set(batch.success[taught & (batch.weight > 0), 0].tolist()))


def test_without_teachers_batches_tell_nothing_of_them() -> None:
    index = ReplayIndex(TOLD, 100)
    walk(index, 0, 3.0)
    batch = index.draw(np.random.default_rng(0), Draw(8, 1))
    assert batch.weight is None
    assert batch.shown is None


def test_a_claim_counts_by_trust_and_only_its_end_is_a_success() -> None:
    index = ReplayIndex(TOLD, 100)
    walk(index, 0, 3.0)
    walk(index, 1, 9.0, teacher='ann')
    assert drawn(index) == ({(1.0, 0.0), (0.5, 0.5)}, {1.0, -1.0})
    index.shown.trusted = {'ann': 0.75}
    assert drawn(index)[0] == {(1.0, 0.0), (0.75, 0.5)}
    index.shown.trusted = {'ann': 0.1}     # distrusted
    assert drawn(index)[0] == {(1.0, 0.0), (0.0, 0.5)}


@pytest.mark.parametrize('own_comes', ['before', 'after'])
def test_what_own_experience_confirms_counts_in_full(own_comes: str) -> None:
    """A success within the tolerance: it ends the episode before the place itself is reached."""
    index = ReplayIndex(TOLD, 100)
    if own_comes == 'before':
        walk(index, 1, 9.8, success=True)
    walk(index, 0, 9.0, teacher='ann')
    if own_comes == 'after':
        walk(index, 1, 9.8, success=True)
    assert index.shown.evidence() == {'ann': (1, 0)}
    assert drawn(index)[0] == {(1.0, 0.0), (1.0, 0.5)}


def test_a_lie_is_refuted_and_no_success_any_more() -> None:
    index = ReplayIndex(TOLD, 100)
    walk(index, 0, 9.0, teacher='mallory')
    walk(index, 1, 5.0)                    # not near: says nothing
    assert index.shown.evidence() == {'mallory': (0, 0)}
    for episode in range(2, 5):
        walk(index, episode, 9.1)
    assert index.shown.evidence() == {'mallory': (0, 1)}
    assert drawn(index) == ({(1.0, 0.0), (0.0, 0.5)}, set())
    assert not len(index.starts('lived').successes)
    walk(index, 5, 9.0, success=True)      # a verdict counts once
    assert index.shown.evidence() == {'mallory': (0, 1)}


def test_failures_of_before_refute_nothing() -> None:
    """The world may have changed, and the teacher may know."""
    index = ReplayIndex(TOLD, 100)
    for episode in range(5):
        walk(index, episode, 9.0)
    walk(index, 5, 9.0, teacher='ann')
    walk(index, 6, 9.0)
    assert index.shown.evidence() == {'ann': (0, 0)}


def test_what_the_task_did_not_tell_judges_nothing() -> None:
    index = ReplayIndex(TOLD, 100)
    walk(index, 0, 9.0, teacher='ann')
    for episode in range(1, 6):
        for step in walked(episode, 9.0):
            index.append(replace(step, told=False))
    assert index.shown.evidence() == {'ann': (0, 0)}


def test_where_success_is_known_a_claim_is_tried_first() -> None:
    index = ReplayIndex(TOLD, 100)
    walk(index, 0, 3.0, success=True)
    walk(index, 1, 9.0, teacher='ann')
    assert drawn(index)[0] == {(1.0, 0.0), (0.0, 0.5)}


@pytest.mark.parametrize('capacity', [12, 100])
def test_a_restart_finds_the_same_verdicts(tmp_path: Path, capacity: int) -> None:
    """From blocks of the record, which hold own steps and those of teachers."""
    index, steps = ReplayIndex(TOLD, capacity), []
    for lived in (walked(0, 9.0, teacher='ann'), walked(1, 9.2, success=True),
                  walked(2, 9.1, teacher='bob'), walked(3, 5.0, teacher='mallory'),
                  walked(4, 5.0), walked(5, 5.0), walked(6, 5.0)):
        steps += lived
    with Store(tmp_path / 'm.db', TOLD, StoreConfig(commit_count=100)) as store:
        for step in steps:
            index.append(step)
            store.append(step)
        store.flush()
        again = ReplayIndex(TOLD, capacity)
        again.extend(store.blocks())
    assert index.shown.evidence() == {'ann': (1, 0), 'bob': (1, 0), 'mallory': (0, 1)}
    assert again.shown.evidence() == index.shown.evidence()
    assert again.shown.succeeded


def corrected(index: ReplayIndex, episode: int, who: tuple[str, ...]) -> None:
    """Append an own episode whose steps were corrected by these, '' for nobody."""
    for n, teacher in enumerate((*who, '')):
        index.append(Step(
            episode, n, n, np.array([n, 0.0], np.float32), np.zeros(2, np.float32),
            np.zeros(1, np.float32) if n < len(who) else None,
            corrected_by(teacher) if teacher else 'task', False,
            'teacher' if teacher else 'self', told=True))


def test_corrected_steps_are_lived_and_imitated_by_trust() -> None:
    """No transition is lost where a correction begins or ends, and it claims no success."""
    index = ReplayIndex(TOLD, 100)
    corrected(index, 0, ('', 'ann', 'ann', '', 'bob'))
    assert len(index) == 5
    assert index.starts('teacher').transitions.values.tolist() == [1, 2, 4]
    assert index.starts('self').transitions.values.tolist() == [0, 3]
    assert drawn(index)[0] == {(1.0, 0.0), (1.0, -0.5)}
    index.shown.trusted = {'ann': 0.75, 'bob': 0.1}
    weight, shown = index._taught(np.arange(5))
    assert weight is not None
    assert shown is not None
    assert weight.tolist() == [1.0] * 5
    assert shown.tolist() == [0.0, -0.75, -0.75, 0.0, 0.0]
    assert index.shown.evidence() == {}
    batch = index.draw(np.random.default_rng(0), Draw(50, 1, hindsight=0.0))
    assert batch.success is not None
    assert set(batch.success[:, 0].tolist()) == {0.0}


def test_own_success_counts_beside_corrections_and_claims() -> None:
    index = ReplayIndex(TOLD, 100)
    corrected(index, 0, ('ann',))
    walk(index, 1, 9.0, teacher='bob')
    walk(index, 2, 3.0, success=True)
    assert drawn(index)[0] == {(1.0, 0.0), (1.0, -0.5), (0.0, 0.5)}
