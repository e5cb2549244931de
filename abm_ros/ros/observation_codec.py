"""Between observations and their messages."""

import functools
import math
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
from std_msgs.msg import Float32MultiArray

from abm_ros.common.errors import NonFiniteError, SpecError
from abm_ros.common.spec import ObservationSpec, all_finite, check_array
from abm_ros.common.transition import Observation
from abm_ros.ros.codec import (
    Labels,
    Shapes,
    Writer,
    attributes_of,
    dimensions,
    integer,
    not_finite,
    opened,
)


class ObservationWriter:
    """Encodes the observations of one stream into one message that is used again and again."""

    def __init__(self) -> None:
        self._writer = Writer()

    def write(self, given: Observation, spec: ObservationSpec) -> Float32MultiArray:
        """
        Return the message, holding an observation's named fields and the desired goal.

        :raises NonFiniteError: a number is NaN or infinite.
        """
        return self._writer.fill(given.stamp_ns, _shapes(spec), [given.vector, given.goal], {
            'episode': str(given.episode), 'step': str(given.step),
            'whole': '1' if given.whole else '0', **told_attributes(given)})


def decode_observation(message: Float32MultiArray, spec: ObservationSpec, *,
                       finite: bool = True) -> Observation:
    """
    Read an observation of the given layout; its arrays are views of one buffer.

    :param finite: refuse NaN and infinity.
    :raises SpecError: a field is missing or of the wrong size.
    :raises NonFiniteError: a number is NaN or infinite.
    """
    stamp_ns, data, labels = opened(message)
    if labels != _labels(spec) or message.layout.data_offset or data.size != (
            spec.size + spec.goal_size):
        raise SpecError(f'observation: expected the fields {_labels(spec)}, got {labels} over '
                        f'{data.size} numbers')
    if finite and not all_finite(data):
        raise NonFiniteError(f'observation: not finite: {not_finite(data, _shapes(spec))}')
    attributes = attributes_of(message)
    return Observation(stamp_ns, data[:spec.size], data[spec.size:],
                       integer(attributes, 'episode'), integer(attributes, 'step'),
                       attributes.get('whole') == '1', *told_of(attributes),
                       attributes.get('teacher', ''), _shown(attributes, spec.action_size),
                       attributes.get('last') == '1')


def told_attributes(given: Observation) -> dict[str, str]:
    """Return what task and teacher told of an observation as attributes; nothing for nothing."""
    told = {}
    if given.success is not None:
        told['success'] = '1' if given.success else '0'
    if math.isfinite(given.reward):
        told['reward'] = repr(given.reward)
    if given.teacher:
        told |= {'teacher': given.teacher, 'last': '1' if given.last else '0'}
    if given.shown is not None:
        told['shown'] = ' '.join(repr(float(value)) for value in given.shown)
    return told


def _shown(attributes: Mapping[str, str], size: int) -> np.ndarray | None:
    """
    Return the action (A,) that a teacher showed, None for none.

    :raises SpecError: it is no action of this size.
    """
    if 'shown' not in attributes:
        return None
    try:
        values = [float(word) for word in attributes['shown'].split()]
    except ValueError:
        values = []
    return check_array('shown', np.array(values, np.float32), (size,))


def told_of(attributes: Mapping[str, str]) -> tuple[bool | None, float]:
    """
    Return the success and the reward that the task told; None and NaN where it told none.

    :raises SpecError: the reward is no finite number.
    """
    success, text = attributes.get('success'), attributes.get('reward')
    reward = math.nan
    if text is not None:
        with suppress(ValueError):
            reward = float(text)
        if not math.isfinite(reward):
            raise SpecError(f"attribute 'reward': expected a finite number, got {text!r}")
    return None if success is None else success == '1', reward


@functools.lru_cache(maxsize=8)
def _shapes(spec: ObservationSpec) -> Shapes:
    """Return name and shape of each field of an observation's message, in order."""
    return (*((field.name, field.dims) for field in spec.fields),
            ('desired_goal', (spec.goal_size,)))


@functools.lru_cache(maxsize=8)
def _labels(spec: ObservationSpec) -> Labels:
    """Return label and size of each field of an observation's message, in order."""
    return tuple((dim.label, dim.size) for dim in dimensions(_shapes(spec)))
