"""A post that is put up in PyBullet while an arm lives: an obstacle that nobody told of."""

from typing import Any

import numpy as np

from abm_ros.common.errors import BodyError

_RADIUS_M = 0.03
_CLEARANCE_M = 0.02
_AWAY_M = (0.12, 0.16, 0.2, 0.25, 0.3)     # from the tool, along the ground
_SIDES = np.deg2rad([90, -90, 60, -60, 120, -120, 30, -30, 150, -150, 0, 180])    # beside it first
_COLOUR = (0.85, 0.35, 0.1, 1.0)


class Post:
    """
    A post beside an arm.

    :param client: the functions of pybullet, bound to a physics server.
    :param arm: the arm's body.
    """

    def __init__(self, client: Any, arm: int) -> None:
        self._client, self._arm = client, arm
        self._body, self._height = -1, 0.0

    def stand(self, height_m: float, tool: np.ndarray) -> None:
        """
        Let the post be so high; 0 takes it away.

        :param tool: (3,), m, where the tool is: the post stands as near as the arm leaves room.
        :raises BodyError: there is room nowhere.
        """
        if height_m == self._height:
            return
        if self._body >= 0:
            self._client.removeBody(self._body)
            self._body = -1
        self._height = height_m
        if height_m > 0.0:
            self._body = self._put_up(height_m, tool)

    def _put_up(self, height_m: float, tool: np.ndarray) -> int:
        shape = self._client.createCollisionShape(
            self._client.GEOM_CYLINDER, radius=_RADIUS_M, height=height_m)
        look = self._client.createVisualShape(
            self._client.GEOM_CYLINDER, radius=_RADIUS_M, length=height_m, rgbaColor=_COLOUR)
        body = int(self._client.createMultiBody(0.0, shape, look))
        base = self._client.getBasePositionAndOrientation(self._arm)[0]
        ahead = np.arctan2(tool[1] - base[1], tool[0] - base[0])
        for angle in ahead + _SIDES:
            for away in _AWAY_M:
                place = (tool[0] + away * np.cos(angle), tool[1] + away * np.sin(angle),
                         height_m / 2)
                self._client.resetBasePositionAndOrientation(body, place, (0.0, 0.0, 0.0, 1.0))
                if not self._client.getClosestPoints(self._arm, body, _CLEARANCE_M):
                    return body
        self._client.removeBody(body)
        raise BodyError(f'obstacle: the arm leaves no room for a post within {_AWAY_M[-1]} m of '
                        'its tool')
