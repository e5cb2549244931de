"""A ROS domain and processes of a benchmark's own."""

import contextlib
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

from abm_ros.common.errors import GraphError
from abm_ros.ros.child import child_options, node_command

# Domains whose ports do not meet the ephemeral ports of Linux.
_DOMAINS = 101
_GRACE_S = 6.0


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

    def start_node(self, command: Sequence[str], parameters: Mapping[str, Any]) -> None:
        """Start a node of the graph by its executable and the executable's arguments."""
        self._run(command[0], node_command(self._folder, command, parameters, 'warn'))

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
