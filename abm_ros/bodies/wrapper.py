"""A body within another one, which changes what goes in or comes out."""

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

    def close(self) -> None:
        """Give the body back."""
        self._body.close()
