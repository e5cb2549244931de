"""What was heard of System M and its graph: kept for some minutes, and shown as one view."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from abm_ros.common.errors import PhiError
from abm_ros.common.telemetry import MotorGateTelemetry, SystemMTelemetry
from abm_ros.meta.phi import Override, Phi, load_phi

STALE_S = 2.0       # telemetry comes ten times a second
HISTORY_S = 300.0   # of modes; signals are drawn over less
SIGNALS_S = 90.0
BIN_S = 0.5
_RECORDS = 200
OK, WARN = 0, 1       # levels of DiagnosticStatus


@dataclass(frozen=True)
class Stay:
    """A mode and when it was in force; `until_s` is the last time that it was heard of."""

    mode: str
    since_s: float
    until_s: float


@dataclass(frozen=True)
class NodeStatus:
    """What diagnostics says of a node; `level` is that of DiagnosticStatus, -1 unknown."""

    level: int = -1
    message: str = ''


@dataclass(frozen=True)
class Record:
    """A record of the audit log, as System M tells it."""

    seq: int
    stamp_ns: int
    kind: str
    text: str
    mode: str = ''


@dataclass(frozen=True)
class View:
    """Everything that the window shows at one moment; times are monotonic seconds."""

    now_s: float = 0.0
    heard_s: float = -float('inf')
    mode: str = ''
    report: str = ''
    decision: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Sequence[tuple[float, float, float]]] = field(default_factory=dict)
    phi: Phi | None = None
    stays: Sequence[Stay] = ()
    records: Sequence[Record] = ()
    statuses: Mapping[str, NodeStatus] = field(default_factory=dict)
    system_m: SystemMTelemetry = field(default_factory=SystemMTelemetry)
    motor_gate: MotorGateTelemetry = field(default_factory=MotorGateTelemetry)
    gate_heard_s: float = -float('inf')

    @property
    def ever_heard(self) -> bool:
        """Whether System M was heard since the window opened."""
        return self.heard_s > -float('inf')

    @property
    def is_stale(self) -> bool:
        """Whether what is shown of System M is old."""
        return self.now_s - self.heard_s > STALE_S

    @property
    def gate_is_stale(self) -> bool:
        """Whether what is shown of the motor gate is old."""
        return self.now_s - self.gate_heard_s > STALE_S

    @property
    def in_mode_s(self) -> float:
        """How long the mode has been in force, as far as it was seen."""
        return self.stays[-1].until_s - self.stays[-1].since_s if self.stays else 0.0

    @property
    def modes(self) -> Sequence[str]:
        """All modes, in the order of the wiring table."""
        return list(self.decision.get('modes', ()))

    @property
    def held(self) -> bool:
        """Whether the operator holds, at System M or at the motor gate."""
        return bool(self.decision.get('held')) or self.motor_gate.held > 0

    def thresholds(self, signal: str) -> list[Override]:
        """Return phi's hard overrides of a signal."""
        return [rule for rule in self.phi.overrides if rule.signal == signal
                ] if self.phi is not None else []


