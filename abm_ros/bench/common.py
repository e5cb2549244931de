"""What the benchmarks share: figures, the table, the JSON, a domain and processes of their own."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from abm_ros.common.errors import GraphError
from abm_ros.ros.child import child_options, node_command

# Domains whose ports do not meet the ephemeral ports of Linux.
_DOMAINS = 101
_GRACE_S = 6.0


def quantiles(samples_s: Sequence[float]) -> dict[str, float]:
    """
    Return the median and the 99th percentile of times.

    :param samples_s: (N,) seconds.
    :return: `p50_ms` and `p99_ms`.
    :raises GraphError: there are no samples.
    """
    if not len(samples_s):
        raise GraphError('nothing was measured: no answer came back from the graph')
    p50, p99 = np.percentile(np.asarray(samples_s) * 1e3, [50, 99])
    return {'p50_ms': round(float(p50), 4), 'p99_ms': round(float(p99), 4)}


def ratio(above: Mapping[str, float], below: Mapping[str, float], key: str) -> float:
    """Return one figure over its floor."""
    return round(above[key] / below[key], 4)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median, the least and the greatest of what the repeats gave."""
    return {'median': round(float(np.median(values)), 4), 'min': round(min(values), 4),
            'max': round(max(values), 4)}


def load_average() -> float:
    """Return the load of the last minute: who else used the machine while it was measured."""
    return round(os.getloadavg()[0], 2)


def report(title: str, figures: Mapping[str, Any], json_file: Path | None) -> None:
    """
    Print figures as a table and write them.

    A mapping of numbers is a row of its own; lists and deeper mappings are in the file only.
    """
    table = Table('figure', 'value', title=title)
    for key, value in figures.items():
        if isinstance(value, Mapping):
            if any(isinstance(v, Mapping) for v in value.values()):
                continue
            table.add_row(key, '  '.join(f'{k} {v:g}' for k, v in value.items()))
        elif isinstance(value, int | float | str):
            table.add_row(key, f'{value:g}' if isinstance(value, float) else str(value))
    Console(highlight=False).print(table)
    write_json(figures, json_file)


def write_json(figures: Mapping[str, Any], json_file: Path | None) -> None:
    """Write figures, if a file was asked for; its folder is made."""
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(figures, indent=2) + '\n', encoding='utf-8')


def is_free(domain: int) -> bool:
    """Tell whether no participant of this machine holds the domain's first discovery port."""
    # RTPS 2.5, section 9.6.2.3: 7400 + 250 x domain + 10 for the first participant.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', 7400 + 250 * domain + 10))
        except OSError:
            return False
    return True


def choose_domain(wanted: int | None) -> int:
    """
    Return the domain to measure in: the one asked for, else a free one.

    :raises GraphError: the domain is taken, or none is free.
    """
    order = random.Random(os.getpid()).sample(range(1, _DOMAINS + 1), _DOMAINS)
    for domain in [wanted] if wanted is not None else order:
        if is_free(domain):
            return domain
    raise GraphError(f'ROS domain {wanted} is in use by another graph, whose traffic would '
                     'disturb the measurement: leave --domain out' if wanted is not None else
                     'no ROS domain is free on this machine: end other graphs first')


@contextlib.contextmanager
def own_domain(wanted: int | None) -> Iterator[int]:
    """Run in a domain of our own, on this machine only; SIGTERM then ends it like Ctrl-C."""
    import rclpy  # noqa: F401  (its wheels restart Python once: now, before anything was started)
    domain = choose_domain(wanted)
    os.environ['ROS_DOMAIN_ID'] = str(domain)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield domain
    finally:
        signal.signal(signal.SIGTERM, before)


class Children:
    """Processes of the benchmark; all of them end with the `with` block, by pid."""

    def __init__(self, folder: Path) -> None:
        """:param folder: gets their parameters and one log file each."""
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> 'Children':
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, module: str, *arguments: str) -> None:
        """Start `python -m <module> <arguments>`."""
        self._run(name, [sys.executable, '-m', module, *arguments])

    def start_node(self, executable: str, parameters: Mapping[str, Any]) -> None:
        """Start a node of the graph."""
        self._run(executable, node_command(self._folder, executable, parameters, 'warn'))

    def _run(self, name: str, command: list[str]) -> None:
        with open(self._folder / f'{name}.log', 'ab') as log:
            self._running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **child_options())

    def check(self) -> None:
        """
        See that all of them run.

        :raises GraphError: one has ended, with the last line of its log.
        """
        for name, process in self._running.items():
            if process.poll() is not None:
                lines = (self._folder / f'{name}.log').read_text(errors='replace').split('\n')
                last = next((line for line in reversed(lines) if line.strip()), 'no log')
                raise GraphError(f'{name} ended with exit code {process.returncode}: {last}')

    def sleep(self, seconds: float) -> None:
        """Wait while all of them run; raises GraphError when one ends."""
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left_s, 0.5))

    def stop(self) -> None:
        """End them in reverse order, by force what does not follow in time."""
        main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
        try:
            for process in reversed(self._running.values()):
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
            deadline_s = time.monotonic() + _GRACE_S
            for process in self._running.values():
                try:
                    process.wait(max(0.0, deadline_s - time.monotonic()))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        finally:
            self._running.clear()
            if main:
                signal.signal(signal.SIGINT, before)
