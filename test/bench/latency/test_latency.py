import argparse
import json
from dataclasses import dataclass

import numpy as np
import pytest

from abm_ros.bench.latency import command
from abm_ros.bench.latency import run as measuring
from abm_ros.bench.latency.figures import conditions, summarise
from abm_ros.common.errors import GraphError


class _Timing:
    def __init__(self, times_ms, sent=None, **between):
        self.arrivals = {'command': [t * 1e-3 for t in times_ms],
                         **{k: [t * 1e-3 for t in v] for k, v in between.items()}}
        self.sent = len(times_ms) if sent is None else sent


def _parse(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument('--json')
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_conditions_are_balanced_against_a_drift():
    order = conditions(4)
    assert order[:4] == ['idle', 'training', 'training', 'idle']
    # A linear drift adds as much to one as to the other.
    times = np.arange(8)
    assert times[[c == 'idle' for c in order]].sum() == times[[c != 'idle' for c in order]].sum()


def test_summary_pools_blocks_and_keeps_the_ratio_of_each():
    blocks = [('idle', {'floor': _Timing([1.0] * 3), 'graph': _Timing([2.0] * 3)}),
              ('training', {'floor': _Timing([2.0] * 3), 'graph': _Timing([5.0] * 3, sent=4)}),
              ('training', {'floor': _Timing([2.0] * 3), 'graph': _Timing([5.0] * 3)}),
              ('idle', {'floor': _Timing([1.0] * 2), 'graph': _Timing([3.0] * 2)})]
    figures = summarise(blocks)
    assert figures['floor'] == {'p50_ms': 1.0, 'p99_ms': 1.0, 'samples': 5, 'unanswered': 0}
    assert figures['graph']['p50_ms'] == 2.0
    assert figures['graph_training'] == {
        'p50_ms': 5.0, 'p99_ms': 5.0, 'samples': 6, 'unanswered': 1}
    assert figures['ratio_p50'] == 2.0
    assert figures['ratio_p99_training'] == 2.5
    assert figures['ratios_p50'] == [2.0, 3.0]
    assert 'hops' not in figures


def test_summary_tells_the_hops_that_were_heard():
    sides = {'floor': _Timing([4.0], latent=[2.0]), 'graph': _Timing([8.0], latent=[5.0])}
    blocks = [(kind, sides) for kind in ('idle', 'training')]
    hops = summarise(blocks)['hops']
    assert hops['floor'] == {'latent': {'p50_ms': 2.0, 'p99_ms': 2.0}}
    assert hops['graph_training'] == {'latent': {'p50_ms': 5.0, 'p99_ms': 5.0}}


def test_a_bench_without_blocks_is_refused():
    with pytest.raises(GraphError, match='at least one block'):
        command.run(_parse('--repeats', '0'))


class _Graph:
    """Learners that make so many updates between any two looks, then go on as they were set."""

    def __init__(self, *disturbed):
        self.disturbed, self.updates, self.plasticity = list(disturbed), 0.0, 1.0

    def set(self, *, plasticity, schedule):
        self.plasticity = plasticity

    def sleep(self, seconds):
        if seconds > measuring._SETTLE_S and self.disturbed:
            self.plasticity = self.disturbed.pop(0)

    def look(self, station):
        self.updates += 10 * self.plasticity
        return [self.updates] * 2

    def measure(self, condition):
        run = measuring.LatencyRun(self, None, _parse())
        run._learners, run._learning, run._updates = ('a', 'b'), self, self.look
        return run._block(None, self, condition, 3.0)

    def begin(self):
        return {'graph': _Counted(self.plasticity)}

    def end(self):
        pass


@dataclass
class _Counted:
    plasticity: float


def test_a_block_that_system_m_disturbed_is_measured_anew():
    assert _Graph(1.0, 1.0, 0.0).measure('idle')[0] == 'idle'
    assert _Graph(0.0, 1.0).measure('training')[0] == 'training'
    with pytest.raises(GraphError, match='was to be idle in each of 5 attempts'):
        _Graph(*[1.0] * 9).measure('idle')


@pytest.mark.graph
@pytest.mark.slow
def test_quick_latency_measures_all_four(tmp_path):
    file = tmp_path / 'latency.json'
    arguments = _parse('--quick')
    arguments.json = file
    assert command.run(arguments) == 0
    figures = json.loads(file.read_text())
    for key in ('floor', 'graph', 'floor_training', 'graph_training'):
        # A block of 3 s at 20 Hz, which may begin and end within a period.
        # A busy machine may trip the gate, which then does not answer for a while.
        assert 50 <= figures[key]['samples'] + figures[key]['unanswered'] <= 62
        assert figures[key]['samples'] > 0
        assert 0 < figures[key]['p50_ms'] <= figures[key]['p99_ms']
    assert figures['ratio_p50'] == pytest.approx(
        figures['graph']['p50_ms'] / figures['floor']['p50_ms'], abs=1e-3)
    assert figures['updates_per_s']['system_a_learner_idle'] == 0
    assert figures['updates_per_s']['system_b_learner_training'] > 0
