"""
`abm bench latency`: joint state in to command out, against a chain of bare relays.

The real graph runs in mode `task`, one process per node, with models that it has just learned;
only its body is the benchmark's own. The floor, four bare relays, runs beside it and is timed
in turn with it, sample by sample. Idle means plasticity 0; training means that both learners
take gradient steps without a pause, which is more than they do in `task`.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from abm_ros.bench.common import (
    Children,
    load_average,
    own_domain,
    quantiles,
    ratio,
    report,
    spread,
)
from abm_ros.common.errors import GraphError

if TYPE_CHECKING:
    from abm_ros.bench.bench_body import BenchBody, Timing
    from abm_ros.bench.station import Station

IDLE, TRAINING = 'idle', 'training'
_SETTLE_S = 1.0
_WARM_ROUNDS = 3
_START_S = 60.0
_TAKE_UP_S = 20.0
_ATTEMPTS = 5       # System M sets plasticity anew whenever a signal changes its modulation
Block = tuple[str, dict[str, 'Timing']]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--repeats', type=int, default=4, metavar='N',
                        help='blocks of idle and of training each (%(default)s)')
    parser.add_argument('--block', type=float, default=18.0, metavar='S',
                        help='seconds of one block (%(default)s)')
    parser.add_argument('--quick', action='store_true', help='a short block of each')
    parser.add_argument('--online', action='store_true',
                        help='train as in mode task, in rounds, not without a pause')
    parser.add_argument('--profile', action='store_true',
                        help='also time every hop; the extra readers disturb the figures')
    parser.add_argument('--domain', type=int, metavar='N', help='ROS domain (a free one)')


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code."""
    if arguments.repeats < 1 or arguments.block <= 0:
        raise GraphError(f'--repeats {arguments.repeats} --block {arguments.block:g}: expected '
                         'at least one block of more than 0 s')
    repeats, block_s = (1, 3.0) if arguments.quick else (arguments.repeats, arguments.block)
    with own_domain(arguments.domain) as domain, tempfile.TemporaryDirectory() as folder:
        load = load_average()
        with Children(Path(folder)) as children:
            bench = _Latency(children, Path(folder), arguments)
            blocks = bench.measure(conditions(repeats), block_s)
        figures = summarise(blocks)
    figures |= {'updates_per_s': bench.updates_per_s, 'domain': domain, 'load_before': load,
                'load_after': load_average()}
    report('abm bench latency', figures, arguments.json)
    return 0


def conditions(repeats: int) -> list[str]:
    """Return the conditions of the blocks, ABBA: a drift of the machine meets both alike."""
    return [condition for n in range(repeats)
            for condition in ((IDLE, TRAINING) if n % 2 == 0 else (TRAINING, IDLE))]


def summarise(blocks: 'list[Block]') -> dict[str, Any]:
    """Return the figures of all blocks: pooled, per repeat, and per hop where they were heard."""
    figures: dict[str, Any] = {}
    hops: dict[str, dict[str, dict[str, float]]] = {}
    for condition, suffix in ((IDLE, ''), (TRAINING, '_training')):
        own = [timings for kind, timings in blocks if kind == condition]
        for side in ('floor', 'graph'):
            pooled: dict[str, list[float]] = {}
            for timings in own:
                for what, times in timings[side].arrivals.items():
                    pooled.setdefault(what, []).extend(times)
            times = pooled.pop('command', [])
            sent = sum(timings[side].sent for timings in own)
            figures[side + suffix] = {**quantiles(times), 'samples': len(times),
                                      'unanswered': sent - len(times)}
            if pooled:
                hops[side + suffix] = {what: quantiles(values) for what, values in pooled.items()}
    figures['ratio_p50'] = ratio(figures['graph'], figures['floor'], 'p50_ms')
    figures['ratio_p99_training'] = ratio(
        figures['graph_training'], figures['floor_training'], 'p99_ms')
    figures['repeats_p50'] = spread(_ratios(blocks, IDLE, 'p50_ms'))
    figures['repeats_p99_training'] = spread(_ratios(blocks, TRAINING, 'p99_ms'))
    figures['ratios_p50'] = _ratios(blocks, IDLE, 'p50_ms')
    figures['ratios_p99_training'] = _ratios(blocks, TRAINING, 'p99_ms')
    return figures | ({'hops': hops} if hops else {})


