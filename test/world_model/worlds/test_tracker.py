"""Worlds of a simulated arm whose model is exact: what is found, when, and what is not."""

import numpy as np
import pytest

from abm_ros.common.errors import SnapshotError
from abm_ros.common.spec import FieldSpec
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.config import WorldsConfig
from abm_ros.world_model.worlds.tracker import WorldTracker

SIZE, NUMBERS, NOISE = 3, 5, 0.05
STEP = np.full(NUMBERS, 0.4)      # usual step of each number, and so the unit of errors


class Arm:
    """Numbers move by G(x) u, u = M a + b, with noise; the model knows G but neither M nor b."""

    def __init__(self, seed: int, *, television: bool = False) -> None:
        self.rng = np.random.default_rng(seed)
        self.effect = self.rng.normal(size=(NUMBERS, SIZE)) * 0.4
        self.turn = self.rng.normal(size=(NUMBERS, SIZE, SIZE)) * 0.1
        self.numbers = np.zeros(NUMBERS)
        self.matrix, self.bias = np.eye(SIZE), np.zeros(SIZE)
        self.television = television

    def moved(self, start: np.ndarray, effective: np.ndarray) -> np.ndarray:
        here = self.effect + self.turn @ np.sin(start[:SIZE])
        return start + effective @ here.T

    def live(self, tracker: WorldTracker, steps: int, doubt: float = 0.1,
             pixels: np.ndarray | None = None) -> list:
        beliefs = []
        for _ in range(steps):
            start, action = self.numbers.copy(), self.rng.uniform(-1, 1, SIZE)
            after = self.moved(start, self.matrix @ action + self.bias)
            after = after + NOISE * STEP * self.rng.normal(size=NUMBERS)
            if self.television:
                after[-1] = self.rng.normal() * 3.0

            def predict(starts, effective):
                starts = np.broadcast_to(starts, (len(effective), NUMBERS))
                return (np.array([self.moved(x, u) for x, u in zip(starts, effective,
                                                                    strict=True)]),
                        np.full(len(effective), doubt))

            beliefs.append(tracker.observe(predict, start, action.astype(np.float32), after,
                                           pixels))
            self.numbers = np.clip(after, -2, 2)
        return beliefs


def tracker(**settings) -> WorldTracker:
    return WorldTracker(WorldsConfig(**settings), SIZE)


CHANGES = {
    'sign': -np.eye(SIZE), 'ring': np.roll(np.eye(SIZE), 1, 0), 'gain': 0.4 * np.eye(SIZE),
    'double': 2.0 * np.eye(SIZE), 'stuck': np.diag([1.0, 0.0, 1.0])}


@pytest.mark.parametrize('kind', CHANGES)
@pytest.mark.parametrize('seed', range(3))
def test_a_change_of_the_actuators_is_found_and_learned(kind: str, seed: int) -> None:
    arm, worlds = Arm(seed), tracker()
    assert {b.world for b in arm.live(worlds, 200)} == {0}
    arm.matrix = CHANGES[kind]
    beliefs = arm.live(worlds, 40)
    found = next(i for i, b in enumerate(beliefs) if b.world == 1)
    assert found < 10
    # Never more transitions than there were since the change, but for those that fitted by chance.
    assert beliefs[found].began <= found + 3
    np.testing.assert_allclose(worlds.map.mean[:, :SIZE], CHANGES[kind], atol=0.15)


def test_a_known_world_is_recalled_and_not_opened_again() -> None:
    arm, worlds = Arm(5), tracker()
    arm.live(worlds, 200)
    for _ in range(2):
        for number, matrix in ((1, -np.eye(SIZE)), (0, np.eye(SIZE))):
            arm.matrix = matrix
            beliefs = arm.live(worlds, 60)
            assert [b.world for b in beliefs[10:]] == [number] * 50
    assert sorted(worlds.maps) == [0, 1]


def test_a_tracker_of_a_later_process_knows_the_worlds_again() -> None:
    arm, before = Arm(5), tracker()
    arm.live(before, 150)
    arm.matrix = -np.eye(SIZE)
    arm.live(before, 60)
    after = tracker()
    after.restore({name: value.copy() for name, value in before.state().items()})
    assert after.world == 1
    arm.matrix = np.eye(SIZE)               # as it was at first
    beliefs = arm.live(after, 20)
    assert [b.world for b in beliefs[10:]] == [0] * 10
    arm.matrix = np.roll(np.eye(SIZE), 1, 0)
    assert arm.live(after, 20)[-1].world == 2


@pytest.mark.parametrize('change', [
    {'mean': np.zeros((1, 2, 3))}, {'counts': np.array([7, 1, 0, 0])},
    {'counts': np.zeros(2)}, {'covariance': np.zeros((1, 3, 3))}, {'units': np.zeros((4, 9))}])
def test_the_state_of_another_body_is_refused(change: dict) -> None:
    arm, before = Arm(5), tracker()
    arm.live(before, 80)
    with pytest.raises(SnapshotError, match='worlds is'):
        tracker().restore({**before.state(), **change})


@pytest.mark.parametrize('television', [False, True])
def test_an_unchanged_world_raises_no_alarm(television: bool) -> None:
    for seed in range(3):
        worlds = tracker()
        beliefs = Arm(seed, television=television).live(worlds, 1500)
        assert {b.world for b in beliefs} == {0}


def test_one_blow_proves_nothing() -> None:
    arm, worlds = Arm(2), tracker()
    arm.live(worlds, 200)
    here, moved, still = arm.numbers, arm.moved, np.zeros(SIZE, np.float32)
    worlds.observe(lambda _, u: (np.array([moved(here, x) for x in u]), np.full(len(u), 0.1)),
                   here, still, moved(here, still) + 1.5)
    assert {b.world for b in arm.live(worlds, 60)} == {0}


