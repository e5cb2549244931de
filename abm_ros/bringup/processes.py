"""
Starts the processes of the graph where `ros2 launch` is not installed.

asyncio runs them, prefixes their logs, restarts them, and ends them in reverse order with finite
time-outs. Only processes started here are ever signalled, by pid.
"""

import asyncio
import re
import signal
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abm_ros.bringup.graph import NodeSpec
from abm_ros.common.errors import AbmError, BodyFailure, GraphError
from abm_ros.ros.child import BODY_FAILED, REFUSED, child_options, node_command

_RESPAWN_DELAY_S = 1.0
_GRACE_S = 6.0
# Lines that say why a process ends: our own, the last of a traceback, or faulthandler's.
_REASON = re.compile(r'error: (?P<own>.*)|(?P<other>[A-Za-z_][\w.]*(Error|Exception)\b.*'
                     r'|Fatal Python error: .*)')


@dataclass
class _Child:
    spec: NodeSpec
    process: asyncio.subprocess.Process | None = None
    starts: int = 0
    reason: str = ''                    # why it ends, if it said so
    tasks: list['asyncio.Task[None]'] = field(default_factory=list)


class Supervisor:
    """Runs the processes until stopped, or until one ends that must not be restarted."""

    def __init__(self, specs: Sequence[NodeSpec], *, log: Path | None = None,
                 namespace: str = '', log_level: str = 'info', params_file: str = '',
                 echo: Callable[[str], None] | None = None) -> None:
        """
        Prepare the processes.

        :param log: folder that gets one log file per node; None keeps none.
        :param echo: called with every prefixed log line.
        """
        self._children = [_Child(spec) for spec in specs]
        self._log = log
        self._namespace = namespace
        self._log_level = log_level
        self._params_file = params_file
        self._echo = echo
        self._scratch = tempfile.TemporaryDirectory(prefix='abm_ros_')
        self._stopping = False
        self.failure: asyncio.Future[AbmError] | None = None

    async def start(self) -> None:
        """Start every process."""
        self.failure = asyncio.get_running_loop().create_future()
        if self._log is not None:
            self._log.mkdir(parents=True, exist_ok=True)
        for child in self._children:
            child.tasks = [asyncio.create_task(self._keep(child))]

    def _is_stopping(self) -> bool:
        return self._stopping

    def pids(self) -> dict[str, int]:
        """Return the ids of the running processes."""
        return {c.spec.name: c.process.pid for c in self._children
                if c.process is not None and c.process.returncode is None}

    def starts(self) -> dict[str, int]:
        """Return how often each process was started."""
        return {c.spec.name: c.starts for c in self._children}

    async def stop(self) -> None:
        """End every process, in reverse order of their start."""
        self._stopping = True
        for child in reversed(self._children):
            self._signal(child, signal.SIGINT)
        waits = [c.process.wait() for c in self._children if c.process is not None]
        if waits:
            await asyncio.wait([asyncio.ensure_future(w) for w in waits], timeout=_GRACE_S)
        for child in self._children:
            self._signal(child, signal.SIGKILL)
        await asyncio.gather(*(task for child in self._children for task in child.tasks),
                             return_exceptions=True)
        self._scratch.cleanup()

    def _signal(self, child: _Child, number: int) -> None:
        if child.process is not None and child.process.returncode is None:
            child.process.send_signal(number)

    def _command(self, spec: NodeSpec) -> list[str]:
        command = node_command(Path(self._scratch.name), spec.command, spec.parameters,
                               self._log_level)
        if self._params_file:
            command += ['--params-file', self._params_file]
            command += [word for values in spec.last for name, value in values.items()
                        for word in ('-p', f'{name}:={value}')]
        if self._namespace:
            command += ['-r', f'__ns:=/{self._namespace.strip("/")}']
        return command

    async def _keep(self, child: _Child) -> None:
        """Run one process and restart it when it dies."""
        while not self._stopping:
            child.process = await asyncio.create_subprocess_exec(
                *self._command(child.spec), stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
                **child_options())
            child.starts += 1
            child.reason = ''
            if self._is_stopping():   # asked to end while the process was being made
                self._signal(child, signal.SIGKILL)
            await self._relay(child)
            code = await child.process.wait()
            if self._is_stopping():
                return
            if code in (REFUSED, BODY_FAILED) or not child.spec.respawn:
                self._fail(child, code)
                return
            self._say(child.spec.name, f'died: {_ended(code, child.reason)}; restarting')
            await asyncio.sleep(_RESPAWN_DELAY_S)

    def _fail(self, child: _Child, code: int) -> None:
        if self.failure is not None and not self.failure.done():
            what = child.reason if code in (REFUSED, BODY_FAILED) and child.reason else (
                f'ended: {_ended(code, child.reason)}')
            kind = BodyFailure if code == BODY_FAILED else GraphError
            self.failure.set_result(kind(f'{child.spec.name}: {what}'))

    async def _relay(self, child: _Child) -> None:
        assert child.process is not None
        assert child.process.stdout is not None
        name = child.spec.name
        file = (open(self._log / f'{name}.log', 'a', encoding='utf-8')
                if self._log is not None else None)
        try:
            while line := await child.process.stdout.readline():
                text = line.decode(errors='replace').rstrip()
                if found := _REASON.match(text):
                    child.reason = found['own'] or found['other']
                if file is not None:
                    file.write(text + '\n')
                    file.flush()
                self._say(name, text)
        finally:
            if file is not None:
                file.close()

    def _say(self, name: str, text: str) -> None:
        if self._echo is not None:
            self._echo(f'[{name}] {text}')


def _ended(code: int, reason: str) -> str:
    """Return how a process ended, and why, if it said so."""
    how = f'exit code {code}'
    if code < 0:
        names = {number.value: number.name for number in signal.Signals}
        how = f'signal {-code} ({names.get(-code, "unknown")})'
    return f'{reason} ({how})' if reason else how


async def first_of(supervisor: Supervisor, work: 'asyncio.Future[None]') -> None:
    """
    Wait for the work, or for a process that ends and must not be restarted.

    :raises GraphError: naming the process and why it refused its settings.
    :raises BodyFailure: naming the body and what it did.
    """
    assert supervisor.failure is not None
    both: list[asyncio.Future[Any]] = [work, supervisor.failure]
    done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if supervisor.failure in done:
        work.cancel()
        raise supervisor.failure.result()
    await work
