import json
import socket
import sys
import time

import numpy as np
import pytest

from abm_ros.bench import common
from abm_ros.common.errors import GraphError


def test_quantiles_of_a_ramp_are_its_closed_form():
    # Of 0, 1, ..., 1000 ms the p-th percentile is 10 p ms.
    samples = np.random.default_rng(0).permutation(1001) * 1e-3
    assert common.quantiles(samples.tolist()) == {'p50_ms': 500.0, 'p99_ms': 990.0}


def test_quantiles_of_one_sample_are_the_sample():
    assert common.quantiles([0.002]) == {'p50_ms': 2.0, 'p99_ms': 2.0}


def test_quantiles_of_nothing_are_refused():
    with pytest.raises(GraphError, match='nothing was measured'):
        common.quantiles([])


def test_ratio_and_spread():
    above, below = {'p50_ms': 3.0, 'p99_ms': 10.0}, {'p50_ms': 2.0, 'p99_ms': 4.0}
    assert common.ratio(above, below, 'p50_ms') == 1.5
    assert common.ratio(above, below, 'p99_ms') == 2.5
    assert common.spread([4.0, 1.0, 2.0]) == {'median': 2.0, 'min': 1.0, 'max': 4.0}


def test_report_prints_a_table_and_writes_everything(tmp_path, capsys):
    figures = {'floor': {'p50_ms': 2.0, 'p99_ms': 3.0}, 'ratio_p50': 1.25, 'deep': {'a': {'b': 1}}}
    common.report('some bench', figures, tmp_path / 'new' / 'figures.json')
    assert json.loads((tmp_path / 'new' / 'figures.json').read_text()) == figures
    printed = capsys.readouterr().out
    assert 'some bench' in printed
    assert 'p50_ms 2' in printed
    assert '1.25' in printed
    assert 'deep' not in printed


def test_a_domain_whose_discovery_port_is_bound_is_not_free():
    # RTPS 2.5, section 9.6.2.3: domain 91 -> 7400 + 250 * 91 + 10 = 30160.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(('', 30160))
        assert not common.is_free(91)
        with pytest.raises(GraphError, match='domain 91 is in use'):
            common.choose_domain(91)
    assert common.is_free(91)
    assert common.choose_domain(91) == 91


def test_a_free_domain_is_chosen_in_range():
    assert 1 <= common.choose_domain(None) <= 101


def test_children_end_with_the_block(tmp_path):
    with common.Children(tmp_path) as children:
        children.start('server', 'http.server', '0')
        process = children._running['server']
        children.check()
        assert process.poll() is None
    assert process.poll() is not None


def test_a_child_that_ignores_the_signal_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(common, '_GRACE_S', 0.2)
    (tmp_path / 'stubborn.py').write_text(
        'import signal, time\n'
        'signal.signal(signal.SIGINT, signal.SIG_IGN)\n'
        'print("deaf", flush=True)\n'
        'time.sleep(60)\n')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    with common.Children(tmp_path) as children:
        children.start('stubborn', 'stubborn')
        deadline_s = time.monotonic() + 20.0
        while 'deaf' not in (tmp_path / 'stubborn.log').read_text():
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        process = children._running['stubborn']
    assert process.returncode == -9


def test_a_child_that_ended_is_named_with_its_last_words(tmp_path):
    with common.Children(tmp_path) as children:
        children.start('brief', 'no_such_module_of_anybody')
        children._running['brief'].wait(20.0)
        with pytest.raises(GraphError, match=r'brief ended with exit code 1: .*No module'):
            children.sleep(1.0)


def test_the_bench_modules_import_no_ros():
    # `abm --help` imports them all.
    import subprocess
    text = ('import sys, abm_ros.bench.latency, abm_ros.bench.rewire, abm_ros.bench.common; '
            "sys.exit('rclpy' in sys.modules)")
    assert subprocess.run([sys.executable, '-c', text], timeout=60).returncode == 0
