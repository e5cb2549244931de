"""The sleep benchmark: its figures against means by hand, and one night of a small arm."""

from typing import Any

import pytest

from abm_ros.bench.sleep.figures import of_sleeps


def sleep(after: float, speed: float, faded: bool = True) -> dict[str, Any]:
    return {'after': {'native': after, 'strict': 0.0}, 'real_steps': 0,
            'times_real_time': speed,
            'times_real_time_cpu': 2 * speed,
            'updates': 200, 'faded': faded}


def night(seed: int, before: float, after: float, other: float, **slept: Any) -> dict[str, Any]:
    return {'seed': seed, 'transitions': 30, 'before': {'native': before, 'strict': 0.0},
            'slept': sleep(after, 500.0 + seed, **slept), 'against': sleep(other, 1.0)}


def test_differences_are_paired_by_seed() -> None:
    found = of_sleeps([night(0, 0.2, 0.6, 0.5), night(1, 0.6, 1.0, 0.9),
                       night(2, 0.1, 0.5, 0.4, faded=False)])
    assert found['success_before'] == pytest.approx(0.3)
    assert found['success_after'] == pytest.approx(0.7)
    assert found['gain_native'] == {'mean': 0.4, 'ci95': [0.4, 0.4]}
    assert found['gain_over_native']['mean'] == pytest.approx(0.1)
    assert found['real_steps_during'] == 0
    assert found['times_real_time'] == 501.0
    assert found['times_real_time_cpu_spread'] == {'median': 1002.0, 'min': 1000.0, 'max': 1004.0}
    assert found['faded'] == 2
