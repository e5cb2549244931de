"""What the supervisor of `abm sim` does and says when a process ends."""

import asyncio
import sys
from pathlib import Path

import pytest

from abm_ros.bringup.graph import NodeSpec
from abm_ros.bringup.processes import Supervisor, first_of
from abm_ros.common.errors import AbmError, BodyFailure, GraphError
from abm_ros.ros.child import BODY_FAILED, REFUSED

CRASH = 'def f():\n    raise KeyError("elbow")\nf()'
SIGNALLED = 'import os, signal; os.kill(os.getpid(), signal.SIGSEGV)'


def ending(code: int, text: str = '') -> str:
    return f'import sys; sys.stderr.write({text!r}); sys.exit({code})'


class Scripts(Supervisor):
    """Runs a script in place of each node."""

    def _command(self, spec: NodeSpec) -> list[str]:
        return [sys.executable, '-c', str(spec.parameters['script'])]


def watched(tmp_path: Path, script: str, *, respawn: bool = True) -> tuple[list[str], AbmError]:
    """Return what was said on the screen, and how the run ended: by itself when restarted."""
    said: list[str] = []

    async def run() -> None:
        supervisor = Scripts([NodeSpec('part', {'script': script}, respawn)], log=tmp_path,
                             echo=said.append)

        async def work() -> None:
            while not any('restarting' in line for line in said):
                await asyncio.sleep(0.01)
            raise GraphError('restarted')

        try:
            await supervisor.start()
            await first_of(supervisor, asyncio.ensure_future(work()))
        finally:
            await supervisor.stop()

    with pytest.raises(AbmError) as caught:
        asyncio.run(asyncio.wait_for(run(), 30.0))
    return said, caught.value


def test_a_node_that_refuses_ends_the_run(tmp_path: Path) -> None:
    _, error = watched(tmp_path, ending(REFUSED, 'error: deadman_s: -1 is out of bounds\n'))
    assert type(error) is GraphError
    assert str(error) == 'part: deadman_s: -1 is out of bounds'


def test_a_body_that_fails_ends_the_run(tmp_path: Path) -> None:
    _, error = watched(tmp_path, ending(BODY_FAILED, "error: environment 'X': step raised\n"))
    assert type(error) is BodyFailure
    assert str(error) == "part: environment 'X': step raised"


def test_a_node_that_crashes_is_restarted_and_the_screen_says_why(tmp_path: Path) -> None:
    said, error = watched(tmp_path, CRASH)
    assert str(error) == 'restarted'
    assert "[part] died: KeyError: 'elbow' (exit code 1); restarting" in said


def test_a_signal_is_named(tmp_path: Path) -> None:
    said, _ = watched(tmp_path, SIGNALLED)
    assert '[part] died: signal 11 (SIGSEGV); restarting' in said


def test_where_nothing_is_restarted_the_reason_ends_the_run(tmp_path: Path) -> None:
    _, error = watched(tmp_path, CRASH, respawn=False)
    assert str(error) == "part: ended: KeyError: 'elbow' (exit code 1)"
    assert "KeyError: 'elbow'" in (tmp_path / 'part.log').read_text()
