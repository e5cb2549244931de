import argparse
import itertools
import json
import random

import pytest

from abm_ros.bench.rewire import command, figures
from abm_ros.bench.rewire.tour import tour
from abm_ros.common.errors import GraphError

MODES = ['play', 'task', 'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze']
NAN = float('nan')


def _parse(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument('--json')
    command.add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize('seed', range(20))
def test_a_tour_takes_every_ordered_pair_once(seed):
    order = tour(MODES, random.Random(seed))
    assert sorted(itertools.pairwise(order)) == sorted(itertools.permutations(MODES, 2))
    assert order[0] == order[-1] == MODES[0]    # so that tours can follow one another


def test_tours_differ_by_seed():
    assert len({tuple(tour(MODES, random.Random(seed))) for seed in range(10)}) > 5


def test_summary_leaves_out_what_was_no_shutting_and_what_failed():
    measured = figures.Measured([
        figures.Switch('task', 'rest', 0.002, 0.020, 0.010, retries=1),
        figures.Switch('rest', 'task', NAN, 0.030, 0.010),
        figures.Switch('task', 'rest', 0.004, 0.040, 0.010),
        figures.Switch('rest', 'task', NAN, NAN, 0.010, failure='system_b is late')],
        [0.005])
    summary = figures.summarise(measured)
    assert summary['gate_shut']['p50_ms'] == 3.0
    assert summary['full']['p50_ms'] == 30.0
    assert summary['floor'] == {'p50_ms': 10.0, 'p99_ms': 10.0}
    assert summary['ratio_p50'] == 3.0
    assert summary['ratio_p50_alone'] == 6.0
    assert summary['pairs']['task->rest']['p50_ms'] == 30.0
    assert (summary['switches'], summary['failures'], summary['retries']) == (3, 1, 1)
    assert summary['failure_reasons'] == ['system_b is late']
    json.loads(json.dumps(summary, allow_nan=False))


def test_no_repeats_are_refused():
    with pytest.raises(GraphError, match='at least 1'):
        command.run(_parse('--repeats', '0'))


@pytest.mark.graph
@pytest.mark.slow
def test_quick_rewire_measures_every_pair(tmp_path):
    arguments = _parse('--quick')
    arguments.json = tmp_path / 'rewire.json'
    assert command.run(arguments) == 0
    summary = json.loads(arguments.json.read_text())
    assert set(summary['pairs']) == {f'{a}->{b}' for a, b in itertools.permutations(MODES, 2)}
    assert summary['failures'] == 0
    for key in ('gate_shut', 'full', 'floor'):
        assert 0 < summary[key]['p50_ms'] <= summary[key]['p99_ms']
    assert summary['gate_shut']['p50_ms'] < summary['full']['p50_ms']
