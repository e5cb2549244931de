"""The measuring half of the latency benchmark: graph and relays around one body."""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from abm_ros.bench.common.processes import Children
from abm_ros.bench.common.station import Station, wait_until
from abm_ros.bench.latency.body import BenchBody
from abm_ros.bench.latency.figures import IDLE, TRAINING, Block
from abm_ros.bench.latency.learning import Learning
from abm_ros.bench.latency.relay import HOPS
from abm_ros.bodies.make import make_body
from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.common.errors import GraphError
from abm_ros.common.telemetry import LEARNERS, SystemBTelemetry

_SETTLE_S = 1.0
_WARM_ROUNDS = 3
_START_S = 60.0
_TAKE_UP_S = 20.0
_ATTEMPTS = 5       # System M sets plasticity anew whenever a signal changes its modulation


class LatencyRun:
    """One run: the graph, the relays beside it, and the body between them."""

    def __init__(self, children: Children, folder: Path, arguments: argparse.Namespace) -> None:
        self._children, self._folder, self._arguments = children, folder, arguments
        self._console = Console(stderr=True, highlight=False)
        self.updates_per_s: dict[str, float] = {}

    def measure(self, order: list[str], block_s: float) -> list[Block]:
        body = make_body('bullet:reach')
        try:
            with Station([*LEARNERS, SystemBTelemetry]) as station:
                self._learning = Learning(station.node, [kind.node for kind in LEARNERS])
                bench_body = BenchBody(station.node, body, profile=self._arguments.profile)
                self._bring_up(station, bench_body)
                blocks = []
                for number, condition in enumerate(order, 1):
                    self._console.print(f'block {number} of {len(order)}: {condition}')
                    blocks.append(self._block(station, bench_body, condition, block_s))
                return blocks
        finally:
            self._children.stop()
            body.close()

    def _bring_up(self, station: Station, body: BenchBody) -> None:
        for spec in describe(GraphOptions(
                directory=str(self._folder), pin_mode='task', use_respawn=False)):
            if spec.name != 'bullet_arm':
                self._children.start_node(spec.command, spec.parameters)
        self._console.print('the graph starts and learns its first models')
        wait_until(self._children, 'both learners trained and System B acted with it',
                   lambda: all(station.told(kind).rounds >= _WARM_ROUNDS for kind in LEARNERS)
                   and station.told(SystemBTelemetry).version >= 0, 2 * _START_S)
        wait_until(self._children, 'every hop was heard',
                   lambda: len(body.layouts) == len(HOPS), 10.0)
        layouts = dict(body.layouts)
        body.stop_scouting()
        for number, (_, _, given) in enumerate(HOPS):
            self._children.start(f'relay_{number}', 'abm_ros.bench.latency.relay', str(number),
                                 json.dumps(layouts[given]))
        wait_until(self._children, 'the relays were matched', body.relays_matched, _START_S)
        timing = body.begin()
        wait_until(self._children, 'the chain of relays answered',
                   lambda: bool(timing['floor'].arrivals), 10.0)
        body.end()

    def _block(self, station: Station, body: BenchBody, condition: str,
               block_s: float) -> Block:
        """Measure one block; anew when System M set the learners otherwise meanwhile."""
        for attempt in range(1, _ATTEMPTS + 1):
            self._settle(condition)
            before = self._settled(station, condition)
            timing = body.begin()
            self._children.sleep(block_s)
            body.end()
            done = [n - b for n, b in zip(self._updates(station), before, strict=True)]
            refusal = self._refusal(condition, done)
            if not refusal:
                self.updates_per_s |= {f'{kind.node}_{condition}': round(n / block_s, 1)
                                       for kind, n in zip(LEARNERS, done, strict=True)}
                # What comes late belongs to this block and counts nowhere else.
                return condition, {side: replace(t) for side, t in timing.items()}
            self._console.print(f'attempt {attempt} of {_ATTEMPTS} does not count: {refusal}')
        raise GraphError(f'{refusal} in each of {_ATTEMPTS} attempts: the figures would not mean '
                         'what they say; run the bench with less else on this machine')

    def _settle(self, condition: str) -> None:
        schedule = ('online' if condition == IDLE or self._arguments.online else 'consolidate')
        self._learning.set(plasticity=float(condition == TRAINING), schedule=schedule)
        self._children.sleep(_SETTLE_S)

    def _settled(self, station: Station, condition: str) -> list[float]:
        """Return the learners' updates when both do what the condition says, or time is up."""
        deadline_s = time.monotonic() + _TAKE_UP_S
        before = self._updates(station)
        while True:
            now = self._updates(station)
            done = [n - b for n, b in zip(now, before, strict=True)]
            if not self._refusal(condition, done) or time.monotonic() > deadline_s:
                return now
            # Training takes up from where it was; what is still being finished may not count.
            before = before if condition == TRAINING else now

    def _updates(self, station: Station) -> list[float]:
        """Return the learners' updates from telemetry sent after the call: old news misleads."""
        asked_ns = station.now_ns()
        wait_until(self._children, 'both learners told how far they are',
                   lambda: all(station.told_ns(kind) > asked_ns for kind in LEARNERS),
                   _TAKE_UP_S)
        return [station.told(kind).updates for kind in LEARNERS]

    def _refusal(self, condition: str, done: list[float]) -> str:
        """Return why updates do not fit a condition, '' if they do."""
        return ', '.join(
            f'{kind.node} made {updates:g} updates in a block that was to be {condition}'
            for kind, updates in zip(LEARNERS, done, strict=True)
            if (updates > 0) != (condition == TRAINING))