def test_intended_actions_have_the_effect_that_was_meant() -> None:
    mean = np.concatenate([np.diag([-1.0, 0.5, 2.0]), [[0.1], [0.0], [-0.2]]], axis=1)
    known = ActuatorMap(mean, np.zeros((12, 12)))
    wanted = np.array([[0.3, -0.2, 0.5], [0.0, 0.0, 0.0]], np.float32)
    np.testing.assert_allclose(known.effective(known.intended(wanted)), wanted, atol=0.03)
    assert np.abs(known.intended(np.full(3, 9.0))).max() <= 1.0


def test_a_map_is_what_least_squares_find() -> None:
    """Against numpy's solution of the same linear problem, with a prior as good as none."""
    rng = np.random.default_rng(0)
    effect = rng.normal(size=(NUMBERS, SIZE))
    truth = rng.normal(size=(SIZE, SIZE + 1))
    actions = rng.uniform(-1, 1, (30, SIZE))
    terms = np.concatenate([actions, np.ones((30, 1))], axis=1)
    seen = terms @ truth.T @ effect.T + 0.1 * rng.normal(size=(30, NUMBERS))
    belief = ActuatorMap.identity(SIZE).opened(1e3, 1e3, 1e3)
    for action, numbers in zip(actions, seen, strict=True):
        error = numbers - effect @ (belief.mean @ np.append(action, 1.0))
        belief = belief.updated(belief.expect(action, error, effect, 0.01 * np.eye(NUMBERS)))
    design = np.einsum('va,nh->nvah', effect, terms).reshape(30 * NUMBERS, -1)
    expected = np.linalg.lstsq(design, seen.ravel(), rcond=None)[0].reshape(truth.shape)
    np.testing.assert_allclose(belief.mean, expected, atol=1e-3)


def test_an_error_that_repeats_with_its_action_proves_little() -> None:
    """A young model errs in the same way while the same is done, and elsewhere not at all."""
    arm, worlds, rng = Arm(4), tracker(), np.random.default_rng(4)
    arm.live(worlds, 200)
    start, action = arm.numbers, np.array([0.9, -0.8, 0.7], np.float32)
    wrong = 0.2 * arm.effect @ np.array([-1.0, 1.0, 0.5])
    for _ in range(5):
        after = arm.moved(start, action) + wrong + NOISE * STEP * rng.normal(size=NUMBERS)
        assert worlds.observe(lambda _, u: (np.array([arm.moved(start, x) for x in u]),
                                            np.full(len(u), 0.1)),
                              start, action, after).world == 0


def test_a_world_that_turned_out_to_be_the_old_one_is_merged_with_it() -> None:
    arm, worlds = Arm(6), tracker(settle_steps=60)
    arm.live(worlds, 200)
    assert worlds.turn_to(None) == 1
    beliefs = arm.live(worlds, 80)
    merged = next(b for b in beliefs if b.world == 0)
    assert sorted(worlds.maps) == [0]
    assert merged.began >= beliefs.index(merged)      # all of its steps are of the old world


def test_no_more_worlds_are_remembered_than_there_is_room_for() -> None:
    arm, worlds = Arm(7), tracker(max_worlds=3, settle_steps=20)
    arm.live(worlds, 200)
    for gain in (-1.0, 0.4, 2.0, -0.5):
        arm.matrix = gain * np.eye(SIZE)
        arm.live(worlds, 60)
        assert len(worlds.maps) <= 3
    assert 0 in worlds.maps
    np.testing.assert_allclose(worlds.map.mean[:, :SIZE], arm.matrix, atol=0.15)


ROOM = np.random.default_rng(3).random((8, 16)).repeat(6, 0).repeat(6, 1)


def seen_from(across: int) -> np.ndarray:
    return ROOM[:, across:across + 48].ravel()


def with_camera() -> tuple[Arm, WorldTracker]:
    """Return an arm that has lived in sight of a camera, and its tracker."""
    arm = Arm(5)
    found = WorldTracker(WorldsConfig(), SIZE, images=(FieldSpec('eye', 48 * 48, (1, 48, 48)),))
    assert {b.world for b in arm.live(found, 150, pixels=seen_from(0))} == {0}
    return arm, found


def test_a_camera_that_is_moved_makes_a_world_with_the_same_actuators() -> None:
    arm, found = with_camera()
    worlds = [b.world for b in arm.live(found, 300, pixels=seen_from(5))]
    assert worlds.index(1) < 10
    assert worlds[10:] == [1] * 290
    assert found.moved_cameras == ['eye']
    assert (found.map.mean == found.maps[0].mean).all()
    worlds = [b.world for b in arm.live(found, 300, pixels=seen_from(0))]
    assert worlds[10:] == [0] * 290
    assert found.moved_cameras == []


def test_actuators_that_change_where_a_camera_was_moved_make_a_third_world() -> None:
    arm, found = with_camera()
    arm.live(found, 100, pixels=seen_from(5))
    arm.matrix = -np.eye(SIZE)
    assert arm.live(found, 50, pixels=seen_from(5))[-1].world == 2
    arm.matrix = np.eye(SIZE)
    assert arm.live(found, 50, pixels=seen_from(5))[-1].world == 1


def test_a_later_process_knows_from_where_each_world_was_seen() -> None:
    arm, found = with_camera()
    arm.live(found, 100, pixels=seen_from(5))
    later = WorldTracker(WorldsConfig(), SIZE, images=found.images)
    later.restore(found.state())
    assert later.moved_cameras == ['eye']
    assert arm.live(later, 30, pixels=seen_from(0))[-1].world == 0
