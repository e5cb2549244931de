"""`abm sim`: bring the graph up on a simulated body, watch it live, and report."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from abm_ros.bodies.arm_options import add_arm_arguments
from abm_ros.bodies.registry import forms
from abm_ros.bodies.shift.script import load_script
from abm_ros.bringup.graph import GraphOptions, command_interface, describe
from abm_ros.bringup.neighbours import await_alone
from abm_ros.cli.folder import RUN_FOLDER
from abm_ros.cli.sim_inputs import check_inputs, check_ros_arguments, options_of, prepare
from abm_ros.cli.sim_report import build_report, print_report
from abm_ros.common.errors import GraphError, PhiError, WiringError
from abm_ros.common.share import table_text
from abm_ros.common.telemetry import SensoryGateTelemetry, SystemBTelemetry
from abm_ros.common.telemetry_fields import known
from abm_ros.lives.innate import lay_innate
from abm_ros.meta.wiring import Wiring
from abm_ros.report import pictures
from abm_ros.report.page import write_report
from abm_ros.ros.ports import read_wiring

_BODY = 'bullet:reach'
_REFRESH_S = 0.25
_PLAIN_PERIOD_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `abm sim`."""
    parser.add_argument('--body', default='', help=forms().replace('%', '%%')
                        + f' ({_BODY}, or that of the script of a life)')
    parser.add_argument('--life', default='', metavar='FILE',
                        help='script of shifts (config/lives/): how the body changes')
    parser.add_argument('--worlds', action=argparse.BooleanOptionalAction,
                        default=GraphOptions.worlds, help='tell worlds apart (%(default)s)')
    parser.add_argument('--headless', action='store_true', help='no simulator window')
    parser.add_argument('--duration', type=float, default=240.0, metavar='S',
                        help='wall seconds once all nodes are active (%(default)s)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='seed (%(default)s)')
    parser.add_argument('--out', type=Path, default=RUN_FOLDER, metavar='DIR',
                        help='memory.db, audit.jsonl, phi.yaml, models/, log/ (%(default)s); '
                        'a second run with the same DIR goes on learning from there')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the report here')
    parser.add_argument('--report', type=Path, metavar='DIR',
                        help='write pictures and a page of the run here')
    parser.add_argument('--baseline-episodes', type=int, default=20, metavar='N',
                        help='episodes acted before any learning of this run (%(default)s)')
    parser.add_argument('--lock-step', action='store_true',
                        help='the body waits for each command: reproducible, fast as it can')
    parser.add_argument('--pin', default='', metavar='MODE', help='pin a mode')
    parser.add_argument('--distractor', default='', choices=('noisy-tv',),
                        help='put something in sight that cannot be predicted')
    add_arm_arguments(parser)
    parser.add_argument('--wiring', default='', metavar='FILE', help='another wiring table')
    parser.add_argument('--phi', default='', metavar='FILE', help='another routing policy')
    parser.add_argument('--innate', default='', metavar='FILE',
                        help='innate models that the learners begin with, unless DIR holds some')
    parser.add_argument('--constraints', default='', metavar='FILE', help='other constraints')
    parser.add_argument('--namespace', default='', help='prefix of all names')
    parser.add_argument('--params-file', default='', metavar='FILE',
                        help='ROS parameters that go before the defaults')
    parser.add_argument('--log-level', default='info', help='debug, info, warn (%(default)s)')
    parser.add_argument('--verbose', action='store_true', help='print every log line')


def run(arguments: argparse.Namespace) -> int:
    """Run the simulation; return the exit code."""
    console = Console(stderr=True, highlight=False)
    if not 0 < arguments.duration < float('inf'):
        raise GraphError('--duration: expected finite seconds above 0, got '
                         f'{arguments.duration:g}')
    script = load_script(table_text(arguments.life, '')) if arguments.life else None
    arguments.body = arguments.body or (script.body if script is not None else _BODY)
    check_ros_arguments(arguments)
    if arguments.report is not None:
        pictures.require()
    out: Path = arguments.out.resolve()
    options = options_of(arguments, out)
    specs = describe(options)
    kept = Path(options.phi)
    phi_text = table_text(arguments.phi or (str(kept) if kept.exists() else ''), 'phi.yaml',
                          PhiError)
    wiring = check_inputs(options, phi_text, arguments.params_file)
    await_alone(arguments.namespace, lambda text: console.print(Text(text), soft_wrap=True))
    prepare(out, kept, phi_text)
    if arguments.innate and not lay_innate(Path(arguments.innate), out / 'models'):
        console.print(f'{out} holds models already: they go on, not the innate ones')
    # One machine: what the graph says is nobody else's business unless the user asks for it.
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    return asyncio.run(_Simulation(arguments, options, specs, wiring, out, console).run())


class _Simulation:
    """One run, from the first process to the report."""

    def __init__(self, arguments: argparse.Namespace, options: GraphOptions, specs: Any,
                 wiring: Wiring, out: Path, console: Console) -> None:
        self._arguments = arguments
        self._wiring = wiring
        self._options = options
        self._specs = specs
        self._out = out
        self._console = console
        self._interrupted = self._ending = False
        self._last_error = ''

    async def run(self) -> int:
        # Here and not above: the ROS wheels restart Python once to set their library path.
        from abm_ros.bringup.processes import Supervisor, first_of
        from abm_ros.cli.chronicle import Chronicle, about
        from abm_ros.cli.monitor import Monitor
        from abm_ros.cli.watch import UnsafeWatch
        arguments = self._arguments
        watch = UnsafeWatch(command_interface(self._options), self._options.control_period_s,
                            [mode for mode, row in self._wiring.items() if row.motors_open],
                            self._options.joints)
        begin_s = time.monotonic()
        supervisor = Supervisor(
            self._specs, log=self._out / 'log', namespace=arguments.namespace,
            log_level=arguments.log_level, params_file=arguments.params_file, echo=self._echo)
        loop = asyncio.get_running_loop()
        work: asyncio.Future[None]
        monitor: Monitor | None = None
        chronicle: Chronicle | None = None
        startup_s = 0.0
        try:
            await supervisor.start()
            monitor = Monitor(arguments.namespace, self._options.controller, watch)
            work = asyncio.ensure_future(self._wait_up(monitor))
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._interrupt)
            await first_of(supervisor, work)
            startup_s = time.monotonic() - begin_s
            self._console.print(f'all nodes active after {startup_s:.1f} s')
            chronicle = Chronicle(self._out, monitor, watch,
                                  about(self._options, self._wiring, startup_s))
            work = asyncio.ensure_future(self._watch(monitor, chronicle))
            await first_of(supervisor, work)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)
            ended_s = time.monotonic()
            self._ending = True
            await supervisor.stop()
            if monitor is not None:
                monitor.close()
            signal.signal(signal.SIGINT, signal.default_int_handler)
        report = build_report(monitor, watch, startup_s, begin_s + startup_s, ended_s,
                              self._out / 'memory.db', self._arguments.baseline_episodes,
                              self._wiring.modes)
        if chronicle is not None:
            chronicle.end(report)
            if chronicle.trouble:
                self._console.print(Text(f'no history of the run: {chronicle.trouble}'))
        print_report(report, Console(highlight=False))
        if arguments.json is not None:
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            arguments.json.write_text(json.dumps(report, indent=2) + '\n')
        if arguments.report is not None:
            written = write_report(self._out, arguments.report, -1)
            self._console.print(f'report: {written.page}')
        if self._interrupted:
            return 130
        if report['transitions_recorded'] or not self._meant_to_act():
            return 0
        self._console.print(Text(f'error: {self._why_idle(report, monitor)}'), soft_wrap=True)
        return 1

    def _meant_to_act(self) -> bool:
        """Tell whether a run moves: not where the pinned mode keeps the motors shut."""
        rows = read_wiring(table_text(self._options.wiring, 'wiring.yaml', WiringError))
        return not self._options.pin_mode or rows[self._options.pin_mode].motors_open

    def _why_idle(self, report: dict[str, Any], monitor: Any) -> str:
        seen = int(known(monitor.told(SensoryGateTelemetry).observations, 0.0))
        modes = ', '.join(dict.fromkeys(entry['mode'] for entry in report['modes'])) or 'none'
        cause = self._last_error or f'no node said why; see {self._out / "log"}'
        return (f'nothing was done in {report["duration_s"]:.0f} s: {seen} observations, no '
                f'transition recorded, modes: {modes}; {cause}')

    def _interrupt(self) -> None:
        self._interrupted = True

    def _echo(self, line: str) -> None:
        # What nodes say of each other while all of them end is in their logs.
        failed = not self._ending and any(
            word in line for word in ('[ERROR]', '[FATAL]', 'restarting'))
        if failed:
            self._last_error = line
        if self._arguments.verbose or failed:
            self._console.print(Text(line), soft_wrap=True)

    async def _wait_up(self, monitor: Any) -> None:
        deadline_s = time.monotonic() + 60.0
        while not monitor.up():
            if self._interrupted:
                raise GraphError('interrupted before the graph was up')
            if time.monotonic() > deadline_s:
                raise GraphError('the graph did not come up within 60 s; not heard: '
                                 f'{", ".join(monitor.missing()) or "a mode"}; see '
                                 f'{self._out / "log"}')
            await asyncio.sleep(0.02)

    async def _watch(self, monitor: Any, chronicle: Any) -> None:
        begin_s = time.monotonic()
        steps, steps_s, rate = 0.0, begin_s, 0.0
        plain = not self._console.is_terminal
        said_s = 0.0
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while not self._interrupted:
                now_s = time.monotonic()
                if now_s - begin_s >= self._arguments.duration:
                    break
                done = known(monitor.told(SensoryGateTelemetry).observations, 0.0)
                if now_s - steps_s >= 1.0:
                    rate = max(0.0, done - steps) / (now_s - steps_s)
                    steps, steps_s = done, now_s
                chronicle.note(now_s)
                line = status_line(monitor, now_s - begin_s, self._arguments.duration, rate)
                if plain and now_s - said_s >= _PLAIN_PERIOD_S:
                    said_s = now_s
                    self._console.print(Text(line), soft_wrap=True)
                elif not plain:
                    live.update(Text(line, no_wrap=True, overflow='ellipsis'), refresh=True)
                await asyncio.sleep(_REFRESH_S)


def status_line(monitor: Any, elapsed_s: float, duration_s: float, rate: float) -> str:
    """Return one line for the operator: time, mode, success, signals, steps per second."""
    width = shutil.get_terminal_size((120, 24)).columns
    signals = monitor.signals()
    short = {'prediction_error': 'err', 'uncertainty': 'unc', 'learning_gain': 'gain',
             'energy': 'energy', 'stress': 'stress', 'sleep_pressure': 'sleepy'}
    shown = ' '.join(f'{label} {signals[name]:.2f}' for name, label in short.items()
                     if name in signals)
    told = monitor.told(SystemBTelemetry)
    text = (f'{elapsed_s:5.0f}/{duration_s:.0f} s  {monitor.mode():7s} '
            f'episodes {known(told.episodes, 0.0):.0f} success {told.success_rate:.2f}  {shown}  '
            f'{rate:.0f} steps/s')
    return text if sys.stderr.isatty() is False else text[:width]
