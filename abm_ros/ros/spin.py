"""Starts, spins and ends every process of the graph."""

import contextlib
import faulthandler
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.experimental import EventsExecutor
from rclpy.signals import SignalHandlerOptions

from abm_ros.common.errors import AbmError, BodyFailure
from abm_ros.common.parameter_files import addressed, check_known
from abm_ros.ros import parameters
from abm_ros.ros.child import BODY_FAILED, PARENT_VARIABLE, REFUSED
from abm_ros.ros.fast_dds import initialise
from abm_ros.ros.node import PartNode
from abm_ros.ros.twin_watch import TwinWatch

_TICK_S = 0.2
# How soon a thread that trains or opens a model gives way to a message (Python's default: 5 ms).
_SWITCH_S = 0.0005


class Stop:
    """Set once by SIGINT or SIGTERM, however often the signal comes."""

    def __init__(self) -> None:
        self.requested = False
        signal.signal(signal.SIGINT, self._handle)
        signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, *_: object) -> None:
        self.requested = True


def make_executor(kind: str = 'events',
                  context: rclpy.Context | None = None) -> rclpy.executors.Executor:
    """
    Return the executor that a node process uses.

    The EventsExecutor answers in half the time of the others, but spins reliably only through
    `spin_once`; 'single' is the fallback (decision 0013).

    :param context: that of the node; None for the one of the process.
    """
    return (EventsExecutor if kind == 'events' else SingleThreadedExecutor)(context=context)


def begin(part: str) -> TwinWatch:
    """Initialise rclpy, and listen from now on for another process of a node."""
    faulthandler.enable()    # a process that dies by a signal says where
    initialise(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
    return TwinWatch(part)


def run_node(make: Callable[[], PartNode[Any]], twins: TwinWatch, *,
             autostart: bool = False) -> int:
    """
    Run one node until it is told to stop.

    :param make: builds the node.
    :param twins: listens for another process of the node, since `begin`.
    :param autostart: whether a parameter `autostart` makes the node configure and activate
        itself; a refusal then ends the process.
    :return: the exit code: 0, REFUSED, BODY_FAILED, or 1 for any other failure.
    """
    # OpenCV's threads spin while they wait, which takes a processor from other nodes.
    os.environ.setdefault('OPENCV_FOR_THREADS_NUM', '1')
    sys.setswitchinterval(_SWITCH_S)
    node: PartNode[Any] | None = None
    try:
        twins.wait()
        stop = Stop()
        node = make()
        check_known(node.part, addressed(sys.argv, node.part),
                    parameters.names(node, node.config_class))
        spinner = make_executor()
        spinner.add_node(node)
        if autostart and node.config.autostart:
            node.start()
        # Objects of now live as long as the process: the collector need not scan them again.
        gc.collect()
        gc.freeze()
        # A killed supervisor cannot end its nodes, so nodes end when it is gone.
        parent = os.environ.get(PARENT_VARIABLE)
        looked_s = -float('inf')
        while not stop.requested and not node.broken:
            # Not at each callback: with cold caches this check costs as much as a callback.
            if (now_s := time.monotonic()) - looked_s >= _TICK_S:
                looked_s = now_s
                if not rclpy.ok() or (parent is not None and str(os.getppid()) != parent):
                    break
                twins.check(node.incarnation)
            turn(spinner, node)
        return _last_word(node)
    except ExternalShutdownException:
        return 0
    except AbmError as error:
        sys.stderr.write(f'error: {error}\n')
        return BODY_FAILED if isinstance(error, BodyFailure) else REFUSED
    except Exception:
        sys.stderr.write(traceback.format_exc())
        return 1
    finally:
        with contextlib.suppress(Exception):
            twins.close()
            if node is not None:
                node.close()
                node.destroy_node()
        rclpy.try_shutdown()


def turn(spinner: rclpy.executors.Executor, node: PartNode[Any], most_s: float = _TICK_S) -> None:
    """Wait for a message or a timer, for so long at most, and answer it."""
    spinner.spin_once(timeout_sec=node.steady.wait_s(most_s))
    node.steady.run()


def _last_word(node: PartNode[Any]) -> int:
    """Return the exit code of a node that ends; raises what ended it where that is to be told."""
    if node.fatal is not None:
        raise node.fatal
    return 1 if node.broken else 0
