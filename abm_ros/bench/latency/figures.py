"""The blocks of the latency benchmark, their order and their figures."""

from typing import TYPE_CHECKING, Any

from abm_ros.bench.common.figures import quantiles, ratio, spread

if TYPE_CHECKING:
    from abm_ros.bench.latency.body import Timing

IDLE, TRAINING = 'idle', 'training'
Block = tuple[str, dict[str, 'Timing']]


def conditions(repeats: int) -> list[str]:
    """Return the conditions of the blocks, ABBA: a drift of the machine meets both alike."""
    return [condition for n in range(repeats)
            for condition in ((IDLE, TRAINING) if n % 2 == 0 else (TRAINING, IDLE))]


def summarise(blocks: 'list[Block]') -> dict[str, Any]:
    """Return the figures of all blocks: pooled, per repeat, and per hop where they were heard."""
    figures: dict[str, Any] = {}
    hops: dict[str, dict[str, dict[str, float]]] = {}
    for condition, suffix in ((IDLE, ''), (TRAINING, '_training')):
        own = [timings for kind, timings in blocks if kind == condition]
        for side in ('floor', 'graph'):
            pooled: dict[str, list[float]] = {}
            for timings in own:
                for what, times in timings[side].arrivals.items():
                    pooled.setdefault(what, []).extend(times)
            times = pooled.pop('command', [])
            sent = sum(timings[side].sent for timings in own)
            figures[side + suffix] = {**quantiles(times), 'samples': len(times),
                                      'unanswered': sent - len(times)}
            if pooled:
                hops[side + suffix] = {what: quantiles(values) for what, values in pooled.items()}
    figures['ratio_p50'] = ratio(figures['graph'], figures['floor'], 'p50_ms')
    figures['ratio_p99_training'] = ratio(
        figures['graph_training'], figures['floor_training'], 'p99_ms')
    figures['repeats_p50'] = spread(_ratios(blocks, IDLE, 'p50_ms'))
    figures['repeats_p99_training'] = spread(_ratios(blocks, TRAINING, 'p99_ms'))
    figures['ratios_p50'] = _ratios(blocks, IDLE, 'p50_ms')
    figures['ratios_p99_training'] = _ratios(blocks, TRAINING, 'p99_ms')
    return figures | ({'hops': hops} if hops else {})


def _ratios(blocks: 'list[Block]', condition: str, key: str) -> list[float]:
    return [ratio(quantiles(timings['graph'].arrivals.get('command', [])),
                  quantiles(timings['floor'].arrivals.get('command', [])), key)
            for kind, timings in blocks if kind == condition]
