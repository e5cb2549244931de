"""What is told of a world in words: how actuators answer, compared with the first world."""

from collections.abc import Sequence

import numpy as np

from abm_ros.common.spec import ObservationSpec
from abm_ros.world_model.worlds.actuator_map import ActuatorMap

_NEAR = 0.15        # gains and effects closer than this to each other count as equal
_SURE = 2.0         # deviations by which a difference has to be known


def world_words(known: ActuatorMap, spec: ObservationSpec, moved: Sequence[str] = ()) -> str:
    """
    Return how actuators answer and what reads wrong, '' where all is as in the first world.

    Each is named '#' and its index: who knows names of joints puts them in.

    :param moved: names of the images whose cameras were moved.
    """
    size = len(known.mean)
    gains = known.mean[:, :size]
    deviation = np.sqrt(np.maximum(np.diag(known.covariance)[:known.mean.size], 0.0)
                        ).reshape(known.mean.shape)
    found: dict[str, list[int]] = {}
    for actuator in range(size):
        if text := _answer(actuator, gains[:, actuator], deviation[:, actuator]):
            found.setdefault(text, []).append(actuator)
        if abs(known.mean[actuator, size]) > _least(deviation[actuator, size]):
            found.setdefault(f'moves by itself ({known.mean[actuator, size]:+.1f})', []
                             ).append(actuator)
    told = [f'{_names(who)} {text}' for text, who in found.items()]
    return '; '.join([*told, *_misread(known.offset, spec),
                      *(f"the camera of '{name}' was moved" for name in moved)])


def _misread(offset: np.ndarray, spec: ObservationSpec) -> list[str]:
    """Return which plain numbers read wrong, and by how much."""
    found = []
    for field in spec.fields:
        for number, wrong in enumerate(offset[spec.slice_of(field.name)]):
            if wrong:
                name = f'#{number}' if field.angles else f'{field.name} {number}'
                unit = ' rad' if field.angles else ''
                found.append(f'{name} reads {abs(wrong):.2g}{unit} too '
                             + ('much' if wrong > 0 else 'little'))
    return found


def _least(deviation: float) -> float:
    return max(_NEAR, _SURE * deviation)


def _answer(actuator: int, effect: np.ndarray, deviation: np.ndarray) -> str:
    """Return what an actuator does with its action, '' where that is the usual."""
    gain, others = float(effect[actuator]), np.abs(effect)
    others[actuator] = 0.0
    other = int(np.argmax(others))
    if others[other] > max(_least(deviation[other]), 0.5, abs(gain)):
        return f'does the work of #{other}' + (' reversed' if effect[other] < 0 else '')
    if abs(gain - 1.0) <= _least(deviation[actuator]):
        return ''
    if abs(gain) <= _NEAR:
        return 'does not answer'
    if abs(gain + 1.0) <= _NEAR:
        return 'turns the other way'
    return (f'answers with {abs(gain):.1f} of what it did'
            + (', the other way' if gain < 0 else ''))


def _names(actuators: list[int]) -> str:
    return ', '.join(f'#{actuator}' for actuator in actuators)
