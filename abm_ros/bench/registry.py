"""The benchmarks by name; other packages add theirs to the group `abm_ros.benches`."""

import argparse
from dataclasses import dataclass
from importlib import import_module

from abm_ros.common.registry import Registry

BENCHES = Registry('abm_ros.benches', {
    name: f'abm_ros.bench.{name.replace("-", "_")}:BENCH'
    for name in ('latency', 'learn', 'noisy-tv', 'memory', 'forgetting', 'replay', 'hold',
                 'rewire', 'life', 'button', 'imagine', 'sleep', 'teach', 'evolve')})


@dataclass(frozen=True)
class Bench:
    """
    One benchmark; its object must be importable fast, without ROS and torch.

    :param summary: one line for `abm bench --help`.
    :param command: a module with `add_arguments(parser)` and `run(arguments) -> int`, which is
        imported when the benchmark is asked for. `arguments.json` is a file or None.
    """

    summary: str
    command: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        import_module(self.command).add_arguments(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Measure, print and write; return the exit code."""
        code: int = import_module(self.command).run(arguments)
        return code
