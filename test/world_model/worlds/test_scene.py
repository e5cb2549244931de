"""A camera that is moved is told from all else that changes a picture."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from abm_ros.common.spec import FieldSpec
from abm_ros.world_model.worlds.scene import Camera, Cameras

SIDE, KNOWN, THEN = 48, 120, 30
RNG = np.random.default_rng(0)
# Furniture: rectangles of all sizes, far beyond the picture.
ROOM = np.full((3 * SIDE, 3 * SIDE), 0.5)
for _ in range(150):
    down, across = RNG.integers(0, 3 * SIDE, 2)
    high, wide = RNG.integers(4, 24, 2)
    ROOM[down:down + high, across:across + wide] = RNG.random()


def picture(step: int, *, moved: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Return a picture (3, H, W) of the room with an arm that swings in front."""
    down, across = SIDE + moved[0], SIDE + moved[1]
    seen = ROOM[down:down + SIDE, across:across + SIDE].copy()
    tip = int(24 + 20 * np.sin(step / 5)) - moved[1]
    seen[10:40, max(tip - 3, 0):max(tip + 3, 0)] = 0.0
    return np.broadcast_to(seen, (3, SIDE, SIDE)).copy()


def watched(then: Callable[[int], np.ndarray], camera: Camera | None = None,
            steps: Iterable[int] = range(KNOWN, KNOWN + THEN)) -> tuple[Camera, list[int]]:
    """Return a camera that knows the room, and the pictures after which it was moved."""
    if camera is None:
        camera = Camera()
        assert sum(camera.take(picture(step)) for step in range(KNOWN)) == 0
    return camera, [step - KNOWN for step in steps if camera.take(then(step))]


@pytest.mark.parametrize('moved', [(0, 3), (-2, 0), (4, -4), (0, 20)])
def test_a_camera_that_is_moved_is_found_within_ten_pictures(moved: tuple[int, int]) -> None:
    camera, found = watched(lambda step: picture(step, moved=moved))
    assert len(found) == 1
    assert found[0] < 10
    assert camera.view == 1


def test_a_camera_that_is_carried_away_slowly_is_found() -> None:
    _, found = watched(lambda step: picture(step, moved=(0, min(step - KNOWN, 10))))
    assert found


def brighter(step: int) -> np.ndarray:
    return np.minimum(1.4 * picture(step), 1.0)


def darker(step: int) -> np.ndarray:
    return 0.4 * picture(step)


def with_television(step: int) -> np.ndarray:
    seen = picture(step)
    seen[:, :36, :30] = np.random.default_rng(step).random((3, 36, 30))
    return seen


def with_visitor(step: int) -> np.ndarray:
    """A third of the room is behind somebody who shifts from foot to foot."""
    seen, left = picture(step), 2 + step % 2
    seen[:, 4:, left:left + 16] = 0.3
    return seen


def covered(step: int) -> np.ndarray:
    return np.zeros((3, SIDE, SIDE))


@pytest.mark.parametrize('then', [picture, brighter, darker, with_television, with_visitor,
                                  covered])
def test_nothing_else_moves_a_camera(then: Callable[[int], np.ndarray]) -> None:
    _, found = watched(then, steps=range(KNOWN, KNOWN + 200))
    assert found == []


def test_a_view_is_known_again() -> None:
    camera, _ = watched(lambda step: picture(step, moved=(0, 6)), steps=range(KNOWN, 300))
    assert camera.view == 1
    watched(picture, camera)
    assert (camera.view, len(camera.views)) == (0, 2)


def test_a_camera_that_the_robot_carries_says_nothing() -> None:
    camera, alarms = Camera(), 0
    for step in range(300):
        alarms += camera.take(picture(step, moved=(int(20 * np.sin(step / 7)), step % 17)))
    assert alarms == 0


def test_a_later_process_knows_the_views() -> None:
    images = (FieldSpec('left', 3 * SIDE * SIDE, (3, SIDE, SIDE)),
              FieldSpec('right', 3 * SIDE * SIDE, (3, SIDE, SIDE)))

    def seen(step: int, across: int = 0) -> np.ndarray:
        return np.concatenate([picture(step).ravel(), picture(step, moved=(0, across)).ravel()])

    cameras, later = Cameras(images), Cameras(images)
    for step in range(KNOWN):
        cameras.take(seen(step))
    later.restore(cameras.state())
    assert [step for step in range(10) if later.take(seen(step, 5))] == [5]
    assert later.scene == (0, 1)
