"""The page of a benchmark holds every figure and a picture, whatever the benchmark."""

import json
import os

import pytest

from abm_ros.common.errors import StoreError
from abm_ros.report.bench_page import write_bench_page

FIGURES = {'graph': {'p50_ms': 1.25, 'p99_ms': 3.0}, 'floor': {'p50_ms': 0.5},
           'agents': [{'name': 'abm', 'steps': [50, 75, None]}], 'command': '<b>', 'passed': True}


@pytest.fixture
def figures(tmp_path):
    file = tmp_path / 'some.json'
    file.write_text(json.dumps(FIGURES))
    return file


def test_every_figure_is_on_the_page(figures) -> None:
    page = write_bench_page(figures, 'abm bench some', 0.0).read_text()
    for text in ('graph / p50_ms</td><td class="n">1.25', 'agents / 0 / steps</td>'
                 '<td class="n">50, 75, -', '&lt;b&gt;', 'passed</td><td class="n">True'):
        assert text in page
    assert '<b>' not in page
    assert page.count('data:image/png;base64,') == 1
    assert figures.with_suffix('.png').read_bytes().startswith(b'\x89PNG')


def test_the_picture_of_the_benchmark_is_kept(figures) -> None:
    figures.with_suffix('.png').write_bytes(b'drawn by the benchmark')
    write_bench_page(figures, 'abm bench some', 0.0)
    assert figures.with_suffix('.png').read_bytes() == b'drawn by the benchmark'


def test_a_picture_of_an_earlier_run_is_not_shown(figures) -> None:
    figures.with_suffix('.png').write_bytes(b'old')
    os.utime(figures.with_suffix('.png'), (1000.0, 1000.0))
    write_bench_page(figures, 'abm bench some', 2000.0)
    assert figures.with_suffix('.png').read_bytes().startswith(b'\x89PNG')


def test_figures_without_a_number_have_a_page_without_a_picture(figures) -> None:
    figures.write_text('{"why": "nothing"}')
    assert 'data:image' not in write_bench_page(figures, 'abm bench some', 0.0).read_text()


def test_what_cannot_be_read_is_named(figures) -> None:
    figures.write_text('{')
    with pytest.raises(StoreError, match=r'some\.html'):
        write_bench_page(figures, 'abm bench some', 0.0)
