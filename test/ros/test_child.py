"""A process that tells where it runs is ended from there, and from nowhere else."""

import os
import signal
import subprocess
import sys

from abm_ros.ros.child import end_process, here, own_process, process_runs


def test_a_process_of_this_machine_is_asked_to_end() -> None:
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
    try:
        assert process_runs(f'{here()} {child.pid}')
        assert end_process(f'{here()} {child.pid}') == ''
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not process_runs(f'{here()} {child.pid}'), 'it ended, and nobody has waited for it'
        assert child.wait(20.0) == -signal.SIGTERM
    finally:
        child.kill()
    assert not process_runs(f'{here()} {child.pid}')
    assert 'No such process' in end_process(f'{here()} {child.pid}')


def test_a_process_elsewhere_is_left_alone() -> None:
    assert own_process().startswith(here())
    for told in ('', 'otherhost pid:[1] 1', own_process().replace('pid:', 'other:'), here()):
        assert end_process(told).startswith('it runs elsewhere')
        assert not process_runs(told)
