"""Processes of the graph are killed: it freezes, mends itself and goes on; nothing is lost."""

import sqlite3
import time
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')

from graph_harness import WIRED, running, wait_until

from abm_ros.bringup.graph import GraphOptions, describe

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    folder = tmp_path_factory.mktemp('faults')
    options = GraphOptions(body='bullet:reach', directory=str(folder), seed=2, pin_mode='task')
    # System M alone stays dead: what the gate does without it is to be seen.
    specs = [replace(spec, respawn=spec.name != 'system_m') for spec in describe(options)]
    with running(specs, folder) as (processes, observer):
        observer.wait_mode('task')
        observer.processes, observer.folder = processes, folder
        yield observer


def moves(graph):
    wait_until(lambda: graph.mode == 'task' and graph.value('motor_gate', 'open') == 1.0,
               lambda: f'an open gate in task; modes so far {graph.modes[-5:]}')
    start, begin = len(graph.commands), graph.value('motor_gate', 'commands')
    wait_until(lambda: graph.value('motor_gate', 'commands') > begin + 20, 'commands')
    path = np.array([command for _, command in graph.commands[start:]])
    assert np.ptp(path, axis=0).max() > 1e-3, 'the arm stands still'


def rows(folder):
    with sqlite3.connect(f'file:{folder}/memory.db?mode=ro', uri=True) as db:
        return db.execute('SELECT SUM(steps), MAX(last_id) FROM chunks').fetchone()


def stands_still(graph):
    start = len(graph.commands)
    wait_until(lambda: len(graph.commands) >= start + 10, 'a hold that is published')
    held = np.array([command for _, command in graph.commands[start:]])
    assert (held == held[0]).all()


@pytest.mark.parametrize('victim', ['system_b', 'episodic_memory', 'system_a_learner'])
def test_a_killed_node_freezes_the_graph_until_it_is_back(graph, victim):
    moves(graph)
    wait_until(lambda: graph.value('episodic_memory', 'acknowledged') > 0, 'a first commit')
    acknowledged = graph.value('episodic_memory', 'acknowledged')
    seen = len(graph.modes)
    dead = graph.processes.kill(victim)
    wait_until(lambda: 'freeze' in graph.modes[seen:], 'a freeze')
    wait_until(lambda: graph.processes.pid(victim) not in (None, dead), f'{victim} back')
    moves(graph)
    assert [mode for mode in graph.modes[seen:] if mode != 'freeze'][-1] == 'task'
    count, newest = rows(graph.folder)
    assert count == newest, 'ids without a gap'
    assert count >= acknowledged
    wait_until(lambda: rows(graph.folder)[0] > count, 'the record to go on')
    wait_until(lambda: {graph.states[node] for node in WIRED} == {'active'}, 'all nodes active')


def test_the_gate_is_shut_while_a_node_is_lost(graph):
    """system_a stopped, not dead: it holds its endpoints but answers nothing."""
    import os
    import signal
    moves(graph)
    seen = len(graph.modes)
    pid = graph.processes.pid('system_a')
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: 'freeze' in graph.modes[seen:], 'a freeze')
        wait_until(lambda: graph.value('motor_gate', 'open') == 0.0, 'a shut gate')
        stands_still(graph)
    finally:
        os.kill(pid, signal.SIGCONT)
    moves(graph)


def test_a_full_disk_freezes_the_robot_and_loses_nothing(graph):
    """A limit on the size of memory's files stands in for the disk; lifting it, for space."""
    import resource
    moves(graph)
    seen, pid = len(graph.modes), graph.processes.pid('episodic_memory')
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1024, hard))
    try:
        wait_until(lambda: graph.value('episodic_memory', 'trouble') == 1.0, 'trouble')
        wait_until(lambda: 'freeze' in graph.modes[seen:], 'a freeze')
        wait_until(lambda: graph.value('motor_gate', 'open') == 0.0, 'a shut gate')
        stands_still(graph)
        acknowledged = graph.value('episodic_memory', 'acknowledged')
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    moves(graph)
    count, newest = rows(graph.folder)
    assert count == newest > acknowledged
    assert graph.processes.pid('episodic_memory') == pid, 'it needed no restart'


def test_without_system_m_the_gate_shuts_and_holds(graph):
    """The last test of this graph: nobody mends it."""
    moves(graph)
    graph.processes.kill('system_m')
    killed_s = time.monotonic()
    wait_until(lambda: graph.value('motor_gate', 'open') == 0.0, 'a shut gate')
    stands_still(graph)
    changes = [at for (_, before), (at, after) in zip(graph.commands, graph.commands[1:],
                                                      strict=False)
               if (before != after).any()]
    # heartbeat_timeout_s is 0.3; the rest is room for a loaded machine.
    assert changes[-1] < killed_s + 0.3 + 1.0
    assert graph.processes.pid('motor_gate') is not None
