"""Demonstrations on their way into memory."""

import numpy as np
import pytest

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.memory.replay.shown import Shown
from abm_ros.memory.showings import ShowingConfig, Showings

SPEC = ObservationSpec((FieldSpec('tool', 2),), 'tool', 0.1, 2, 0.05, 10)
USUAL = np.full(2, 0.1, np.float32)


class Plain:
    """A model in which an action moves the tool by a tenth of it."""

    spec = SPEC

    def encode(self, observation: np.ndarray) -> np.ndarray:
        return observation

    def predict(self, latent: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return latent + 0.1 * action, np.zeros(len(latent))


def way(to: float, *, teacher: str = 'ann', shown: np.ndarray | None = None) -> list[Observation]:
    rows = np.linspace([0.0, 0.0], [to, 0.0], 6).astype(np.float32)
    return [Observation(n, row, rows[-1], -1, n, True, teacher=teacher, shown=shown, last=n == 5)
            for n, row in enumerate(rows)]


def taken(showings: Showings, seen: list[Observation]) -> bool:
    return [showings.take(one) for one in seen][-1]


def test_actions_that_were_not_shown_are_inferred() -> None:
    showings = Showings(ShowingConfig(), SPEC, Shown(SPEC))
    assert taken(showings, way(0.3))
    steps = showings.steps(Plain(), USUAL, 7)
    assert [(s.episode, s.index, s.provenance, s.mode, s.success) for s in steps] == [
        (7, n, 'teacher', 'observe:ann', n >= 4) for n in range(6)]
    assert steps[-1].action is None
    np.testing.assert_allclose([s.action for s in steps[:-1]], [[0.6, 0.0]] * 5, atol=0.03)


def test_actions_that_were_shown_are_kept() -> None:
    showings = Showings(ShowingConfig(), SPEC, Shown(SPEC))
    assert taken(showings, way(0.25, shown=np.array([0.4, 0.0], np.float32)))
    steps = showings.steps(Plain(), USUAL, 0)
    assert {s.mode for s in steps} == {'imitate:ann'}
    assert all(np.allclose(s.action, [0.4, 0.0]) for s in steps[:-1])


def test_a_part_is_no_demonstration() -> None:
    showings = Showings(ShowingConfig(), SPEC, Shown(SPEC))
    assert not taken(showings, way(0.25)[2:])
    seen = way(0.25)
    assert not taken(showings, [seen[0], seen[2], *seen[3:]])


@pytest.mark.parametrize(('to', 'trusted', 'model', 'text'), [
    (5.0, 0.5, Plain(), 'this body does not move so'),
    (0.25, 0.1, Plain(), 'trust is 0.10'),
    (0.25, 0.5, None, 'no model yet')])
def test_what_is_not_believed_is_refused(to: float, trusted: float, model: Plain | None,
                                         text: str) -> None:
    shown = Shown(SPEC, {'ann': trusted})
    showings = Showings(ShowingConfig(), SPEC, shown)
    assert taken(showings, way(to))
    with pytest.raises(SpecError, match=text):
        showings.steps(model, USUAL, 0)
    assert (showings.taken, showings.refused) == (0, 1)
