"""
The guarded lifecycle base of every part that System M wires.

It does once for all nodes what rclpy leaves open: parameters and ports declared from data,
endpoints that exist only while active, timers that stop with the node, transition errors that
are logged, bad messages that are refused by name, and telemetry that never goes silent.
"""

import contextlib
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidHandle
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_msgs.msg import Float32MultiArray

from abm_ros.common import names
from abm_ros.common.errors import AbmError, ConfigError, GraphError
from abm_ros.common.names import RELATIVE_NAME
from abm_ros.common.telemetry_fields import Telemetry
from abm_ros.ros import parameters, qos
from abm_ros.ros.child import own_process
from abm_ros.ros.polled import Polled
from abm_ros.ros.ports import PORTS, PUBLISH, Port
from abm_ros.ros.rclpy_internals import QuietNode, lifecycle_state
from abm_ros.ros.telemetry_codec import TelemetryWriter
from abm_ros.ros.timers import SteadyTimer, Timers

C = TypeVar('C')
# No multiples of a usual control period: what beats with it would meet the same step every time.
TELEMETRY_S = 0.253
URGENT_TELEMETRY_S = 0.107   # pain and a shut gate are told at once
_PORT_PREFIX = 'port.'


class PartNode(QuietNode, Generic[C]):
    """
    A part of the graph as a lifecycle node.

    Subclasses override `configure`, `activated`, `deactivated`, `cleaned_up`, `telemetry` and
    one `on_<port>` method per subscribing port.
    """

    telemetry_period_s = TELEMETRY_S

    def __init__(self, name: str, config_class: type[C]) -> None:
        """Declare parameters and ports; raises ConfigError for a refused override."""
        super().__init__(name)
        # The name in the code, whatever a launch file calls the node.
        self.part = name
        # Ids sort by start: of two processes of one node the older one stays (decision 0050).
        self.incarnation = f'{time.time_ns() // 1000:014x}{uuid.uuid4().hex[:6]}'
        self._process = own_process()
        self.active = False
        self.refused = 0
        self.faults = 0
        self._refusal: AbmError | None = None
        self._starting = False
        # Set when the node can do no more good: the process ends, and may be restarted.
        self.broken = False
        # Why, where that is to be the last word of the process.
        self.fatal: AbmError | None = None
        self.config_class = self.settings_class(config_class)
        self.steady = Timers()
        self._ports: Mapping[str, Port] = {p.name: p for p in PORTS.get(name, ())}
        self._endpoints: dict[str, Any] = {}
        self._reached: set[str] = set()
        self._timers_active: list[SteadyTimer] = []
        self.config: C = parameters.declare(self, self.config_class)
        self._wiring = {key: self._declare_port(key) for key in self._ports}
        self.add_pre_set_parameters_callback(
            lambda changes: parameters.with_empty_lists(self.config_class, changes))
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._take_parameters)
        self._signals = self.create_publisher(
            Float32MultiArray, names.signals_topic(name), qos.TELEMETRY)
        self._telemetry_writer = TelemetryWriter()
        self.steady.add(self.telemetry_period_s, self.publish_telemetry)

    # What subclasses override.

    def settings_class(self, usual: type[C]) -> type[C]:
        """Return the class of the settings, where a parameter chooses another than the usual."""
        return usual

    def configure(self) -> None:
        """Build what the node needs to become active; raise AbmError to refuse."""

    def activated(self) -> None:
        """Start work; the endpoints exist."""

    def deactivated(self) -> None:
        """Stop work; the endpoints still exist, so that last words can be published."""

    def cleaned_up(self) -> None:
        """Release what `configure` built."""

    def reconfigured(self) -> None:
        """React to a change of the runtime settings; `self.config` is the new one."""

    def telemetry(self) -> Telemetry:
        """Return what this node tells of itself; what every node tells is filled in."""
        return Telemetry()

    def start(self) -> None:
        """
        Configure and activate; for nodes that nobody else brings up.

        :raises AbmError: the refusal or failure of the first transition that did not succeed.
        """
        self._starting = True
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != TransitionCallbackReturn.SUCCESS:
                raise self._refusal or GraphError(f'{self.part} did not start; see its log')
        self._starting = False

    def close(self) -> None:
        """Release everything before the process ends."""
        if self.active:
            self.active = False
            self.guarded('deactivate', self.deactivated)
        self.guarded('clean up', self.cleaned_up)

    # What subclasses use.

    def emit(self, port: str, message: Any) -> None:
        """Publish on a port; an unwired port swallows the message. Any thread."""
        endpoint = self._endpoints.get(port)
        if endpoint is not None:
            # Unwired just now, by another thread.
            with contextlib.suppress(InvalidHandle):
                endpoint.publish(message)

    def is_wired(self, port: str) -> bool:
        """Tell whether a port has its endpoint."""
        return port in self._endpoints

    def reaches(self, port: str, readers: Iterable[str]) -> bool:
        """
        Tell whether what is published on a port reaches all who are meant to read it.

        What is sent before a reader is matched is lost to it. Every subscription that is known of
        must be matched, and the readers' must be among them.

        :param readers: names of nodes in this node's namespace.
        """
        if port not in self._reached and port in self._endpoints:
            endpoint = self._endpoints[port]
            known = self.get_subscriptions_info_by_topic(endpoint.topic_name)
            here = {info.node_name for info in known
                    if info.node_namespace == self.get_namespace()}
            if here.issuperset(readers) and endpoint.get_subscription_count() >= len(known):
                self._reached.add(port)
        return port in self._reached

    def every(self, period_s: float, callback: Callable[[], None]) -> None:
        """Call back periodically (steady time) until the node is deactivated."""
        self._timers_active.append(self.steady.add(
            period_s, lambda: self.guarded(callback.__name__, callback)))

    def poll(self, message: Any, topic: str, raw: bool = False, depth: int = 1) -> Polled:
        """Subscribe for good to a topic whose newest messages are read on demand."""
        polled = Polled(self, message, topic, raw, depth)
        self.keep_quiet(polled.subscription)
        return polled

    def guarded(self, what: str, callback: Callable[..., None], *args: Any) -> None:
        """Run a callback; a refused message is counted and named, a fault is logged."""
        try:
            callback(*args)
        except AbmError as error:
            self.refused += 1
            self.get_logger().warning(f'{what} refused: {error}', throttle_duration_sec=1.0)
        except Exception:
            self.faults += 1
            self.get_logger().error(f'{what} failed: {blamed()}', throttle_duration_sec=1.0)
            self.failed(what)

    def failed(self, what: str) -> None:
        """React to an unexpected exception in a callback; the traceback is logged already."""

    def publish_telemetry(self) -> None:
        """Publish the telemetry with what every node tells."""
        self.guarded('telemetry', self._publish_telemetry)

    def _publish_telemetry(self) -> None:
        told = replace(self.telemetry(), refused=self.refused, faults=self.faults,
                       state=lifecycle_state(self), incarnation=self.incarnation,
                       process=self._process)
        self._signals.publish(self._telemetry_writer.write(
            self.get_clock().now().nanoseconds, told))

    # Parameters.

    def _declare_port(self, name: str) -> str:
        port = self._ports[name]
        verb = 'published' if port.direction == PUBLISH else 'subscribed'
        value = self.declare_parameter(_PORT_PREFIX + name, port.topic, ParameterDescriptor(
            description=f'Relative topic {verb} while active; empty means unwired.')).value
        if problem := topic_problem(value):
            raise ConfigError(f'{self.part}: {_PORT_PREFIX}{name}: {problem}')
        return str(value)

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        for change in changes:
            if change.name.startswith(_PORT_PREFIX):
                problem = topic_problem(change.value)
                if self.active and not problem:
                    problem = f'{self.part} is active: deactivate it before rewiring'
                if problem:
                    return SetParametersResult(successful=False,
                                               reason=f'{change.name}: {problem}')
        reason = parameters.refuse(self.config_class, self.part, changes)
        return SetParametersResult(successful=not reason, reason=reason)

    def _take_parameters(self, changes: list[Parameter]) -> None:
        values = {}
        for change in changes:
            if change.name.startswith(_PORT_PREFIX):
                self._wiring[change.name.removeprefix(_PORT_PREFIX)] = change.value
            elif hasattr(self.config, change.name):
                values[change.name] = parameters.plain(change)
        config = replace(self.config, **values)  # type: ignore[type-var]
        if config != self.config:
            self.config = config
            self.guarded('reconfigure', self.reconfigured)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Build the node's parts."""
        return self._transition('configure', [self.configure])

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Create exactly the endpoints that the ports name, then start work."""
        return self._transition('activate', [self._create_endpoints, self.activated],
                                undo=self._destroy_endpoints)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop work, then destroy the endpoints."""
        self.active = False
        self.guarded('deactivate', self.deactivated)
        # Shutting must not fail: a fault above is logged and the endpoints go all the same.
        self._destroy_endpoints()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release what configure built."""
        return self._transition('clean up', [self.cleaned_up])

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything on the way to the end."""
        steps = [self.deactivated, self._destroy_endpoints] if self.active else []
        return self._transition('shut down', [*steps, self.cleaned_up],
                                undo=self._destroy_endpoints)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured, so that the node can be configured again."""
        return self._transition('recover', [self._destroy_endpoints, self.cleaned_up])

    def _transition(self, verb: str, steps: Iterable[Callable[[], None]],
                    undo: Callable[[], None] | None = None) -> TransitionCallbackReturn:
        try:
            for step in steps:
                step()
            return TransitionCallbackReturn.SUCCESS
        except AbmError as error:
            # A refusal is not a fault: the node stays where it was and can be asked again.
            self._refusal = error
            if not self._starting:  # else `start` raises it, and one line is enough
                self.get_logger().error(f'could not {verb}: {error}')
            if undo is not None:
                self.guarded('undo', undo)
            return TransitionCallbackReturn.FAILURE
        except Exception:
            self.get_logger().error(f'could not {verb}: {blamed()}')
            if undo is not None:
                self.guarded('undo', undo)
            return TransitionCallbackReturn.ERROR

    def _create_endpoints(self) -> None:
        for name, topic in self._wiring.items():
            if topic:
                self._endpoints[name] = self._create(self._ports[name], topic)
        self.active = True

    def _create(self, port: Port, topic: str) -> Any:
        if port.direction == PUBLISH:
            return self.create_publisher(port.message, topic, port.profile)
        handler = getattr(self, f'on_{port.name}')
        return self.create_subscription(
            port.message, topic, lambda message: self.guarded(port.name, handler, message),
            port.profile)

    def _destroy_endpoints(self) -> None:
        self.active = False
        for timer in self._timers_active:
            self.steady.remove(timer)
        self._timers_active.clear()
        for name, endpoint in self._endpoints.items():
            if self._ports[name].direction == PUBLISH:
                self.destroy_publisher(endpoint)
            else:
                self.destroy_subscription(endpoint)
        self._endpoints.clear()
        self._reached.clear()


def blamed() -> str:
    """Return the exception being handled, its reason in the first line: a screen shows no more."""
    kind, error, _ = sys.exc_info()
    reason = ' '.join(f'{kind.__name__ if kind else ""}: {error}'.split())
    return f'{reason}\n{traceback.format_exc()}'


def topic_problem(topic: object) -> str:
    """Return why a port's topic is refused, '' when it is fine."""
    if not isinstance(topic, str):
        return f'expected a string, got {topic!r}'
    if topic and not RELATIVE_NAME.fullmatch(topic):
        return (f'{topic!r} is not a relative topic (letters, digits, _ and /, not starting '
                'with /); use a namespace or a remap instead')
    return ''
