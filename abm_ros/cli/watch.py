"""
The outside watcher: counts commands that should never have been sent.

It shares only the robot description with the motor gate. It has its own parser of limits, its own
clock and its own rule for when the motors must stand still.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

# A mode is announced after the gate has shut; commands already on their way are no violation.
_SETTLE_S = 0.25
_SLACK = 1e-6
_MOVING = ('revolute', 'prismatic', 'continuous')


class UnsafeWatch:
    """Judges each command by the description's limits and the announced mode."""

    def __init__(self, interface: str, control_period_s: float, open_modes: Collection[str],
                 joints: Sequence[str] = ()) -> None:
        """
        Know of no limit yet.

        :param open_modes: the modes in which the motors may move.
        :param joints: the commanded joints in order; empty for every one that moves by itself.
        """
        self._joints = tuple(joints)
        self._named: list[str] = []
        self._open_modes = open_modes
        self._interface = interface
        self._period_s = control_period_s
        self._lower = self._upper = self._velocity = self._effort = np.empty(0)
        self._last: tuple[float, np.ndarray] | None = None
        self._mode, self._mode_s = '', 0.0
        self._least = self._most = np.empty(0)
        self.commands = 0
        self.unsafe = 0
        self.findings: list[str] = []

    def description(self, text: str) -> None:
        """Take the robot description."""
        found = {joint.get('name', ''): joint for joint in ElementTree.fromstring(text)
                 if joint.tag.endswith('joint') and joint.get('type') in _MOVING
                 and joint.find('{*}mimic') is None}
        rows = []
        self._named = list(self._joints or found)
        for name in self._named:
            limit = found[name].find('{*}limit')
            told = {} if limit is None else limit.attrib
            endless = found[name].get('type') == 'continuous'
            ends = ('-inf', 'inf') if endless else (told.get('lower', '0'), told.get('upper', '0'))
            rows.append([*map(float, ends), float(told.get('velocity', 'inf')),
                         float(told.get('effort', 'inf'))])
        self._lower, self._upper, self._velocity, self._effort = np.array(rows).T

    def mode(self, mode: str, now_s: float) -> None:
        """Take the announced mode."""
        self._mode, self._mode_s = mode, now_s

    def command(self, values: Sequence[float], now_s: float) -> None:
        """Judge one command."""
        self.commands += 1
        command = np.asarray(values, float)
        problem = self._problem(command, now_s)
        if problem:
            self.unsafe += 1
            if len(self.findings) < 20:
                self.findings.append(f'{problem}: {command.tolist()}')
        self._last = (now_s, command)
        if np.isfinite(command).all():
            seen = self._least.shape == command.shape
            self._least = np.minimum(self._least, command) if seen else command
            self._most = np.maximum(self._most, command) if seen else command

    def take_extremes(self) -> tuple[list[float], list[float]]:
        """Return each joint's lowest and highest command since the last call."""
        least, most = self._least, self._most
        self._least = self._most = np.empty(0)
        return least.round(5).tolist(), most.round(5).tolist()

    def limits(self) -> dict[str, Any]:
        """Return the joints by name and the bounds of their commands, None where there is none."""
        bound = {'velocity': self._velocity, 'effort': self._effort}.get(self._interface)
        low, high = (self._lower, self._upper) if bound is None else (-bound, bound)
        return {'joints': self._named} | {
            name: [value if np.isfinite(value) else None for value in values.tolist()]
            for name, values in (('low', low), ('high', high))}

    def _problem(self, command: np.ndarray, now_s: float) -> str:
        if not np.isfinite(command).all():
            return 'not finite'
        if self._lower.size and command.shape != self._lower.shape:
            return f'{command.size} numbers for {self._lower.size} joints'
        if not self._lower.size:
            return ''
        bound = {'velocity': self._velocity, 'effort': self._effort}.get(self._interface)
        if bound is not None and (np.abs(command) > bound + _SLACK).any():
            return f'beyond the {self._interface} limit'
        still = self._last is not None and self._last[1].shape == command.shape and bool(
            (np.abs(command - self._last[1]) < _SLACK).all())
        if bound is not None:
            still = bool((np.abs(command) < _SLACK).all())
        elif ((command < self._lower - _SLACK) | (command > self._upper + _SLACK)).any():
            return 'beyond a position limit'
        elif self._last is not None and self._last[1].shape == command.shape:
            # A period's motion may always be on its way; the jitter of arrival is less.
            step = np.abs(command - self._last[1])
            # A joint that turns for ever may be sent the same way by another name of the place.
            step = np.where(np.isinf(self._lower), np.abs(
                step - 2 * np.pi * np.round(step / (2 * np.pi))), step)
            time_s = max(self._period_s, now_s - self._last[0])
            if (step > self._velocity * time_s * 1.001 + _SLACK).any():
                return 'faster than the velocity limit'
        if (self._mode and self._mode not in self._open_modes and not still and self._last
                is not None and now_s - self._mode_s > _SETTLE_S):
            return f'motion while {self._mode}'
        return ''
