"""
Whether a camera was moved: what stands still in its picture then stands elsewhere.

Edges that stay while the robot moves mark the pose of a camera. They are compared by direction, so
brighter light does not move them. The camera was moved where many are gone at once, where others
stay in their place while the robot moves on (a television shows none that stay), and where those
are the same ones further along, or nearly all are gone (what stands in front hides a few, and
moves none). A camera that the robot carries sees no edge that stays, and nothing is said of it.
Source: gradients as in Dalal and Triggs 2005 (HOG).
Shape letters: C image channels, H and W a picture's height and width, at most 64.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from abm_ros.common.spec import FieldSpec

_SIZE = 64             # pixels of a side: more are averaged
_EDGE = 0.05           # brightness per pixel from which on an edge is one, of a full range of 1
_STEADY = 0.3          # share of its strength by which an edge that stands still may vary
_THERE = 0.25          # share of its strength, in its direction, below which an edge is gone
_MANY = 0.2            # share of the edges that are gone where the camera may have been moved
_STAYS = 0.35          # share of the new edges that have to stay
_MOST = 0.6            # share of the edges that nothing hides: the camera was moved or turned
_FURTHER, _FOUND = 8, 0.75     # pixels by which edges are looked for, and how many fewer are gone
_FEWEST = 20           # edges that say anything
FRAMES = 6            # pictures that a move is believed after
_GIVES_UP = 60         # pictures after which something else is thought to stand there
_LEARNED = 50          # pictures that a view is known after
_MEMORY = 200.0        # pictures over which edges are averaged
_VIEWS = 8             # of a camera that are remembered


def edges(picture: np.ndarray) -> np.ndarray:
    """Return the gradient (2, H, W) of the brightness of a picture (C, H, W) in [0, 1]."""
    gray = picture.mean(0)
    block = max(max(gray.shape) // _SIZE, 1)
    high, wide = (side // block for side in gray.shape)
    gray = gray[:high * block, :wide * block].reshape(high, block, wide, block).mean((1, 3))
    return np.stack(np.gradient(gray)).astype(np.float32)


@dataclass
class View:
    """What stands still as seen from one pose: mean edges and how much they vary, (3, H, W)."""

    known: np.ndarray
    seen: int = 1

    @classmethod
    def of(cls, first: np.ndarray) -> 'View':
        """Begin with the edges (2, H, W) of one picture."""
        return cls(np.concatenate([first, np.zeros_like(first[:1])]))

    def follow(self, found: np.ndarray) -> None:
        """Learn from the edges (2, H, W) of a picture."""
        rate = max(1.0 / _MEMORY, 1.0 / (self.seen + 1))
        apart = np.sqrt(np.square(found - self.known[:2]).sum(0))
        self.known[2] += rate * (apart - self.known[2])
        self.known[:2] += rate * (found - self.known[:2])
        self.seen += 1

    @property
    def still(self) -> np.ndarray:
        """Where an edge stands still, (H, W) bool."""
        strength = _strength(self.known[:2])
        return (strength > _EDGE) & (self.known[2] < _STEADY * strength)

    def gone(self, found: np.ndarray) -> float:
        """Return the share of its edges that are not among those of a picture (2, H, W)."""
        still = self.still
        if still.sum() < _FEWEST:
            return 0.0
        return _missing(self.known[:2, still], found[:, still])

    def is_further_along(self, found: np.ndarray) -> bool:
        """Tell whether its edges are in a picture (2, H, W), some pixels from where they were."""
        still, gone = self.still, self.gone(found)
        steps = range(-_FURTHER, _FURTHER + 1)
        for here, there in ((_overlap(down, across), _overlap(-down, -across))
                            for down in steps for across in steps if down or across):
            kept = still[here]
            if kept.sum() > 0.5 * still.sum() and _missing(
                    self.known[:2][:, *here][:, kept], found[:, *there][:, kept]) < _FOUND * gone:
                return True
        return False


@dataclass
class Camera:
    """
    Follows one camera.

    `view` is the number of the one it has; `moved` counts the pictures that speak for another.
    """

    views: list[View] = field(default_factory=list)
    view: int = 0
    moved: int = 0
    _first: np.ndarray = field(default_factory=lambda: np.zeros(0))
    _stays: float = 0.0
    _since: int = 0

    def take(self, picture: np.ndarray) -> bool:
        """Take a picture (C, H, W) that was seen in motion; tell whether the camera was moved."""
        found = edges(picture)
        if not self.views:
            self.views.append(View.of(found))
            return False
        known = self.views[self.view]
        gone = known.gone(found) if known.seen >= _LEARNED else 0.0
        if gone < _MANY:
            self.moved = self._since = 0
        if gone < _MANY or self.moved >= _GIVES_UP:
            known.follow(found)
            return False
        self.moved += 1
        if not self._since:
            self._first, self._stays = found, 0.0
        self._since += 1
        self._stays += (self._still_there(found, known) - self._stays) / self._since
        if self._since < FRAMES:
            return False
        self._since = 0        # a camera that is still on its way is looked at again
        moved = self._stays >= _STAYS and (gone > _MOST or known.is_further_along(found))
        if moved:
            self._turn(found)
        return moved

    def _still_there(self, found: np.ndarray, known: View) -> float:
        """Return the share of the edges that were new at first which are as they were."""
        strength = _strength(self._first)
        new = (strength > _EDGE) & ~known.still
        if new.sum() < _FEWEST:
            return 0.0
        apart = _strength(found - self._first)[new]
        return float((apart < _STEADY * strength[new]).mean())

    def _turn(self, found: np.ndarray) -> None:
        """Have the view of these edges: one that is known, or a new one."""
        gone = [view.gone(found) if n != self.view and view.still.sum() >= _FEWEST else 1.0
                for n, view in enumerate(self.views)]
        self.moved = 0
        if min(gone) < _MANY:
            self.view = int(np.argmin(gone))
        elif len(self.views) < _VIEWS:
            self.views.append(View.of(found))
            self.view = len(self.views) - 1
        else:
            self.views[self.view] = View.of(found)


class Cameras:
    """
    Follows every camera of a body.

    :param images: the image fields; their order is that of `scene`.
    """

    def __init__(self, images: tuple[FieldSpec, ...]) -> None:
        self._images = images
        self.each = tuple(Camera() for _ in images)

    @property
    def scene(self) -> tuple[int, ...]:
        """The number of the view that each camera has."""
        return tuple(camera.view for camera in self.each)

    @property
    def change(self) -> float:
        """The evidence that a camera was moved, as a share of what would be believed."""
        return max((min(one.moved / FRAMES, 1.0) for one in self.each), default=0.0)

    def take(self, pixels: np.ndarray) -> bool:
        """Take the pixels (P,) in [0, 1] of all images; tell whether any camera was moved."""
        ends = np.cumsum([image.size for image in self._images])
        moved = [camera.take(part.reshape(image.shape)) for camera, image, part in
                 zip(self.each, self._images, np.split(pixels, ends[:-1]), strict=True)]
        return any(moved)

    def state(self) -> dict[str, np.ndarray]:
        """Return what another process needs to know the views again."""
        return {f'{name}_{n}': value for n, one in enumerate(self.each) if one.views
                for name, value in (
                    ('views', np.stack([view.known for view in one.views])),
                    ('seen', np.array([one.view, *(view.seen for view in one.views)])))}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """
        Go on from a `state`; one without views begins anew.

        :raises ValueError: it does not fit together.
        """
        for n, one in enumerate(self.each):
            if f'views_{n}' not in state:
                continue
            one.view, *seen = map(int, state[f'seen_{n}'])
            one.views = [View(known.astype(np.float32), count) for known, count in
                         zip(state[f'views_{n}'], seen, strict=True)]
            if one.view not in range(len(one.views)):
                raise ValueError(f'camera {n} has view {one.view} of {len(one.views)}')


def _strength(found: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.square(found).sum(0)))


def _missing(known: np.ndarray, found: np.ndarray) -> float:
    """Return the share of edges (2, N) that are not where they were looked for (2, N)."""
    there = (found * known).sum(0) / np.square(known).sum(0)
    return float((there < _THERE).mean())


def _overlap(down: int, across: int) -> tuple[slice, slice]:
    """Return the part of a picture that another one, so many pixels further, shares with it."""
    return tuple(slice(max(-by, 0), -by if by > 0 else None)      # type: ignore[return-value]
                 for by in (down, across))
