"""Makes sure that a graph is alone in its domain and namespace before it starts."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from abm_ros.common.errors import GraphError
from abm_ros.common.names import check_namespace
from abm_ros.ros.clients.local_nodes import LocalNode, local_nodes, own_domain

# A graph that was asked to end is gone by then: its supervisor kills what is left after 6 s.
_PATIENCE_S = 8.0
_LOOK_S = 0.1


def await_alone(namespace: str, say: Callable[[str], None], *, patience_s: float = _PATIENCE_S,
                root: Path = Path('/proc')) -> None:
    """
    Wait until no node of an earlier graph is left on this machine where this graph is to be.

    Its nodes would be taken for ours until each of ours found its twin. Graphs on other machines
    are found by that alone (decision 0050).

    :param say: told once that it has to wait.
    :param patience_s: the longest wait.
    :raises GraphError: naming the nodes that stay.
    """
    domain, place = own_domain(), check_namespace(namespace)
    end_s, said = time.monotonic() + patience_s, False
    while others := [node for node in local_nodes(root)
                     if (node.domain, node.namespace) == (domain, place)]:
        where = f'in domain {domain}, namespace /{place}'
        if time.monotonic() >= end_s:
            raise GraphError(
                f'another graph runs {where}: {_listed(others)}; two graphs cannot share one: '
                'end the other, or give this one a --namespace or a ROS_DOMAIN_ID of its own')
        if not said:
            said = True
            say(f'waiting up to {patience_s:g} s for an earlier graph {where} to end')
        time.sleep(_LOOK_S)


def _listed(nodes: Sequence[LocalNode]) -> str:
    return ', '.join(f'{node.name} (pid {node.pid})' for node in nodes)
