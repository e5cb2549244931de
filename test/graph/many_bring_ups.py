"""
How often a bring-up hangs under load: `python test/graph/many_bring_ups.py --count 200`.

Graphs are brought up side by side, each in a domain of its own, which is the load; each ends as
soon as System M has entered its first mode. Prints one line per bring-up and the figures.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.bringup.processes import Supervisor

ROOT = Path(__file__).resolve().parents[2]
_FIRST_DOMAIN = 20
_DOMAINS = 80
# What System M logs when it has entered a mode, and when it needed more than patience.
_UP, _CURED = '(rewired in ', 'does not follow: '


async def _bring_up(folder: Path, patience_s: float) -> tuple[float, list[str]]:
    """Return the seconds until the first mode, NaN for none in time, and the log."""
    lines: list[str] = []
    up = asyncio.Event()

    def hear(line: str) -> None:
        lines.append(f'{time.monotonic() - begin_s:6.2f} {line}')
        if line.startswith('[system_m]') and _UP in line:
            up.set()

    supervisor = Supervisor(describe(GraphOptions(directory=str(folder))), echo=hear)
    begin_s = time.monotonic()
    await supervisor.start()
    try:
        await asyncio.wait_for(up.wait(), patience_s)
        return time.monotonic() - begin_s, lines
    except TimeoutError:
        return float('nan'), lines
    finally:
        await supervisor.stop()


def once(patience_s: float) -> int:
    """Bring one graph up; print its time, or its log when it hung."""
    with tempfile.TemporaryDirectory() as folder:
        took_s, lines = asyncio.run(_bring_up(Path(folder), patience_s))
    hung = took_s != took_s
    cures = [line for line in lines if _CURED in line]
    sys.stdout.write(f'{took_s:.2f}\n')
    sys.stdout.writelines(f'{line}\n' for line in (lines if hung else cures))
    return 1 if hung else 0


def many(count: int, side_by_side: int, patience_s: float, limit_s: float) -> int:
    """Bring graphs up, so many at a time; return 1 when one of them hung."""
    end_s = time.monotonic() + limit_s
    running: list[subprocess.Popen[str]] = []
    took: list[float] = []
    cures = hung = started = 0
    while started < count or running:
        if time.monotonic() > end_s:
            count = started
        while started < count and len(running) < side_by_side:
            domain = _FIRST_DOMAIN + (os.getpid() + started) % _DOMAINS
            running.append(subprocess.Popen(
                [sys.executable, __file__, '--once', '--patience', str(patience_s)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                env=os.environ | {'ROS_DOMAIN_ID': str(domain), 'PYTHONPATH': str(ROOT),
                                  'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}))
            started += 1
        for child in [c for c in running if c.poll() is not None]:
            running.remove(child)
            assert child.stdout is not None
            first, *rest = child.stdout.read().splitlines()
            took.append(float(first))
            hung += child.returncode
            cures += bool(rest) and not child.returncode
            sys.stdout.write(f'{len(took)} of {count}: {first} s\n'
                             + ''.join(f'    {line}\n' for line in rest))
            sys.stdout.flush()
        time.sleep(0.1)
    up = sorted(t for t in took if t == t)
    sys.stdout.write(
        f'{count} bring-ups, {side_by_side} at a time: {hung} hung, {cures} needed a cure; '
        f'median {statistics.median(up):.1f} s, longest {up[-1]:.1f} s\n')
    return 1 if hung else 0


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--count', type=int, default=40)
    parser.add_argument('--side-by-side', type=int, default=3)
    parser.add_argument('--patience', type=float, default=60.0, metavar='S')
    parser.add_argument('--limit', type=float, default=float('inf'), metavar='S',
                        help='begin none after this time')
    parser.add_argument('--once', action='store_true', help=argparse.SUPPRESS)
    asked = parser.parse_args()
    return (once(asked.patience) if asked.once
            else many(asked.count, asked.side_by_side, asked.patience, asked.limit))


if __name__ == '__main__':
    sys.exit(main())
