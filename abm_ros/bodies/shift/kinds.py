"""
The kinds of shifts: each changes motions before they reach the body, or states after it.

A motion is what a command asks of each actuator: the command itself, or with a position interface
its distance from the position at which it came. What is no matter of motions or readings (a
payload, a longer tool) a shift writes into a `Disturbance`, which the body itself brings about.
Shape letters: A actuators, J channels of the joint state.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from abm_ros.bodies.disturbance import Disturbance
from abm_ros.bodies.types import BodyState
from abm_ros.common.errors import BodyError
from abm_ros.common.registry import Registry


class Shift:
    """
    A shift; the base of all kinds changes nothing.

    :param value: the size of the change; each kind defines its meaning.
    :param which: (n,) indices of the changed actuators or channels.
    """

    neutral = 0.0      # the value that changes nothing: where a drift begins

    def __init__(self, value: float, which: Sequence[int]) -> None:
        self.value, self.which = value, list(which)

    def move(self, motion: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the motion (A,) of the motors for a commanded motion (A,)."""
        return motion

    def place(self, position: np.ndarray) -> np.ndarray:
        """Return where the joints (J,) are told to be by positions in the drives' own frame."""
        return position

    def sense(self, state: BodyState, rng: np.random.Generator) -> BodyState:
        """Return a state as the sensors report it."""
        return state

    def disturb(self, body: Disturbance) -> None:
        """Write into a disturbance what is another about the body itself."""


