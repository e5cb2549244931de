"""Starts the graph's processes for the tests, and looks at it from outside with plain rclpy."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from domains import new_domain
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Float32MultiArray, Float64MultiArray, String

from abm_ros.bringup.graph import NodeSpec
from abm_ros.bringup.processes import Supervisor

ROOT = Path(__file__).resolve().parents[2]
URDF = ROOT / 'urdf' / 'abm_arm.urdf'
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
# Generous: another test run may have the machine's other core, and this one.
PATIENCE_S = 30.0
WIRED = ('episodic_memory', 'system_a_learner', 'system_b_learner', 'system_a', 'system_b',
         'sensory_gate', 'motor_gate')


def wait_until(condition: Callable[[], Any], what: str | Callable[[], str],
               patience_s: float = PATIENCE_S) -> None:
    """Wait for a condition; fail by name when it does not come true."""
    deadline_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline_s:
            text = what() if callable(what) else what
            raise AssertionError(f'not within {patience_s:g} s: {text}')
        time.sleep(0.02)


def environment(domain: int) -> dict[str, str]:
    """Return the environment of child processes in a domain."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get('PYTHONPATH', ''))))
    return os.environ | {
        'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'PYTHONPATH': path, 'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'}


class Processes:
    """The described processes under the package's own supervisor, in a thread of its own."""

    def __init__(self, specs: Sequence[NodeSpec], domain: int, log: Path,
                 namespace: str = '') -> None:
        self.lines: list[str] = []
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self.domain, self._saved = domain, dict(os.environ)
        os.environ.update(environment(domain))
        self._supervisor = Supervisor(specs, log=log, namespace=namespace,
                                      echo=self.lines.append)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._supervisor.start())
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()

    def pid(self, node: str) -> int | None:
        return self._supervisor.pids().get(node)

    def refusal(self) -> str:
        """Return why a process ended for good, '' while none did."""
        failure = self._supervisor.failure
        return str(failure.result()) if failure is not None and failure.done() else ''

    def kill(self, node: str, number: int = signal.SIGKILL) -> int:
        pid = self.pid(node)
        assert pid is not None, f'{node} does not run'
        os.kill(pid, number)
        return pid

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._supervisor.stop(), self._loop).result(30.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        for key in set(os.environ) - set(self._saved):
            del os.environ[key]
        os.environ.update(self._saved)


class Observer:
    """A plain rclpy node that knows nothing of the package but names and message types."""

    def __init__(self, domain: int, namespace: str = '',
                 command_topic: str = 'arm_controller/commands') -> None:
        self.domain = domain
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = rclpy.create_node('observer', context=self.context, namespace=namespace)
        self.namespace = f'/{namespace}' if namespace else '/'
        self.modes: list[str] = []
        self.telemetry: dict[str, dict[str, float]] = {}
        self.states: dict[str, str] = {}
        self.heard: dict[str, int] = {}
        self.commands: list[tuple[float, np.ndarray]] = []
        self._clients: dict[str, Any] = {}
        self.node.create_subscription(String, 'system_m/mode', self._on_mode, LATCHED)
        self.node.create_subscription(Float64MultiArray, command_topic, self._on_command, 50)
        for name in (*WIRED, 'system_m'):
            self.node.create_subscription(
                Float32MultiArray, f'{name}/signals',
                lambda message, name=name: self._on_signals(name, message), 10)
        self._ending = False
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        while not self._ending:
            self._executor.spin_once(timeout_sec=0.05)

    def _on_mode(self, message: String) -> None:
        if not self.modes or self.modes[-1] != message.data:
            self.modes.append(message.data)

    def _on_command(self, message: Float64MultiArray) -> None:
        self.commands.append((time.monotonic(), np.array(message.data)))

    def _on_signals(self, name: str, message: Float32MultiArray) -> None:
        dims, data = message.layout.dim, list(message.data)
        self.telemetry[name] = dict(zip((d.label.split('[')[0] for d in dims[1:]), data,
                                        strict=True))
        pairs = dict(pair.split('=', 1) for pair in dims[0].label.split(';')[1:])
        self.states[name] = pairs['state']
        self.heard[name] = self.heard.get(name, 0) + 1

    @property
    def mode(self) -> str:
        return self.modes[-1] if self.modes else ''

    def value(self, node: str, name: str, default: float = 0.0) -> float:
        return self.telemetry.get(node, {}).get(name, default)

    def fresh(self, node: str, count: int = 3) -> None:
        """Wait for new telemetry of a node."""
        before = self.heard.get(node, 0)
        wait_until(lambda: self.heard.get(node, 0) >= before + count, f'telemetry of {node}')

    def wait_mode(self, mode: str) -> None:
        wait_until(lambda: self.mode == mode, lambda: f'mode {mode}; modes so far {self.modes}')

    def call(self, kind: Any, service: str, request: Any, timeout_s: float = 15.0) -> Any:
        client = self._clients.setdefault(service, self.node.create_client(kind, service))
        wait_until(client.service_is_ready, f'service {service}')
        for _ in range(3):   # a first call may be lost while discovery is under way
            done = threading.Event()
            future = client.call_async(request)
            future.add_done_callback(lambda _, done=done: done.set())
            if done.wait(timeout_s / 3):
                return future.result()
        raise AssertionError(f'{service} did not answer')

    def set_parameters(self, node: str, values: Mapping[str, Any]) -> list[Any]:
        request = SetParameters.Request(parameters=[
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()])
        return list(self.call(SetParameters, f'{node}/set_parameters', request).results)

    def pin(self, mode: str) -> Any:
        return self.set_parameters('system_m', {'pin_mode': mode})[0]

    def state(self, node: str) -> str:
        response = self.call(GetState, f'{node}/get_state', GetState.Request())
        return str(response.current_state.label)

    def change(self, node: str, transition: int) -> bool:
        request = ChangeState.Request()
        request.transition.id = transition
        return bool(self.call(ChangeState, f'{node}/change_state', request).success)

    def topics_of(self, node: str) -> tuple[set[str], set[str]]:
        """Return the names that a node publishes and those that it subscribes to."""
        try:
            publishes = self.node.get_publisher_names_and_types_by_node(node, self.namespace)
            subscribes = self.node.get_subscriber_names_and_types_by_node(node, self.namespace)
        except rclpy.node.NodeNameNonExistentError:
            return set(), set()
        return {name for name, _ in publishes}, {name for name, _ in subscribes}

    def close(self) -> None:
        self._ending = True
        self._thread.join(5.0)
        self._executor.shutdown(0.0)
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@contextlib.contextmanager
def running(specs: Sequence[NodeSpec], folder: Path, namespace: str = '',
            command_topic: str = 'arm_controller/commands'
            ) -> Iterator[tuple[Processes, Observer]]:
    """Run the described processes with an observer beside them."""
    domain = new_domain()
    observer = Observer(domain, namespace, command_topic)
    processes = Processes(specs, domain, folder / 'log', namespace)
    try:
        yield processes, observer
    except AssertionError as error:
        error.add_note('\n'.join(processes.lines[-60:]))
        raise
    finally:
        try:
            processes.stop()
        finally:
            observer.close()


def start_script(domain: int, *arguments: str, **options: Any) -> 'subprocess.Popen[str]':
    """Start a Python process of ours in a domain."""
    return subprocess.Popen([sys.executable, *arguments], env=environment(domain), text=True,
                            stdin=subprocess.DEVNULL, **options)


def end(process: 'subprocess.Popen[str]', number: int = signal.SIGINT) -> int:
    """End a process of ours."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(15.0)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(5.0)
