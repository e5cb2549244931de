"""The measuring half of the hold benchmark."""

import random
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from abm_ros.bench.common.bare_node import bare_name
from abm_ros.bench.common.processes import Children
from abm_ros.bench.common.station import Station, wait_until
from abm_ros.bench.hold.figures import PERIOD_S, Held
from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.telemetry import LEARNERS
from abm_ros.nodes.motor_gate import STANDSTILL_LABEL
from abm_ros.ros import qos
from abm_ros.ros.remote import Call, Remote, call_all

_START_S = 60.0
_TIMEOUT_S = 5.0
_STILL_S = 0.3          # how long the arm is watched after a hold
_MOVING = 20            # commands that must have moved it before the next one
_ASKED = (names.MOTOR_GATE, names.SYSTEM_M)


class Commands:
    """Counts the commands that move, and remembers when the last one came."""

    def __init__(self, station: Station) -> None:
        self.count, self.last_s = 0, 0.0
        station.node.create_subscription(
            Float64MultiArray, names.commands_topic(names.CONTROLLER), self._take, qos.CONTROL)

    def _take(self, message: Float64MultiArray) -> None:
        if not any(dim.label == STANDSTILL_LABEL for dim in message.layout.dim):
            self.count, self.last_s = self.count + 1, time.perf_counter()


def measure(children: Children, folder: Path, repeats: int, rng: random.Random) -> Held:
    """
    Hold and release so many times by each node's service.

    :raises GraphError: a process ended, a call was not answered, or the arm did not move.
    """
    console, held = Console(stderr=True, highlight=False), Held()
    with Station(LEARNERS) as station:
        try:
            bare, commands = _start(children, folder, station, console), Commands(station)
            calls = {(name, what): Call(name, station.node.create_client(
                Trigger, f'{name}/{what}'), Trigger.Request())
                for name in _ASKED for what in ('hold', 'release')}
            wait_until(children, 'the services of hold and release were matched', lambda: all(
                call.client.service_is_ready() for call in calls.values()), _TIMEOUT_S)
            for turn in range(repeats):
                console.print(f'turn {turn + 1} of {repeats}')
                for name in _ASKED:
                    _moves(children, commands)
                    held.floor_s.append(_ask(bare.state()))
                    children.sleep(rng.random() * PERIOD_S)
                    began_s = time.perf_counter()
                    held.answered_s.setdefault(name, []).append(_ask(calls[name, 'hold']))
                    children.sleep(_STILL_S)
                    held.moved_s.setdefault(name, []).append(
                        max(0.0, commands.last_s - began_s))
                    _ask(calls[name, 'release'])
        finally:
            children.stop()
    return held


def _start(children: Children, folder: Path, station: Station, console: Console) -> Remote:
    console.print('the graph starts and learns its first models')
    for spec in describe(GraphOptions(directory=str(folder), use_respawn=False,
                                      pin_mode='task')):
        children.start_node(spec.command, spec.parameters)
    children.start(bare_name(0), 'abm_ros.bench.common.bare_node', '0')
    bare = Remote(station.node, bare_name(0))
    wait_until(children, 'both learners trained and the bare node answered',
               lambda: bare.ready() and all(station.told(k).rounds >= 2 for k in LEARNERS),
               2 * _START_S)
    return bare


def _moves(children: Children, commands: Commands) -> None:
    start = commands.count
    wait_until(children, 'the arm moved', lambda: commands.count > start + _MOVING, _START_S)


def _ask(call: Call) -> float:
    """Call and return how long the answer took; raises GraphError without one."""
    began_s = time.perf_counter()
    response: Any = call_all([call], _TIMEOUT_S)[0]
    if response is None or not getattr(response, 'success', True):
        raise GraphError(f'{call.target} did not answer as it should: {response}')
    return time.perf_counter() - began_s
