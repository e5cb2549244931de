"""The measuring half of the replay benchmark: the graph's nodes and the process, in turn."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from abm_ros.bench.common.processes import Children
from abm_ros.bench.common.station import Station, wait_until
from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.telemetry import EpisodicMemoryTelemetry, SystemALearnerTelemetry
from abm_ros.ros.child import child_options
from abm_ros.ros.ports import PORTS
from abm_ros.ros.remote import ACTIVATE, CONFIGURE, DEACTIVATE, Remote, call_all
from abm_ros.world_model.config import WorldModelConfig

_START_S = 60.0
_ANSWER_S = 10.0
_DRAIN_S = 1.0
_WARM_UPDATES = 100
_WIRED = {names.EPISODIC_MEMORY: ('credits', 'replay'),
          names.SYSTEM_A_LEARNER: ('credits', 'replay', 'model')}


class ReplayRun:
    """One run: both sides stay up, one of them works at a time."""

    def __init__(self, children: Children, folder: Path, seed: int, console: Console) -> None:
        self._children, self._folder, self._seed = children, folder, seed
        self._console = console
        self.lost = 0          # batches sent that the learner never got
        self._windows = WorldModelConfig().batch * WorldModelConfig().horizon

    def measure(self, repeats: int, block_s: float) -> tuple[list[tuple[float, float]], int]:
        """
        Take turns.

        :return: transitions a second of graph and process for each turn; the batches lost.
        :raises GraphError: a process ended or did not answer.
        """
        with Station([EpisodicMemoryTelemetry, SystemALearnerTelemetry]) as station:
            local = self._start_local()
            try:
                self._start_nodes(station)
                turns = []
                for turn in range(repeats):
                    self._console.print(f'turn {turn + 1} of {repeats}')
                    turns.append((self._graph(station, block_s), self._local(local, block_s)))
                return turns, self.lost
            finally:
                local.kill()
                local.wait()
                self._children.stop()

    def _start_local(self) -> 'subprocess.Popen[str]':
        process = subprocess.Popen(
            [sys.executable, '-m', 'abm_ros.bench.replay.local', str(self._folder),
             str(self._seed)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            **child_options())
        assert process.stdout is not None
        if process.stdout.readline() != 'ready\n':
            raise GraphError('the process that trains alone did not start')
        return process

    def _start_nodes(self, station: Station) -> None:
        self._console.print('memory and learner start')
        for name, ports in _WIRED.items():
            parameters: dict[str, Any] = {'directory': str(self._folder), 'seed': self._seed}
            parameters |= {f'port.{p.name}': '' for p in PORTS[name] if p.name not in ports}
            if name == names.SYSTEM_A_LEARNER:
                parameters['schedule'] = 'consolidate'
            self._children.start_node((name,), parameters)
        self._remotes = [Remote(station.node, name) for name in _WIRED]
        wait_until(self._children, 'memory and learner answered',
                   lambda: all(remote.ready() for remote in self._remotes), _START_S)
        self._change(CONFIGURE)
        self._change(ACTIVATE)
        wait_until(self._children, 'the learner trained',
                   lambda: self._updates(station) >= _WARM_UPDATES, _START_S)
        self._change(DEACTIVATE)
        self._children.sleep(_DRAIN_S)

    def _change(self, transition: int) -> None:
        for remote in self._remotes:
            self._call(remote, transition)

    def _call(self, remote: Remote, transition: int) -> None:
        if None in call_all([remote.change(transition)], _ANSWER_S):
            raise GraphError(f'{remote.target} did not answer within {_ANSWER_S:g} s')

    def _updates(self, station: Station) -> float:
        return station.told(SystemALearnerTelemetry).updates

    def _graph(self, station: Station, block_s: float) -> float:
        """Return the transitions a second that the learner node trains on."""
        before = self._updates(station)
        sent_before, received_before = self._sent_and_received(station)
        self._change(ACTIVATE)
        wait_until(self._children, 'the learner went on',
                   lambda: self._updates(station) > before, _START_S)
        # Telemetry comes 10 times a second: times are those at which a figure was heard.
        first, first_s = self._tick(station)
        self._children.sleep(block_s)
        last, last_s = self._tick(station)
        # Memory first, so that all it sent still finds the learner.
        memory, learner = self._remotes
        self._call(memory, DEACTIVATE)
        self._children.sleep(_DRAIN_S)
        sent, received = self._sent_and_received(station)
        self.lost += int(sent - sent_before - (received - received_before))
        self._call(learner, DEACTIVATE)
        return (last - first) * self._windows / (last_s - first_s)

    def _tick(self, station: Station) -> tuple[float, float]:
        """Wait for the next news of the learner; return its updates and the time."""
        known = self._updates(station)
        deadline_s = time.monotonic() + _ANSWER_S
        while (updates := self._updates(station)) == known:
            if time.monotonic() > deadline_s:
                raise GraphError('the learner stopped training')
            time.sleep(0.002)
        return updates, time.perf_counter()

    def _sent_and_received(self, station: Station) -> tuple[float, float]:
        return (station.told(EpisodicMemoryTelemetry).batches,
                station.told(SystemALearnerTelemetry).received)

    def _local(self, process: 'subprocess.Popen[str]', block_s: float) -> float:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f'{block_s}\n')
        process.stdin.flush()
        updates, seconds = process.stdout.readline().split()
        return int(updates) * self._windows / float(seconds)
