"""The measuring half of the rewiring benchmark: the real nodes and the bare ones, in turn."""

import itertools
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from std_msgs.msg import Header

from abm_ros.bench.common.bare_node import bare_name
from abm_ros.bench.common.processes import Children
from abm_ros.bench.common.station import Station, wait_until
from abm_ros.bench.rewire.figures import Measured, Switch
from abm_ros.bench.rewire.tour import tour
from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.share import table_text
from abm_ros.common.telemetry import LEARNERS, SystemBTelemetry
from abm_ros.meta.phi import Modulation, Phi, load_phi
from abm_ros.meta.wiring import NodeRow, Row
from abm_ros.nodes.effectors.mode_settings import with_settings
from abm_ros.nodes.effectors.rewirer import Rewirer
from abm_ros.ros import qos
from abm_ros.ros.heartbeat import Heartbeat
from abm_ros.ros.ports import read_wiring
from abm_ros.ros.remote import ACTIVATE, CONFIGURE, DEACTIVATE, Call, Remote, call_all

_START_S = 60.0
_TIMEOUT_S = 5.0
_BEAT_PERIOD_S = 0.05
# Between two rewirings: discovery settles, as it does when modes last for seconds.
_PAUSE_S = 0.15
_ALONE = 40
_WARM_ROUNDS = 2


class RewireRun:
    """One run: the graph without System M, and as many bare nodes beside it."""

    def __init__(self, children: Children, folder: Path, *, training: bool) -> None:
        self._children, self._folder, self._training = children, folder, training
        self._console = Console(stderr=True, highlight=False)
        self._wiring = read_wiring(table_text('', 'wiring.yaml'))
        self._phi: Phi = load_phi(table_text('', 'phi.yaml'))
        self._incarnation = uuid.uuid4().hex[:12]
        self._beat = ('', False)

    def measure(self, repeats: int, rng: random.Random) -> Measured:
        """
        Measure every ordered pair of working modes, `repeats` times.

        :raises GraphError: a process ended, or the graph did not come up.
        """
        measured = Measured()
        with Station([*LEARNERS, SystemBTelemetry]) as station:
            try:
                bare = self._start_bare(station)
                measured.floor_alone_s = [self._floor_s(bare, n) for n in range(_ALONE)]
                rewirer = self._start_graph(station)
                self._switch_all(rewirer, bare, repeats, rng, measured)
            finally:
                self._children.stop()
        return measured

    def _start_bare(self, station: Station) -> list[Remote]:
        count = len(names.WIRED_NODES)
        self._console.print(f'{count} bare nodes start')
        for number in range(count):
            self._children.start(bare_name(number), 'abm_ros.bench.common.bare_node', str(number))
        bare = [Remote(station.node, bare_name(number)) for number in range(count)]
        wait_until(self._children, 'the bare nodes answered',
                   lambda: all(remote.ready() for remote in bare), _START_S)
        for transition in (CONFIGURE, ACTIVATE):
            _barrier([remote.change(transition) for remote in bare])
        return bare

    def _start_graph(self, station: Station) -> Rewirer:
        self._console.print('the graph starts and learns its first models')
        for spec in describe(GraphOptions(directory=str(self._folder), use_respawn=False)):
            if spec.name != names.SYSTEM_M:
                self._children.start_node(spec.command, spec.parameters)
        self._beats = station.node.create_publisher(Header, names.HEARTBEAT, qos.CONTROL)
        station.node.create_timer(_BEAT_PERIOD_S, self._publish_beat)
        rewirer = Rewirer(station.node)
        rewirer.wait_ready(_START_S)
        self._enter(rewirer, 'task', learn=True)
        wait_until(self._children, 'both learners trained and System B acted with it',
                   lambda: all(station.told(kind).rounds >= _WARM_ROUNDS for kind in LEARNERS)
                   and station.told(SystemBTelemetry).version >= 0, 2 * _START_S)
        return rewirer

    def _publish_beat(self) -> None:
        mode, motors_open = self._beat
        if mode:
            self._beats.publish(Header(
                frame_id=Heartbeat(self._incarnation, mode, motors_open).text()))

    def _enter(self, rewirer: Rewirer, mode: str, *, learn: bool) -> Any:
        """Rewire as System M's conductor does: beat "shut", apply, beat what the mode says."""
        row = self._wiring[mode]
        self._beat = (mode, False)
        self._publish_beat()
        done = rewirer.apply(self._rows(row, learn))
        self._beat = (mode, row.motors_open)
        self._publish_beat()
        return done

    def _rows(self, row: Row, learn: bool) -> Mapping[str, NodeRow]:
        """Return the row with what System M sets beside the wires in this mode."""
        policy = self._phi.modes.get(row.mode)
        modulation = policy.modulation if policy is not None else Modulation()
        if not learn:
            modulation = replace(modulation, plasticity_a=0.0, plasticity_b=0.0)
        return with_settings(row, modulation, self._incarnation, 1.0)

    def _floor_s(self, bare: Sequence[Remote], number: int) -> float:
        """Take one turn of the floor: three barriers, every node onto its other topic."""
        begin_s = time.perf_counter()
        _barrier([remote.change(DEACTIVATE) for remote in bare])
        _barrier([remote.set({'port.out': f'bare/{"odd" if number % 2 else "even"}_{i}'})
                  for i, remote in enumerate(bare)])
        _barrier([remote.change(ACTIVATE) for remote in bare])
        took_s = time.perf_counter() - begin_s
        self._children.sleep(_PAUSE_S)
        return took_s

    def _switch_all(self, rewirer: Rewirer, bare: Sequence[Remote], repeats: int,
                    rng: random.Random, measured: Measured) -> None:
        modes = [mode for mode, row in self._wiring.items() if not row.refusal]
        self._enter(rewirer, modes[0], learn=self._training)
        self._children.sleep(1.0)
        for repeat in range(repeats):
            self._console.print(f'round {repeat + 1} of {repeats}')
            for before, after in itertools.pairwise(tour(modes, rng)):
                floor_s = self._floor_s(bare, len(measured.switches))
                measured.switches.append(self._switch(rewirer, before, after, floor_s))
                self._children.sleep(_PAUSE_S)

    def _switch(self, rewirer: Rewirer, before: str, after: str, floor_s: float) -> Switch:
        try:
            done = self._enter(rewirer, after, learn=self._training)
        except GraphError as error:
            for name in names.WIRED_NODES:
                rewirer.forget(name)
            self._children.sleep(1.0)
            self._enter(rewirer, after, learn=self._training)
            return Switch(before, after, float('nan'), float('nan'), floor_s,
                          failure=str(error))
        was_open = self._wiring[before].motors_open
        return Switch(before, after, done.gate_shut_s if was_open else float('nan'),
                      done.full_s, floor_s, done.retries)


def _barrier(calls: Sequence[Call]) -> None:
    """
    Call all and wait for all.

    :raises GraphError: a bare node did not answer: then there is no floor.
    """
    for call, response in zip(calls, call_all(calls, _TIMEOUT_S), strict=True):
        if response is None:
            raise GraphError(f'{call.target} did not answer within {_TIMEOUT_S:g} s')
