"""A body with the shifts of a script."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from abm_ros.bodies.distractor import distracted
from abm_ros.bodies.disturbance import Disturbance
from abm_ros.bodies.make import make_body
from abm_ros.bodies.shift.kinds import Shift, shift_kind
from abm_ros.bodies.shift.script import Event, LifeScript
from abm_ros.bodies.types import Body, BodyState, check_command
from abm_ros.bodies.wrapper import WrappedBody, disturbances_of
from abm_ros.common.errors import BodyError
from abm_ros.common.seeds import generator

AXES = ('x', 'y', 'z')


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
        self._events = self.made(events)
        self._imposed: list[tuple[Event, Shift]] = []
        self._told, self._from = np.zeros((2, 0))     # the last command (A,), and where it came
        self._disturbed = Disturbance.neutral(len(body.command_joints))
        self.steps = 0
        self._shown = self._sensed(body.state())

    def description(self) -> str:
        """Return the body's description, which does not mention shifts."""
        return self._body.description()

    def state(self) -> BodyState:
        """Return the present state as the sensors report it."""
        return self._shown

    def impose(self, shifts: Sequence[tuple[Event, Shift]]) -> None:
        """Let these shifts, as `made`, be in force beside the script's; earlier ones end."""
        self._imposed = list(shifts)

    def made(self, events: Sequence[Event]) -> list[tuple[Event, Shift]]:
        """
        Make the shifts of events for this body.

        :raises BodyError: one names a joint or channel that the body lacks.
        """
        return [(event, self._make(event)) for event in events]

    def _make(self, event: Event) -> Shift:
        kind = shift_kind(event.kind)
        state = self._body.state()
        able = disturbances_of(self._body) | ({'image'} if state.image is not None else set())
        if kind.body and kind.body not in able:
            raise BodyError(f"shift '{event.kind}': this body cannot do it: expected one that "
                            f"changes '{kind.body}', got one that changes "
                            f"{', '.join(sorted(able)) or 'none of these'}")
        if event.value < kind.low:
            raise BodyError(f"shift '{event.kind}': expected a value of at least {kind.low:g}, "
                            f'got {event.value:g}')
        known = {'channels': state.channels, 'axes': AXES}.get(
            kind.of, self._body.command_joints)
        which = list(range(len(known))) if not event.joints else [
            self._index(name, known, event.kind) for name in event.joints]
        if len(which) < kind.least:
            raise BodyError(f"shift '{event.kind}': needs at least {kind.least} joints, got "
                            f'{len(which)}')
        return kind.make(event.value, which)

    def step(self, command: np.ndarray) -> BodyState:
        """Apply a command as the shifts let it through, and return what the sensors show."""
        command = check_command(command, len(self._body.command_joints))
        active, here = self._active(), np.zeros(len(command))
        self._disturb(active)
        if self._body.interface == 'position':
            # One that is repeated, by a gate that holds still, asks for no motion of its own.
            if not np.array_equal(command, self._told):
                self._told, self._from = command.copy(), self._positions()
            here = self._from
        if active:
            if self._body.interface == 'position':
                command = self._placed(command, active)
            motion = command - here
            for shift in active:
                motion = shift.move(motion, self._rng)
            command = here + motion
        state = self._body.step(command)
        self.steps += 1
        self._shown = self._sensed(state)
        return self._shown

    def _disturb(self, active: Sequence[Shift]) -> None:
        """Let the body itself be as these shifts have it."""
        if not disturbances_of(self._body):
            return
        now = Disturbance.neutral(len(self._body.command_joints))
        for shift in active:
            shift.disturb(now)
        if not now.same(self._disturbed):
            self._disturbed = now
            self._body.set_disturbance(now)     # type: ignore[attr-defined]

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
        for event, shift in (*self._events, *self._imposed):
            share = event.share(self.steps)
            if share > 0.0:
                neutral = shift_kind(event.kind).neutral
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


def living(script: LifeScript, seed: int, settings: Mapping[str, Any] | None = None,
           distractor: str = '') -> ShiftingBody:
    """
    Make the body of a life, with the shifts of its script.

    :param settings: of the body, besides the seed; see `make_body`.
    :param distractor: put in sight; see `distracted`.
    :raises BodyError: the body cannot be had, or a shift does not fit it.
    :raises ConfigError: a setting is unknown or refused.
    """
    body = make_body(script.body, {'seed': seed, **(settings or {})})
    try:
        return ShiftingBody(distracted(body, distractor, seed), script.events, seed)
    except Exception:
        body.close()
        raise
