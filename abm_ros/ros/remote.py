"""
Calling the lifecycle and parameter services of other nodes, many at once.

Calls are made from a thread of their own while another thread spins, so no callback ever
waits for a service.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.node import Node
from rclpy.parameter import Parameter

CONFIGURE = Transition.TRANSITION_CONFIGURE
CLEANUP = Transition.TRANSITION_CLEANUP
ACTIVATE = Transition.TRANSITION_ACTIVATE
DEACTIVATE = Transition.TRANSITION_DEACTIVATE
# The state in which each transition ends.
REACHES = {CONFIGURE: 'inactive', CLEANUP: 'unconfigured', ACTIVATE: 'active',
           DEACTIVATE: 'inactive'}
_RENEW_S = 2.0   # for the spinning thread to come round


@dataclass(frozen=True)
class Call:
    """One service request to one node."""

    target: str
    client: Client
    request: Any


class Remote:
    """The services of one lifecycle node."""

    def __init__(self, node: Node, target: str) -> None:
        self.target = target
        self._node = node
        self._make()

    def _make(self) -> None:
        def client(kind: type, service: str) -> Client:
            made: Client = self._node.create_client(kind, f'{self.target}/{service}')
            return made
        self._change = client(ChangeState, 'change_state')
        self._get = client(GetState, 'get_state')
        self._set = client(SetParameters, 'set_parameters')

    def _clients(self) -> tuple[Client, ...]:
        return self._change, self._get, self._set

    def present(self) -> bool:
        """Tell whether the graph knows a node that offers the services, discovered or not."""
        return self._node.count_services(self._get.service_name) > 0

    def ready(self) -> bool:
        """Tell whether all services were discovered."""
        return all(c.service_is_ready() for c in self._clients())

    def renew(self) -> None:
        """
        Make the clients anew, on the thread that spins; pending requests get no answer.

        New endpoints are announced again, so a node that missed the old ones finds them.
        """
        done = threading.Event()

        def renew() -> None:
            before = self._clients()
            self._make()
            for client in before:
                self._node.destroy_client(client)
            done.set()
        if (executor := self._node.executor) is None:
            renew()
            return
        executor.create_task(renew)
        done.wait(_RENEW_S)

    def change(self, transition: int) -> Call:
        """Ask for a lifecycle transition."""
        return Call(self.target, self._change,
                    ChangeState.Request(transition=Transition(id=transition)))

    def state(self) -> Call:
        """Ask for the lifecycle state."""
        return Call(self.target, self._get, GetState.Request())

    def set(self, values: Mapping[str, Any]) -> Call:
        """Set parameters."""
        return Call(self.target, self._set, SetParameters.Request(parameters=[
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]))


def call_all(calls: Sequence[Call], timeout_s: float) -> list[Any]:
    """
    Make calls in parallel and wait for their answers; not on the thread that spins.

    :return: the responses in the order of the calls; None for each that did not come in time.
    """
    if not calls:
        return []
    left, lock, done = [len(calls)], threading.Lock(), threading.Event()

    def answered(_: object) -> None:
        with lock:
            left[0] -= 1
            if left[0] == 0:
                done.set()

    futures = []
    for call in calls:
        future = call.client.call_async(call.request)
        future.add_done_callback(answered)
        futures.append(future)
    done.wait(timeout_s)
    responses = []
    for call, future in zip(calls, futures, strict=True):
        if future.done() and future.exception() is None:
            responses.append(future.result())
        else:
            call.client.remove_pending_request(future)
            responses.append(None)
    return responses
