"""Transforms goals and tool poses into the frame of the base."""

import numpy as np

from abm_ros.common.errors import DescriptionError, SpecError
from abm_ros.robot.links import Links


class GoalFrames:
    """
    Transforms poses into the frame of the base.

    Known frames are the base link, links that the description fixes to it, and further names for
    it (`also`): if tool poses are in a frame that the description does not contain, it counts as
    the base. A pose without a frame is in the frame of the base.
    """

    def __init__(self, text: str, also: tuple[str, ...] = ()) -> None:
        """
        Read which links are fixed to the base.

        :raises DescriptionError: the links are no tree.
        """
        self._links = Links(text)
        self._also = {'', *also}
        self._known: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def adopt(self, frame: str) -> bool:
        """Take an unknown frame for that of the base; tell whether it was unknown."""
        frame = _plain(frame)
        new = frame not in self._also and frame not in self._links.names
        if new:
            self._also.add(frame)
        return new

    def in_base(self, frame: str, pose: np.ndarray) -> np.ndarray:
        """
        Return a pose in the frame of the base.

        :param frame: name of the frame of the pose.
        :param pose: (7,) position x y z, m, and orientation, a quaternion x y z w; (3,) of these.
        :raises SpecError: the frame is not known.
        """
        frame = _plain(frame)
        if frame in self._also or frame == self._links.base:
            return pose
        if frame not in self._known:
            try:
                self._known[frame] = self._links.from_base(frame)
            except DescriptionError as error:
                raise SpecError(
                    f"frame_id '{frame}': {error}; expected {', '.join(self._links.fixed)} or no "
                    'frame at all') from error
        rotation, place = self._known[frame]
        position: np.ndarray = place + rotation @ pose[:3]
        return position if pose.size == 3 else np.concatenate(
            [position, _turned(rotation, pose[3:])])


def _plain(frame: str) -> str:
    """Return a frame's name without the slash that came before it in ROS 1."""
    return frame.removeprefix('/')


def _turned(rotation: np.ndarray, orientation: np.ndarray) -> np.ndarray:
    """Return a quaternion x y z w, turned by a rotation (3, 3)."""
    x, y, z, w = _quaternion(rotation)
    a, b, c, d = orientation
    return np.array([w * a + x * d + y * c - z * b, w * b - x * c + y * d + z * a,
                     w * c + x * b - y * a + z * d, w * d - x * a - y * b - z * c])


def _quaternion(rotation: np.ndarray) -> np.ndarray:
    """
    Return the quaternion x y z w of a rotation (3, 3).

    Source: I. Y. Bar-Itzhack, New Method for Extracting the Quaternion from a Rotation Matrix,
    2000: the eigenvector of the largest eigenvalue, at every angle.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    lower = np.array([[xx - yy - zz, 0, 0, 0],
                      [xy + yx, yy - xx - zz, 0, 0],
                      [xz + zx, yz + zy, zz - xx - yy, 0],
                      [zy - yz, xz - zx, yx - xy, xx + yy + zz]])
    quaternion: np.ndarray = np.linalg.eigh(lower)[1][:, -1]
    return quaternion
