import os
import signal
import subprocess
import sys

import pytest

from abm_ros.bringup.neighbours import await_alone
from abm_ros.common.errors import GraphError

DOMAIN = 231


@pytest.fixture(autouse=True)
def domain(monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', str(DOMAIN))


@pytest.fixture
def earlier(monkeypatch):
    """Start a process that looks like a node of an earlier graph, and ends by a signal."""
    started = []

    def start(namespace):
        code = 'import sys; sys.stdout.write("up\\n"); sys.stdout.flush(); sys.stdin.read()'
        child = subprocess.Popen(
            [sys.executable, '-c', code, '-m', 'abm_ros.nodes', 'system_a', '--ros-args', '-r',
             f'__ns:=/{namespace}'], env=os.environ, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        assert child.stdout.readline() == b'up\n'
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


def test_a_graph_that_stays_is_refused_by_name(earlier):
    child = earlier('arm_1')
    said = []
    with pytest.raises(GraphError, match=f'another graph runs in domain {DOMAIN}, namespace '
                       rf'/arm_1: system_a \(pid {child.pid}\).*--namespace'):
        await_alone('/arm_1/', said.append, patience_s=0.0)
    assert said == []
    await_alone('arm_2', said.append, patience_s=0.0)    # it is nobody's neighbour there
    await_alone('', said.append, patience_s=0.0)
    assert said == []


def test_a_graph_that_is_ending_is_waited_for(earlier):
    child = earlier('')

    def say(text):
        assert f'domain {DOMAIN}' in text
        child.send_signal(signal.SIGTERM)
        child.wait()

    await_alone('', say, patience_s=30.0)
    assert child.returncode == -signal.SIGTERM
