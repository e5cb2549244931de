"""What `abm plan` says of a goal: whether it is reached, and whether the model may be believed."""

from collections.abc import Mapping, Sequence
from typing import Any

# Twice the disagreement that an ensemble shows where it has learned, in typical steps.
_GUESSING = 0.5
# The end of a path, as a share: who comes nearer by a tolerance in it is still on the way.
_END = 0.2


def spoken(figures: Mapping[str, Any]) -> str:
    """
    Return what came of both paths, and what follows from them.

    :param figures: what the JSON of `abm plan` holds.
    """
    paths = '\n'.join(f'{name}: {_path(figures[name])}' for name in ('imagined', 'executed'))
    return f'{paths}\n{_belief(figures["imagined"]["doubt"])}\n{_verdict(figures)}'


def _path(path: Mapping[str, Any]) -> str:
    reached = 'is not reached' if path['reached_at'] is None else (
        f'is reached after {path["reached_at"]} steps')
    return (f'the goal {reached}; {path["distance"][-1]:.3f} from it at the end, '
            f'{min(path["distance"]):.3f} at the nearest')


def _belief(doubt: Sequence[float]) -> str:
    told = f'doubt of the imagined path: at most {max(doubt):.2f} typical steps'
    first = next((step for step, value in enumerate(doubt) if value > _GUESSING), None)
    return f'{told}: the model has been there' if first is None else (
        f'{told}: from step {first} on the model is guessing')


def _verdict(figures: Mapping[str, Any]) -> str:
    imagined = figures['imagined']['reached_at'] is not None
    if figures['executed']['reached_at'] is not None:
        return 'reached, as imagined' if imagined else (
            'reached, though it was not imagined: the policy is better than the model here')
    distance, tolerance = figures['executed']['distance'], figures['tolerance']
    there = next(step for step, value in enumerate(distance) if value <= min(distance) + tolerance)
    said = 'NOT REACHED: ' + (
        'the body was still on its way; give more --steps'
        if there > (1.0 - _END) * (len(distance) - 1) else
        f'the body came no nearer after step {there}; the goal is out of reach, or the way to it '
        'is not learned yet')
    return said if not imagined else (
        f'{said}. It was imagined: the model errs by up to {max(figures["gap"]):.3f} on the way')
