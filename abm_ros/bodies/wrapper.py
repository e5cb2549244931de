"""A body within another one, which changes what goes in or comes out."""

from abm_ros.bodies.disturbance import Disturbance
from abm_ros.bodies.types import Body


class WrappedBody:
    """
    Says of itself what the body within says.

    :param body: is closed with it.
    """

    def __init__(self, body: Body) -> None:
        self._body = body

    @property
    def command_joints(self) -> tuple[str, ...]:
        """As the body's."""
        return self._body.command_joints

    @property
    def interface(self) -> str:
        """As the body's."""
        return self._body.interface

    @property
    def control_period_s(self) -> float:
        """As the body's."""
        return self._body.control_period_s

    @property
    def horizon(self) -> int:
        """As the body's."""
        return self._body.horizon

    @property
    def goal_tolerance(self) -> float:
        """As the body's."""
        return self._body.goal_tolerance

    @property
    def disturbances(self) -> frozenset[str]:
        """As the body's."""
        return disturbances_of(self._body)

    def set_disturbance(self, disturbance: Disturbance) -> None:
        """Hand a disturbance to the body, which says in `disturbances` what it can change."""
        self._body.set_disturbance(disturbance)     # type: ignore[attr-defined]

    def close(self) -> None:
        """Give the body back."""
        self._body.close()


def disturbances_of(body: Body) -> frozenset[str]:
    """Return the fields of `Disturbance` that a body can bring about; none for most."""
    return frozenset(getattr(body, 'disturbances', ()))
