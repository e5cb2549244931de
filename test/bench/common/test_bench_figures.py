"""Figures, the table and the JSON of a benchmark."""

import json

import numpy as np
import pytest

from abm_ros.bench.common.figures import quantiles, ratio, report, spread
from abm_ros.common.errors import GraphError


def test_quantiles_of_a_ramp_are_its_closed_form():
    # Of 0, 1, ..., 1000 ms the p-th percentile is 10 p ms.
    samples = np.random.default_rng(0).permutation(1001) * 1e-3
    assert quantiles(samples.tolist()) == {'p50_ms': 500.0, 'p99_ms': 990.0}


def test_quantiles_of_one_sample_are_the_sample():
    assert quantiles([0.002]) == {'p50_ms': 2.0, 'p99_ms': 2.0}


def test_quantiles_of_nothing_are_refused():
    with pytest.raises(GraphError, match='nothing was measured'):
        quantiles([])


def test_ratio_and_spread():
    above, below = {'p50_ms': 3.0, 'p99_ms': 10.0}, {'p50_ms': 2.0, 'p99_ms': 4.0}
    assert ratio(above, below, 'p50_ms') == 1.5
    assert ratio(above, below, 'p99_ms') == 2.5
    assert spread([4.0, 1.0, 2.0]) == {'median': 2.0, 'min': 1.0, 'max': 4.0}


def test_report_prints_a_table_and_writes_everything(tmp_path, capsys):
    figures = {'floor': {'p50_ms': 2.0, 'p99_ms': 3.0}, 'ratio_p50': 1.25, 'deep': {'a': {'b': 1}},
               'lost_after': {'ann': [None, None], 'mallory': [3, None]}}
    report('some bench', figures, tmp_path / 'new' / 'figures.json')
    assert json.loads((tmp_path / 'new' / 'figures.json').read_text()) == figures
    printed = capsys.readouterr().out
    assert 'some bench' in printed
    assert 'p50_ms 2' in printed
    assert '1.25' in printed
    assert 'ann [-, -]  mallory [3, -]' in printed
    assert 'deep' not in printed
