"""The operator's side of the services and parameters of System M and the motor gate."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import rclpy
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter, parameter_value_to_python
from std_msgs.msg import Float32MultiArray, String
from std_srvs.srv import Trigger

from abm_ros.common import names
from abm_ros.common.errors import AbmError
from abm_ros.common.names import check_namespace
from abm_ros.common.telemetry import MotorGateTelemetry
from abm_ros.ros import qos
from abm_ros.ros.fast_dds import initialise
from abm_ros.ros.telemetry_codec import decode_telemetry

_SILENT = 'does not answer'
_REPEAT_S = 2.0


@dataclass(frozen=True)
class Answer:
    """What one node answered."""

    who: str
    success: bool
    text: str


class Operator:
    """A short-lived node that asks and waits; the motor gate answers even without System M."""

    def __init__(self, namespace: str = '', timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._context = rclpy.Context()
        initialise(args=[], context=self._context)
        self._node = rclpy.create_node('abm_operator', namespace=check_namespace(namespace),
                                       context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._executor.shutdown(0.0)
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def trigger(self, what: str) -> list[Answer]:
        """Hold or release, asking the motor gate and System M at once."""
        responses = self._ask({node: (Trigger, f'{node}/{what}', Trigger.Request())
                               for node in (names.MOTOR_GATE, names.SYSTEM_M)})
        return [Answer(node, response is not None and response.success,
                       response.message if response is not None else _SILENT)
                for node, response in responses.items()]

    def pin(self, mode: str) -> list[Answer]:
        """Pin a mode, or let phi decide with ''."""
        return self._set('pin_mode', mode, f'pinned to {mode}' if mode else 'phi decides')

    def veto(self, modes: Sequence[str]) -> list[Answer]:
        """Veto exactly these modes."""
        return self._set('veto_modes', list(modes), f'vetoed: {", ".join(modes) or "nothing"}')

    def status(self) -> list[Answer]:
        """Say what the motor gate and System M do, and what the operator asked of them."""
        heard: dict[str, Any] = {}
        subscriptions = [
            self._node.create_subscription(
                Float32MultiArray, names.signals_topic(names.MOTOR_GATE),
                lambda message: heard.update(gate=decode_telemetry(message, MotorGateTelemetry)),
                qos.TELEMETRY),
            self._node.create_subscription(
                String, names.SELF_REPORT, lambda message: heard.update(report=message.data),
                qos.LATCHED)]
        request = GetParameters.Request(names=['pin_mode', 'veto_modes'])
        answers = self._ask({
            'overrides': (GetParameters, f'{names.SYSTEM_M}/get_parameters', request),
            'mode': (Trigger, names.GET_MODE, Trigger.Request())})
        acts = answers['mode'] is not None and answers['mode'].success
        self._spin(lambda: 'gate' in heard and (not acts or 'report' in heard))
        for subscription in subscriptions:
            self._node.destroy_subscription(subscription)
        return [_gate_status(heard), _system_status(
            answers['overrides'], answers['mode'], heard.get('report', 'no report yet'))]

    def bodies(self, known: Collection[str]) -> list[str]:
        """Return which of the known nodes of simulated bodies are there."""
        found: list[str] = []

        def look() -> bool:
            found[:] = [name for name in self._node.get_node_names() if name in known]
            return bool(found)

        self._spin(look)
        return found

    def shifts(self, body: str) -> str | None:
        """Return the shifts that a body has been given; None where it does not answer."""
        response = self._ask({body: (GetParameters, f'{body}/get_parameters',
                                     GetParameters.Request(names=['shift']))})[body]
        return None if response is None or not response.values else str(
            parameter_value_to_python(response.values[0]) or '')

    def shift(self, body: str, shifts: str) -> list[Answer]:
        """Let exactly these shifts be in force, as the body's parameter has them."""
        return self._set('shift', shifts, f'shifted: {shifts or "nothing"}', body)

    def _set(self, name: str, value: Any, text: str, node: str = names.SYSTEM_M) -> list[Answer]:
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
            if value != [] else [Parameter(name, Parameter.Type.STRING_ARRAY, [])
                                 .to_parameter_msg()])
        response = self._ask({node: (SetParameters, f'{node}/set_parameters', request)})[node]
        if response is None:
            return [Answer(node, False, _SILENT)]
        result = response.results[0]
        return [Answer(node, result.successful,
                       text if result.successful else result.reason)]

    def _ask(self, calls: dict[str, tuple[Any, str, Any]]) -> dict[str, Any]:
        """
        Call each service as soon as it is there; None where no answer came in time.

        An answer is lost when its reader was matched too late. What is asked here may be asked
        twice, so it is.
        """
        clients = {key: self._node.create_client(kind, service)
                   for key, (kind, service, _) in calls.items()}
        futures: dict[str, list[Any]] = {key: [] for key in calls}
        asked_s = dict.fromkeys(calls, float('-inf'))

        def answer(key: str) -> Any:
            return next((f.result() for f in futures[key] if f.done()), None)

        def done() -> bool:
            waiting = [key for key in calls if answer(key) is None]
            for key in waiting:
                if (time.monotonic() > asked_s[key] + _REPEAT_S
                        and clients[key].service_is_ready()):
                    asked_s[key] = time.monotonic()
                    futures[key].append(clients[key].call_async(calls[key][2]))
            return not waiting

        self._spin(done)
        return {key: answer(key) for key in calls}

    def _spin(self, done: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + self._timeout_s
        while not done() and time.monotonic() < deadline_s:
            self._executor.spin_once(timeout_sec=0.02)


def _gate_status(heard: dict[str, Any]) -> Answer:
    if 'gate' not in heard:
        return Answer(names.MOTOR_GATE, False, _SILENT)
    gate: MotorGateTelemetry = heard['gate']
    return Answer(names.MOTOR_GATE, True, ('open' if gate.open > 0 else 'shut')
                  + (', held by the operator' if gate.held > 0 else ''))


def _system_status(response: Any, mode: Any, report: str) -> Answer:
    if response is None or mode is None:
        return Answer(names.SYSTEM_M, False, _SILENT)
    if not mode.success:    # the last report is of a time before
        report = f'{mode.message}.'
    try:
        pin, veto = (parameter_value_to_python(v) for v in response.values)
    except ValueError as error:
        raise AbmError(f'{names.SYSTEM_M} has no pin_mode and veto_modes: {error}') from error
    return Answer(names.SYSTEM_M, mode.success,
                  f'{report} Pinned: {pin or "nothing"}; '
                  f'vetoed: {", ".join(veto or []) or "nothing"}.')
