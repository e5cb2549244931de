"""A ROS domain and processes of a benchmark's own."""

import socket
import time

import pytest

from abm_ros.bench.common import processes
from abm_ros.common.errors import GraphError


def test_a_domain_whose_discovery_port_is_bound_is_not_free():
    # RTPS 2.5, section 9.6.2.3: domain 91 -> 7400 + 250 * 91 + 10 = 30160.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(('', 30160))
        assert not processes.is_free(91)
        with pytest.raises(GraphError, match='domain 91 is in use'):
            processes.choose_domain(91)
    assert processes.is_free(91)
    assert processes.choose_domain(91) == 91


def test_a_free_domain_is_chosen_in_range():
    assert 1 <= processes.choose_domain(None) <= 101


def test_children_end_with_the_block(tmp_path):
    with processes.Children(tmp_path) as children:
        children.start('server', 'http.server', '0')
        process = children._running['server']
        children.check()
        assert process.poll() is None
    assert process.poll() is not None


def test_a_child_that_ignores_the_signal_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, '_GRACE_S', 0.2)
    (tmp_path / 'stubborn.py').write_text(
        'import signal, time\n'
        'signal.signal(signal.SIGINT, signal.SIG_IGN)\n'
        'print("deaf", flush=True)\n'
        'time.sleep(60)\n')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    with processes.Children(tmp_path) as children:
        children.start('stubborn', 'stubborn')
        deadline_s = time.monotonic() + 20.0
        while 'deaf' not in (tmp_path / 'stubborn.log').read_text():
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        process = children._running['stubborn']
    assert process.returncode == -9


def test_a_child_that_ended_is_named_with_its_last_words(tmp_path):
    with processes.Children(tmp_path) as children:
        children.start('brief', 'no_such_module_of_anybody')
        children._running['brief'].wait(20.0)
        with pytest.raises(GraphError, match=r'brief ended with exit code 1: .*No module'):
            children.sleep(1.0)
