"""Sets what the learners of a running graph do, over their parameters."""

from collections.abc import Sequence

from rclpy.node import Node

from abm_ros.common.errors import GraphError
from abm_ros.ros.remote import Remote, call_all

_TIMEOUT_S = 5.0


class Learning:
    """The learners' parameters; use it from a thread that does not spin the node."""

    def __init__(self, node: Node, learners: Sequence[str]) -> None:
        self._remotes = [Remote(node, name) for name in learners]

    def set(self, *, plasticity: float, schedule: str) -> None:
        """
        Set plasticity and schedule of every learner.

        :raises GraphError: one does not answer or refuses.
        """
        calls = [remote.set({'plasticity': plasticity, 'schedule': schedule})
                 for remote in self._remotes]
        for remote, response in zip(self._remotes, call_all(calls, _TIMEOUT_S), strict=True):
            if response is None:
                raise GraphError(f'{remote.target} does not answer set_parameters')
            for result in response.results:
                if not result.successful:
                    raise GraphError(f'{remote.target} refused: {result.reason}')
