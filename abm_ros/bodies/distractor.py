"""
A noisy television: an unpredictable object in sight.

Source: Burda et al. 2018, "Large-scale study of curiosity-driven learning", section 3.3, for the
television; an agent that seeks raw prediction error cannot look away from it.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np

from abm_ros.bodies.description import with_body_tag
from abm_ros.bodies.types import Body, BodyState
from abm_ros.bodies.wrapper import WrappedBody
from abm_ros.common.errors import BodyError
from abm_ros.common.seeds import generator
from abm_ros.robot.description import ChannelField, read_body_tag

CHANNEL = 'television'
DISTRACTORS = ('', 'noisy-tv')
_CHANNELS = 2
_SPREAD = 0.5            # standard deviation of a channel, rad or m; a joint moves about that far
_PATCH = 0.25            # share of the image's width and height


class NoisyTelevision(WrappedBody):
    """
    A body beside a television: extra sensor channels, and a patch of the image, are white noise.

    :param body: the body; its motion and its goals are unchanged.
    :param seed: of the noise.
    :raises BodyError: the body has no tag to add a channel to.
    """

    def __init__(self, body: Body, seed: int) -> None:
        super().__init__(body)
        self._rng = generator(seed, 'distractor')
        text = body.description()
        tag = read_body_tag(text)
        if tag is None:
            raise BodyError('the distractor needs a body with an <abm_body> tag')
        # Two numbers of noise, observed like other channels.
        self._names = tuple(f'{CHANNEL}.{i}' for i in range(_CHANNELS))
        field = ChannelField(CHANNEL, f'{CHANNEL}.', _CHANNELS)
        self._description = with_body_tag(
            _untagged(text), replace(tag, fields=(*tag.fields, field)))
        self._shown = self._disturb(body.state())

    def description(self) -> str:
        """Return the body's description with the television among its fields."""
        return self._description

    def state(self) -> BodyState:
        """Return the present state; the television changes only with steps."""
        return self._shown

    def step(self, command: np.ndarray) -> BodyState:
        """Step the body and change the picture."""
        self._shown = self._disturb(self._body.step(command))
        return self._shown

    def _disturb(self, state: BodyState) -> BodyState:
        noise = _SPREAD * self._rng.standard_normal(_CHANNELS)
        still = np.zeros(_CHANNELS)
        image = state.image
        if image is not None:
            image = image.copy()
            height, width = (max(1, round(_PATCH * n)) for n in image.shape[:2])
            image[:height, :width] = self._rng.integers(0, 256, (height, width, 3), np.uint8)
        return replace(
            state, channels=(*state.channels, *self._names), image=image,
            position=np.concatenate([state.position, noise]),
            velocity=None if state.velocity is None else np.concatenate([state.velocity, still]),
            effort=None if state.effort is None else np.concatenate([state.effort, still]))


def _untagged(text: str) -> str:
    root = ElementTree.fromstring(text)
    for tag in root.findall('abm_body'):
        root.remove(tag)
    return ElementTree.tostring(root, encoding='unicode')


def distracted(body: Body, distractor: str, seed: int) -> Body:
    """
    Return the body with the named distractor, or unchanged for ''.

    :raises BodyError: no such distractor.
    """
    if distractor not in DISTRACTORS:
        raise BodyError(f"distractor '{distractor}': expected one of "
                        f'{", ".join(filter(None, DISTRACTORS))}')
    return NoisyTelevision(body, seed) if distractor else body
