"""
The rewiring engine: moves the graph from one row of the wiring table to the next.

It breaks before it makes: the motor gate shuts first and opens last. In between, nodes that differ
are deactivated, set and activated, each step in parallel for all nodes. A step that fails or is
late is read back and retried once, and then reported (decision 0004).
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rclpy.node import Node

from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.meta.wiring import NodeRow
from abm_ros.nodes.effectors.silent_nodes import SilentNodes
from abm_ros.ros.remote import ACTIVATE, CONFIGURE, DEACTIVATE, REACHES, Call, Remote, call_all

_FINAL_TIMEOUT_S = 5.0   # a busy computer; the motors are shut meanwhile
_PROBE_S = 2.0    # for an answer that shows that a node is matched; the processor may be busy
_LOOK_S = 0.02


@dataclass
class Known:
    """The known lifecycle state of a node ('' = unknown) and its settings."""

    state: str = ''
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """Settings that were sent to a node and not answered yet."""

    values: Mapping[str, Any]
    call: Call
    future: Any
    until_s: float
    again: bool


@dataclass(frozen=True)
class RewireReport:
    """The result of a rewiring; times in seconds since its beginning."""

    gate_shut_s: float
    full_s: float
    retries: int


class Probe:
    """A node that is asked for its state until it answers in time."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._answered = False
        self._asked: tuple[Call, Any, float] | None = None

    def answered(self, now_s: float) -> bool:
        """Take the answer if it is there, else ask when the services are matched; never waits."""
        if self._asked is not None and self._asked[1].done():
            self._answered = _result(self._asked[1]) is not None
            self._asked = None
        if self._asked is not None and now_s - self._asked[2] > _PROBE_S:
            self.drop()
        if not self._answered and self._asked is None and self._remote.ready():
            call = self._remote.state()
            self._asked = call, call.client.call_async(call.request), now_s
        return self._answered

    def drop(self) -> None:
        """Drop the pending request."""
        if self._asked is not None:
            call, future, _ = self._asked
            call.client.remove_pending_request(future)
            self._asked = None