class Seen:
    """Takes what is heard, from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic,
                 wall: Callable[[], int] = time.time_ns) -> None:
        self._clock, self._wall = clock, wall
        self._lock = threading.Lock()
        self._told: dict[str, Any] = {}
        self._bins: dict[str, deque[tuple[float, float, float]]] = {}
        self._stays: deque[Stay] = deque()
        self._records: dict[tuple[int, int], Record] = {}
        self._statuses: dict[str, NodeStatus] = {}

    def mode(self, text: str) -> None:
        """Take the mode in force."""
        now_s = self._clock()
        with self._lock:
            self._told['mode'] = text
            if not self._stays or self._stays[-1].mode != text:
                self._stays.append(Stay(text, now_s, now_s))
            while self._stays[0].until_s < now_s - HISTORY_S:
                self._stays.popleft()

    def report(self, text: str) -> None:
        """Take a self-report."""
        self._keep('report', text)

    def decision(self, text: str) -> None:
        """Take a decision; what is not JSON is left out, as from another release."""
        with suppress(ValueError):
            told = json.loads(text)
            if isinstance(told, dict) and {'mode', 'reason'} <= told.keys():
                self._keep('decision', told)

    def phi(self, text: str) -> None:
        """Take the text of phi."""
        with suppress(PhiError):
            self._keep('phi', load_phi(text))

    def record(self, text: str) -> None:
        """Take a record of the audit log; a late joiner gets some twice."""
        with suppress(ValueError, TypeError, KeyError):
            raw = json.loads(text)
            one = Record(int(raw['seq']), int(raw['stamp_ns']), str(raw['kind']),
                         str(raw['text']), str(raw.get('mode', '')))
            with self._lock:
                self._records[one.stamp_ns, one.seq] = one
                while len(self._records) > _RECORDS:
                    del self._records[min(self._records)]

    def status(self, node: str, level: int, message: str) -> None:
        """Take what diagnostics says of a node."""
        with self._lock:
            self._statuses[node] = NodeStatus(level, message)

    def motor_gate(self, told: MotorGateTelemetry) -> None:
        """Take the telemetry of the motor gate."""
        self._keep('motor_gate', told)
        self._keep('gate_heard_s', self._clock())

    def system_m(self, told: SystemMTelemetry) -> None:
        """Take the telemetry of System M: it is alive, and these are its signals."""
        now_s = self._clock()
        with self._lock:
            self._told |= {'system_m': told, 'heard_s': now_s}
            if self._stays:
                last = self._stays[-1]
                if now_s - last.until_s <= STALE_S:
                    self._stays[-1] = Stay(last.mode, last.since_s, now_s)
                else:   # System M was away: what was in between is not known
                    self._stays.append(Stay(last.mode, now_s, now_s))
            for name, value in told.signals.items():
                self._bin(name, value, now_s)

    def _bin(self, name: str, value: float, now_s: float) -> None:
        """Keep the lowest and highest value of each half second, so that no peak is lost."""
        bins = self._bins.setdefault(name, deque(maxlen=int(SIGNALS_S / BIN_S)))
        start_s = now_s // BIN_S * BIN_S
        if bins and bins[-1][0] == start_s:
            _, low, high = bins[-1]
            bins[-1] = (start_s, min(low, value), max(high, value))
        else:
            bins.append((start_s, value, value))

    def _keep(self, name: str, value: Any) -> None:
        with self._lock:
            self._told[name] = value

    def view(self) -> View:
        """Return all of it as it is now."""
        with self._lock:
            told = dict(self._told)
            system_m = told.get('system_m', SystemMTelemetry())
            now_s = self._clock()
            records = [self._records[key] for key in sorted(self._records)]
            return View(
                now_s=now_s, **told, signals=system_m.signals,
                series={name: list(bins) for name, bins in self._bins.items()},
                stays=with_past(list(self._stays), records,
                                now_s - self._wall() * 1e-9),
                records=records,
                statuses=dict(self._statuses))


def with_past(stays: Sequence[Stay], records: Sequence[Record], offset_s: float) -> list[Stay]:
    """
    Return the stays with those of before the window opened, as the audit log tells them.

    :param offset_s: monotonic time less the wall clock's, s.
    """
    if not stays:
        return []
    first, past = stays[0], list[Stay]()
    for record in records:
        at_s = record.stamp_ns * 1e-9 + offset_s
        if record.kind not in ('start', 'stop', 'mode') or at_s >= first.since_s:
            continue
        if past:
            past[-1] = Stay(past[-1].mode, past[-1].since_s, at_s)
        past.append(Stay(record.mode if record.kind == 'mode' else '', at_s, at_s))
    if past and past[-1].mode == first.mode:
        first = Stay(first.mode, past.pop().since_s, first.until_s)
    elif past:
        past[-1] = Stay(past[-1].mode, past[-1].since_s, first.since_s)
    return [stay for stay in past if stay.mode] + [first, *stays[1:]]
