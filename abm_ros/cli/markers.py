"""`abm markers`: goal, tool, plan and imagined path of a running graph, for RViz."""

import argparse
import os
from typing import Any

from abm_ros.common import names
from abm_ros.common.errors import ConfigError
from abm_ros.common.names import check_namespace

_TICK_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--namespace', default='', help='prefix of all names')
    parser.add_argument('--frame', default=names.BODY_FRAME,
                        help="frame of the body's places; base_link of many robots (%(default)s)")
    parser.add_argument('--period', type=float, default=1.0, metavar='S',
                        help='time between two imagined paths (%(default)s)')
    parser.add_argument('--steps', type=int, default=20, metavar='N',
                        help='longest imagined path, in control steps (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Publish markers until it is interrupted."""
    if not 0.05 <= arguments.period <= 60.0:
        raise ConfigError(f'--period: expected 0.05 to 60 s, got {arguments.period:g}')
    if arguments.steps < 1:
        raise ConfigError(f'--steps: expected at least 1, got {arguments.steps}')
    namespace = check_namespace(arguments.namespace)
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    # Not at the top: the ROS wheels restart Python once to set their library path.
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    from abm_ros.ros.fast_dds import initialise
    from abm_ros.ros.spin import Stop, make_executor
    try:
        from abm_ros.ros.clients.markers import MarkerTeller
    except ImportError as error:
        raise ConfigError(
            f'markers need visualization_msgs, which cannot be imported ({error}): pip install '
            "'abm_ros[ros]', or the package of your ROS distribution") from error
    initialise(args=[], signal_handler_options=SignalHandlerOptions.NO)
    stop, executor = Stop(), make_executor('single')
    node = rclpy.create_node('abm_markers', namespace=namespace)
    try:
        MarkerTeller(node, Foreseeing(arguments.steps), arguments.frame, arguments.period)
        executor.add_node(node)
        while not stop.requested:
            executor.spin_once(timeout_sec=_TICK_S)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


class Foreseeing:
    """
    Imagines with the newest models, which are opened once.

    :param steps: of the longest path.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._opened: tuple[Any, Any] | None = None

    def __call__(self, models: tuple[Any, Any], spec: Any, seen: Any) -> tuple[list[Any], int]:
        """
        Return the path that is imagined for an observation's goal, and the plan's horizon.

        :raises SnapshotError: the models are of another body or of two lives, or do not load.
        """
        from abm_ros.agent.foresight import Foresight, check_models
        from abm_ros.policy.controller import ControllerConfig
        if self._opened is None or any(
                old is not new for old, new in zip(self._opened[0], models, strict=True)):
            check_models(models, spec)
            self._opened = models, Foresight(models, ControllerConfig())
        path = self._opened[1].path(seen.vector, seen.goal, self._steps)
        return path.achieved, int(models[1].meta['horizon'])