class Rewirer:
    """Brings nodes to the state, wires and settings of a row; for use by one thread."""

    def __init__(self, node: Node, targets: Sequence[str] = names.WIRED_NODES,
                 gate: str = names.MOTOR_GATE, timeout_s: float = 1.0,
                 silent: SilentNodes | None = None) -> None:
        """:param silent: cures nodes that do not answer; None only makes new clients."""
        self._silent = silent or SilentNodes()
        self._remotes = {target: Remote(node, target) for target in targets}
        self._known = {target: Known() for target in targets}
        self._sent: dict[str, Sent] = {}
        self._gate = gate
        self._timeout_s = timeout_s
        self._retries = 0

    def forget(self, target: str) -> None:
        """Forget the state of a node that was restarted or may have changed."""
        self._drop(target)
        self._known[target] = Known()

    def restart(self, target: str) -> None:
        """End a node's process, so that its supervisor starts it again."""
        self._silent.restart(target)

    def wait_ready(self, timeout_s: float, stop: threading.Event | None = None) -> None:
        """
        Wait until every node is matched and has answered.

        A service may look ready while its first answers are lost, because discovery is one-sided
        at first. So only an answer counts.

        :raises GraphError: naming the nodes that did not answer in time.
        """
        deadline_s = time.monotonic() + timeout_s
        probes = {target: Probe(remote) for target, remote in self._remotes.items()}
        try:
            while True:
                now_s = time.monotonic()
                absent = [t for t, probe in probes.items() if not probe.answered(now_s)]
                present = [t for t in absent if self._remotes[t].present()]
                for target in self._silent.look(present, now_s):
                    probes[target].drop()
                    self._remotes[target].renew()
                if not absent:
                    return
                if now_s > deadline_s:
                    raise GraphError(_no_answer(absent, present, timeout_s))
                if stop is not None and stop.is_set():
                    raise GraphError(f'stopped while waiting for {", ".join(absent)}')
                time.sleep(_LOOK_S)
        finally:
            for probe in probes.values():
                probe.drop()

    def apply(self, rows: Mapping[str, NodeRow]) -> RewireReport:
        """
        Bring every node of the rows to its row.

        :raises GraphError: a node did not follow. Then the motor gate is shut, if it answers.
        """
        self._retries = 0
        for target in list(self._sent):
            self._drop(target)   # its settings are unknown, so they are set again below
        begin = time.perf_counter()
        self._learn_states(rows)
        self._transition([self._gate] if self._is(self._gate, 'active') else [], DEACTIVATE)
        gate_shut_s = time.perf_counter() - begin
        others = [t for t in rows if t != self._gate]
        self._transition([t for t in rows if self._is(t, 'unconfigured')], CONFIGURE)
        changes = {t: self._changes(t, row) for t, row in rows.items()}
        self._transition([t for t in others if self._is(t, 'active') and (
            not rows[t].active or _rewires(changes[t]))], DEACTIVATE)
        self._set(changes)
        self._transition([t for t in others if rows[t].active
                          and not self._is(t, 'active')], ACTIVATE)
        if self._gate in rows and rows[self._gate].active:
            self._transition([self._gate], ACTIVATE)
        return RewireReport(gate_shut_s, time.perf_counter() - begin, self._retries)

    def modulate(self, target: str, values: Mapping[str, Any]) -> None:
        """Send runtime settings to a node without touching its wires; `check` takes the answer."""
        known = self._known[target].values
        changed = {key: value for key, value in values.items() if known.get(key) != value}
        for key in changed:
            known.pop(key, None)   # until it is answered
        if changed:
            self._send(target, changed, self._timeout_s)

    @property
    def waits(self) -> bool:
        """Whether settings were sent and not answered yet."""
        return bool(self._sent)

    def check(self) -> None:
        """
        Take the answers to `modulate` so far; never waits.

        :raises GraphError: a node refused, or did not answer in time when asked once more.
        """
        for target, sent in list(self._sent.items()):
            late = time.monotonic() > sent.until_s
            if not sent.future.done() and not late:
                continue
            self._drop(target)
            if late and not sent.future.done() and not sent.again:
                self._send(target, sent.values, _FINAL_TIMEOUT_S, again=True)
            else:
                self._take(target, sent.values, _result(sent.future))

    def _send(self, target: str, values: Mapping[str, Any], timeout_s: float,
              again: bool = False) -> None:
        call = self._remotes[target].set(values)
        self._sent[target] = Sent(values, call, call.client.call_async(call.request),
                                  time.monotonic() + timeout_s, again)

    def _drop(self, target: str) -> None:
        sent = self._sent.pop(target, None)
        if sent is not None and not sent.future.done():
            sent.call.client.remove_pending_request(sent.future)

    def shut_gate(self) -> bool:
        """Shut the motor gate, whatever its known state; tell whether it confirmed."""
        self.forget(self._gate)
        try:
            self._learn_states([self._gate])
            if self._is(self._gate, 'active'):
                self._transition([self._gate], DEACTIVATE)
            return True
        except GraphError:
            return False

    def _is(self, target: str, state: str) -> bool:
        return target in self._known and self._known[target].state == state

    def _changes(self, target: str, row: NodeRow) -> dict[str, Any]:
        wanted = {**{f'port.{name}': topic for name, topic in row.ports.items()}, **row.params}
        known = self._known[target].values
        # Settings are sent at every rewiring, since others may have changed them.
        return {key: value for key, value in wanted.items()
                if key in row.params or key not in known or known[key] != value}

    def _learn_states(self, targets: Sequence[str] | Mapping[str, NodeRow]) -> None:
        unknown = [t for t in targets if not self._known[t].state]
        for target, response in self._ask(unknown, lambda t: self._remotes[t].state()):
            if response is None:
                raise GraphError(f'{target} does not answer get_state')
            self._known[target].state = response.current_state.label

    def _ask(self, targets: Sequence[str],
             make: Callable[[str], Call]) -> list[tuple[str, Any]]:
        """Make calls in parallel, and repeat once those that were not answered."""
        answers = dict(zip(targets, call_all([make(t) for t in targets], self._timeout_s),
                           strict=True))
        silent = [t for t, answer in answers.items() if answer is None]
        if silent:
            self._retries += 1
            answers.update(zip(silent, call_all([make(t) for t in silent], _FINAL_TIMEOUT_S),
                               strict=True))
        return list(answers.items())

    def _transition(self, targets: Sequence[str], transition: int) -> None:
        if not targets:
            return
        goal = REACHES[transition]
        responses = call_all([self._remotes[t].change(transition) for t in targets],
                             self._timeout_s)
        late = []
        for target, response in zip(targets, responses, strict=True):
            if response is not None and response.success:
                self._known[target].state = goal
            else:
                late.append(target)
        for target in late:
            self._settle(target, transition, goal)

    def _settle(self, target: str, transition: int, goal: str) -> None:
        """Read the state back after a late or failed step, retry once, then give up by name."""
        for attempt in (1, 2):
            self._known[target] = Known()
            self._learn_states([target])
            if self._is(target, goal):
                return
            if attempt == 1:
                self._retries += 1
                call_all([self._remotes[target].change(transition)], _FINAL_TIMEOUT_S)
        state = self._known[target].state
        raise GraphError(f'{target} is {state} and did not become {goal}: see its log')

    def _set(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        wanted = {t: values for t, values in changes.items() if values}
        for target, response in self._ask(
                list(wanted), lambda t: self._remotes[t].set(wanted[t])):
            self._take(target, wanted[target], response)

    def _take(self, target: str, values: Mapping[str, Any], response: Any) -> None:
        if response is None:
            raise GraphError(f'{target} does not answer set_parameters')
        for key, result in zip(values, response.results, strict=True):
            if not result.successful:
                raise GraphError(f'{target} refused {key} = {values[key]!r}: {result.reason}')
        self._known[target].values.update(values)


def _no_answer(absent: Sequence[str], present: Sequence[str], timeout_s: float) -> str:
    hint = ('their services are in the graph' if list(absent) == list(present) else
            'is each of them running in this domain and namespace?')
    return f'no answer from {", ".join(absent)} within {timeout_s:g} s: {hint}'


def _result(future: Any) -> Any:
    return future.result() if future.done() and future.exception() is None else None


def _rewires(changes: Mapping[str, Any]) -> bool:
    return any(key.startswith('port.') for key in changes)