def _ratios(blocks: 'list[Block]', condition: str, key: str) -> list[float]:
    return [ratio(quantiles(timings['graph'].arrivals.get('command', [])),
                  quantiles(timings['floor'].arrivals.get('command', [])), key)
            for kind, timings in blocks if kind == condition]


class _Latency:
    """One run: the graph, the relays beside it, and the body between them."""

    def __init__(self, children: Children, folder: Path, arguments: argparse.Namespace) -> None:
        self._children, self._folder, self._arguments = children, folder, arguments
        self._console = Console(stderr=True, highlight=False)
        self.updates_per_s: dict[str, float] = {}

    def measure(self, order: list[str], block_s: float) -> list[Block]:
        # Here and not above: `abm --help` must not import ROS and a simulator.
        from abm_ros.bench.bench_body import BenchBody
        from abm_ros.bench.station import Station
        from abm_ros.bodies.make import make_body
        from abm_ros.common import names
        self._learners = (names.SYSTEM_A_LEARNER, names.SYSTEM_B_LEARNER)
        body = make_body('bullet:reach')
        try:
            with Station([*self._learners, names.SYSTEM_B]) as station:
                from abm_ros.bench.learning import Learning
                self._learning = Learning(station.node, self._learners)
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

    def _bring_up(self, station: 'Station', body: 'BenchBody') -> None:
        from abm_ros.bench.relay import HOPS
        from abm_ros.bench.station import wait_until
        from abm_ros.bringup.graph import GraphOptions, describe
        for spec in describe(GraphOptions(
                directory=str(self._folder), pin_mode='task', use_respawn=False)):
            if spec.name != 'bullet_arm':
                self._children.start_node(spec.executable, spec.parameters)
        self._console.print('the graph starts and learns its first models')
        wait_until(self._children, 'both learners trained and System B acted with it',
                   lambda: all(station.value(name, 'rounds') >= _WARM_ROUNDS
                               for name in self._learners)
                   and station.value('system_b', 'version') >= 0, 2 * _START_S)
        wait_until(self._children, 'every hop was heard',
                   lambda: len(body.layouts) == len(HOPS), 10.0)
        layouts = dict(body.layouts)
        body.stop_scouting()
        for number, (_, _, given) in enumerate(HOPS):
            self._children.start(f'relay_{number}', 'abm_ros.bench.relay', str(number),
                                 json.dumps(layouts[given]))
        wait_until(self._children, 'the relays were matched', body.relays_matched, _START_S)
        timing = body.begin()
        wait_until(self._children, 'the chain of relays answered',
                   lambda: bool(timing['floor'].arrivals), 10.0)
        body.end()

    def _block(self, station: 'Station', body: 'BenchBody', condition: str,
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
                self.updates_per_s |= {f'{name}_{condition}': round(n / block_s, 1)
                                       for name, n in zip(self._learners, done, strict=True)}
                # What comes late belongs to this block and counts nowhere else.
                return condition, {side: replace(t) for side, t in timing.items()}
            self._console.print(f'attempt {attempt} of {_ATTEMPTS} does not count: {refusal}')
        raise GraphError(f'{refusal} in each of {_ATTEMPTS} attempts: the figures would not mean '
                         'what they say; run the bench with less else on this machine')

    def _settle(self, condition: str) -> None:
        schedule = ('online' if condition == IDLE or self._arguments.online else 'consolidate')
        self._learning.set(plasticity=float(condition == TRAINING), schedule=schedule)
        self._children.sleep(_SETTLE_S)

    def _settled(self, station: 'Station', condition: str) -> list[float]:
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

    def _updates(self, station: 'Station') -> list[float]:
        """Return the learners' updates from telemetry sent after the call: old news misleads."""
        from abm_ros.bench.station import wait_until
        asked_ns = station.now_ns()
        wait_until(self._children, 'both learners told how far they are',
                   lambda: all(station.told_ns(name) > asked_ns for name in self._learners),
                   _TAKE_UP_S)
        return [station.value(name, 'updates') for name in self._learners]

    def _refusal(self, condition: str, done: list[float]) -> str:
        """Return why updates do not fit a condition, '' if they do."""
        return ', '.join(
            f'{name} made {updates:g} updates in a block that was to be {condition}'
            for name, updates in zip(self._learners, done, strict=True)
            if (updates > 0) != (condition == TRAINING))