class Gain(Shift):
    """Each actuator moves `value` times as far: .5 half, -1 the other way, 0 not at all."""

    neutral = 1.0

    def move(self, motion: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See `Shift.move`."""
        motion = motion.copy()
        motion[self.which] *= self.value
        return motion


class Swap(Shift):
    """Each of the actuators does the work of the one `value` places before it, in a ring."""

    def move(self, motion: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See `Shift.move`."""
        motion = motion.copy()
        motion[self.which] = np.roll(motion[self.which], round(self.value))
        return motion


class Latency(Shift):
    """Commands arrive `value` control steps late; none did before the first."""

    def __init__(self, value: float, which: Sequence[int]) -> None:
        super().__init__(value, which)
        self._late: deque[np.ndarray] = deque()

    def move(self, motion: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See `Shift.move`."""
        self._late.append(motion.copy())
        if len(self._late) <= round(self.value):
            return np.zeros_like(motion)
        return self._late.popleft()


class MotionNoise(Shift):
    """White noise on motions, its standard deviation `value` times the motion's own size."""

    def move(self, motion: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See `Shift.move`."""
        size = self.value * float(np.sqrt(np.square(motion).mean()))
        return np.asarray(motion + size * rng.standard_normal(motion.shape))


class ReadingBias(Shift):
    """
    Position readings are too large by `value`, rad or m: a badly calibrated joint.

    A drive that is told positions has the same zero as its reading, so they are off too.
    """

    def place(self, position: np.ndarray) -> np.ndarray:
        """See `Shift.place`."""
        position = position.copy()
        position[self.which] -= self.value
        return position

    def sense(self, state: BodyState, rng: np.random.Generator) -> BodyState:
        """See `Shift.sense`."""
        position = state.position.copy()
        position[self.which] += self.value
        return replace(state, position=position)


class ReadingNoise(Shift):
    """White noise on readings of positions, of standard deviation `value`, rad or m."""

    def sense(self, state: BodyState, rng: np.random.Generator) -> BodyState:
        """See `Shift.sense`."""
        position = state.position.copy()
        position[self.which] += self.value * rng.standard_normal(len(self.which))
        return replace(state, position=position)


class ReadingLoss(Shift):
    """A reading is lost with probability `value`: the one before is shown again."""

    def __init__(self, value: float, which: Sequence[int]) -> None:
        super().__init__(value, which)
        self._shown: np.ndarray | None = None

    def sense(self, state: BodyState, rng: np.random.Generator) -> BodyState:
        """See `Shift.sense`."""
        lost = rng.random() < self.value
        if lost and self._shown is not None and state.step > 0:
            return replace(state, position=self._shown)
        self._shown = state.position.copy()
        return state


class ReadingDelay(Shift):
    """Readings are shown `value` control steps late; within an episode, until then its first."""

    def __init__(self, value: float, which: Sequence[int]) -> None:
        super().__init__(value, which)
        self._late: deque[np.ndarray] = deque()

    def sense(self, state: BodyState, rng: np.random.Generator) -> BodyState:
        """See `Shift.sense`."""
        if state.step == 0:
            self._late.clear()
        self._late.append(state.position)
        while len(self._late) > round(self.value) + 1:
            self._late.popleft()
        position = state.position.copy()
        position[self.which] = self._late[0][self.which]
        return replace(state, position=position)


class Lighting(Shift):
    """Images are `value` times as bright."""

    neutral = 1.0

    def sense(self, state: BodyState, rng: np.random.Generator) -> BodyState:
        """See `Shift.sense`."""
        if state.image is None:
            return state
        return replace(state, image=np.clip(np.rint(self.value * state.image.astype(np.float64)),
                                            0, 255).astype(np.uint8))


class Television(Shift):
    """White noise fills a corner of each image, `value` of its width and height."""

    def sense(self, state: BodyState, rng: np.random.Generator) -> BodyState:
        """See `Shift.sense`."""
        if state.image is None:
            return state
        image = state.image.copy()
        height, width = (round(min(self.value, 1.0) * n) for n in image.shape[:2])
        image[:height, :width] = rng.integers(0, 256, (height, width, 3), np.uint8)
        return replace(state, image=image)


class Payload(Shift):
    """A mass of `value` kg hangs on the tool."""

    def disturb(self, body: Disturbance) -> None:
        """See `Shift.disturb`."""
        body.payload_kg += self.value


class ToolLength(Shift):
    """The tool is `value` m longer, along its own z axis."""

    def disturb(self, body: Disturbance) -> None:
        """See `Shift.disturb`."""
        body.tool_m += self.value


class Damping(Shift):
    """Joints are damped by `value` Nm s/rad more."""

    def disturb(self, body: Disturbance) -> None:
        """See `Shift.disturb`."""
        body.damping[self.which] += self.value


class Friction(Shift):
    """The object rubs `value` times as much on what it lies on."""

    neutral = 1.0

    def disturb(self, body: Disturbance) -> None:
        """See `Shift.disturb`."""
        body.friction *= self.value


class Obstacle(Shift):
    """A post, `value` m high, stands beside where the tool is as it begins."""

    def disturb(self, body: Disturbance) -> None:
        """See `Shift.disturb`."""
        body.obstacle_m = max(body.obstacle_m, self.value)


class Drain(Shift):
    """The battery empties `value` times as fast."""

    neutral = 1.0

    def disturb(self, body: Disturbance) -> None:
        """See `Shift.disturb`."""
        body.drain *= self.value


class GoalRegion(Shift):
    """Goals lie `value` m further along these coordinates, from the next episode on."""

    def disturb(self, body: Disturbance) -> None:
        """See `Shift.disturb`."""
        body.goal_m[self.which] += self.value


class GoalTolerance(Shift):
    """A goal counts as reached within `value` times the distance."""

    neutral = 1.0

    def disturb(self, body: Disturbance) -> None:
        """See `Shift.disturb`."""
        body.tolerance *= self.value


class CameraMove(Shift):
    """The camera stands `value` m further along these coordinates."""

    def disturb(self, body: Disturbance) -> None:
        """See `Shift.disturb`."""
        body.camera_offset_m[self.which] += self.value


@dataclass(frozen=True)
class ShiftKind:
    """
    One kind of shift.

    :param summary: one line for help.
    :param make: makes it from a value and the indices that it changes.
    :param neutral: the value that changes nothing.
    :param of: what it changes some of: 'actuators', 'channels' of the joint state, 'axes' x, y, z.
    :param least: fewest of these that it needs.
    :param body: what the body itself must be able to change, a field of `Disturbance`.
    :param low: least value.
    """

    summary: str
    make: Callable[[float, Sequence[int]], Shift]
    neutral: float = 0.0
    of: str = 'actuators'
    least: int = 1
    body: str = ''
    low: float = -np.inf


GAIN = ShiftKind('an actuator moves VALUE times as far (-1: the other way, 0: stuck)', Gain, 1.0)
SWAP = ShiftKind('actuators do the work of those VALUE places before, in a ring', Swap, least=2)
LATENCY = ShiftKind('commands arrive VALUE control steps late', Latency)
MOTION_NOISE = ShiftKind('noise of VALUE times the motion on each motion', MotionNoise)
READING_BIAS = ShiftKind('a position reads VALUE too large (rad or m)', ReadingBias, of='channels')
READING_NOISE = ShiftKind('noise of VALUE (rad or m) on readings', ReadingNoise, of='channels',
                          low=0.0)
READING_LOSS = ShiftKind('a reading is lost with probability VALUE', ReadingLoss, of='channels',
                         low=0.0)
READING_DELAY = ShiftKind('readings are VALUE control steps old', ReadingDelay, of='channels',
                          low=0.0)
LIGHTING = ShiftKind('images are VALUE times as bright', Lighting, 1.0, body='image', low=0.0)
PAYLOAD = ShiftKind('VALUE kg hang on the tool', Payload, body='payload_kg', low=0.0)
TOOL_LENGTH = ShiftKind('the tool is VALUE m longer', ToolLength, body='tool_m')
DAMPING = ShiftKind('joints are damped by VALUE Nm s/rad more', Damping, body='damping', low=0.0)
GOAL_REGION = ShiftKind('goals lie VALUE m further along the axes 0, 1, 2', GoalRegion, of='axes',
                        body='goal_m')
GOAL_TOLERANCE = ShiftKind('goals count as reached within VALUE times the distance', GoalTolerance,
                           1.0, body='tolerance', low=1e-3)
CAMERA_MOVE = ShiftKind('the camera stands VALUE m further along the axes 0, 1, 2', CameraMove,
                        of='axes', body='camera_offset_m')

TELEVISION = ShiftKind('noise fills a corner of images, VALUE of their width', Television,
                       body='image', low=0.0)
FRICTION = ShiftKind('the object rubs VALUE times as much', Friction, 1.0, body='friction',
                     low=0.0)
OBSTACLE = ShiftKind('a post of VALUE m stands beside the tool', Obstacle, body='obstacle_m',
                     low=0.0)
BATTERY = ShiftKind('the battery empties VALUE times as fast', Drain, 1.0, body='drain', low=0.0)

SHIFTS = Registry('abm_ros.shifts', {
    name: f'abm_ros.bodies.shift.kinds:{name.upper()}'
    for name in ('gain', 'swap', 'latency', 'motion_noise', 'reading_bias', 'reading_noise',
                 'reading_loss', 'reading_delay', 'lighting', 'payload', 'tool_length', 'damping',
                 'goal_region', 'goal_tolerance', 'camera_move', 'television', 'friction',
                 'obstacle', 'battery')})


def shift_kind(name: str) -> ShiftKind:
    """
    Return a kind of shift by name.

    :raises ConfigError: the name is unknown.
    :raises BodyError: the entry of another package is no ShiftKind.
    """
    found = SHIFTS.get(name)
    if not isinstance(found, ShiftKind):
        raise BodyError(f"{SHIFTS.group}: '{name}' is {found!r}, expected a ShiftKind")
    return found
