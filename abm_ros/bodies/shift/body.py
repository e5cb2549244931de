"""A body with the shifts of a script."""

from collections.abc import Sequence

import numpy as np

from abm_ros.bodies.shift.kinds import Shift, shift_kind
from abm_ros.bodies.shift.script import Event
from abm_ros.bodies.types import Body, BodyState, check_command
from abm_ros.bodies.wrapper import WrappedBody
from abm_ros.common.errors import BodyError
from abm_ros.common.seeds import generator


class ShiftingBody(WrappedBody):
    """
    A body with a script of shifts; without any it is bit for bit the body itself.

    :param body: the body; its description, goals and closing are unchanged.
    :param events: the shifts, timed in control steps.
    :param seed: of the shifts' noise.
    :raises BodyError: a shift names a joint or channel that the body lacks.
    """

    def __init__(self, body: Body, events: Sequence[Event], seed: int) -> None:
        super().__init__(body)
        self._rng = generator(seed, 'shift')
        self._events: list[Event] = []
        self._made: dict[Event, Shift] = {}
        self.steps = 0
        for event in events:
            self._add(event)
        self._shown = self._sensed(body.state())

    def description(self) -> str:
        """Return the body's description, which does not mention shifts."""
        return self._body.description()

    def state(self) -> BodyState:
        """Return the present state as the sensors report it."""
        return self._shown

    def _add(self, event: Event) -> None:
        kind = shift_kind(event.kind)
        known = self._body.state().channels if kind.senses else self._body.command_joints
        which = list(range(len(known))) if not event.joints else [
            self._index(name, known, event.kind) for name in event.joints]
        if len(which) < kind.least:
            raise BodyError(f"shift '{event.kind}': needs at least {kind.least} joints, got "
                            f'{len(which)}')
        self._made[event] = kind.make(event.value, which)
        self._events.append(event)

    def step(self, command: np.ndarray) -> BodyState:
        """Apply a command as the shifts let it through, and return what the sensors show."""
        command = check_command(command, len(self._body.command_joints))
        active = self._active()
        if active:
            here = np.zeros(len(command))
            if self._body.interface == 'position':
                here, command = self._positions(), self._placed(command, active)
            motion = command - here
            for shift in active:
                motion = shift.move(motion, self._rng)
            command = here + motion
        state = self._body.step(command)
        self.steps += 1
        self._shown = self._sensed(state)
        return self._shown

    def _placed(self, command: np.ndarray, active: Sequence[Shift]) -> np.ndarray:
        """Return the positions (A,) that the joints take for those that were told."""
        channels = self._body.state().channels
        order = [channels.index(joint) for joint in self._body.command_joints]
        position = np.zeros(len(channels))
        position[order] = command
        for shift in active:
            position = shift.place(position)
        return position[order]

    def _positions(self) -> np.ndarray:
        state = self._body.state()
        return state.position[[state.channels.index(j) for j in self._body.command_joints]]

    def _active(self) -> list[Shift]:
        """Return the shifts in force, drifts at their present value."""
        found = []
        for event in self._events:
            share = event.share(self.steps)
            if share > 0.0:
                shift, neutral = self._made[event], shift_kind(event.kind).neutral
                shift.value = neutral + share * (event.value - neutral)
                found.append(shift)
        return found

    def _sensed(self, state: BodyState) -> BodyState:
        for shift in self._active():
            state = shift.sense(state, self._rng)
        return state

    def _index(self, name: str | int, known: Sequence[str], kind: str) -> int:
        if isinstance(name, int) and -len(known) <= name < len(known):
            return name % len(known)
        if name in known:
            return list(known).index(str(name))
        raise BodyError(f"shift '{kind}': the body has no joint or channel {name!r}, expected "
                        f'an index below {len(known)} or some of {", ".join(known)}')
