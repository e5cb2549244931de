"""
The wiring as it is: which part's messages reach which, from the endpoints of the live graph.

What may be open and is not is dark; that alone is taken from the declared ports. What is open and
was never declared is lit all the same.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from abm_ros.common import names

BODY = names.BODY
PARTS = (BODY, *names.WIRED_NODES, names.SYSTEM_M)
# How long a pathway that opened or shut is marked.
MARKED_S = 3.0
# What describes a stream and goes wherever the stream goes, but to parts that take no stream.
_DESCRIPTIONS = (names.OBSERVATION_SPEC, names.ROBOT_DESCRIPTION)
_COMMANDS = ('/commands', '/joint_trajectory')

Pair = tuple[str, str]      # from a part to a part


@dataclass(frozen=True)
class Topic:
    """The endpoints of one topic, as the graph tells them; the name is relative."""

    name: str
    publishers: frozenset[str]
    subscribers: frozenset[str]
    # Pairs of publisher and subscriber whose QoS does not fit: nothing gets through.
    unfit: frozenset[Pair] = frozenset()


@dataclass(frozen=True)
class Pathways:
    """
    The pathways at one moment.

    `lit` and `unfit` map a pair of parts to its topics; `wired` are the parts with any endpoint.
    """

    lit: Mapping[Pair, Collection[str]] = field(default_factory=dict)
    unfit: Mapping[Pair, Collection[str]] = field(default_factory=dict)
    wired: Collection[str] = ()
    body: str = BODY


def declared(ports: Mapping[str, Iterable[tuple[str, bool]]]) -> dict[Pair, set[str]]:
    """
    Return the pathways that can be.

    :param ports: for each node its usual topics, and whether it publishes them.
    """
    found: dict[Pair, set[str]] = {(BODY, names.MOTOR_GATE): {names.JOINT_STATES},
                                   (names.MOTOR_GATE, BODY): {'commands'},
                                   (names.SYSTEM_M, names.MOTOR_GATE): {names.HEARTBEAT},
                                   # System B's port for actions is rewired in imagination.
                                   (names.SYSTEM_B, names.SYSTEM_A): {names.IMAGINED_ACTION}}
    ends = [(node, topic, out) for node, items in ports.items() for topic, out in items
            if topic not in _DESCRIPTIONS]
    sent = {topic for _, topic, out in ends if out}
    for node, topic, out in ends:
        if out:
            continue
        if topic not in sent and node == names.SENSORY_GATE:
            found.setdefault((BODY, node), set()).add(topic)
        for other, same, _ in (end for end in ends if end[2] and end[1] == topic):
            found.setdefault((other, node), set()).add(same)
    return found


def pathways(topics: Iterable[Topic]) -> Pathways:
    """
    Return the pathways that are open.

    Who publishes joint states is the body. Tools that merely listen are left out.
    """
    topics = [topic for topic in topics if topic.name not in _DESCRIPTIONS]
    parts = {name: name for name in PARTS if name != BODY}
    bodies = {node for topic in topics if topic.name == names.JOINT_STATES
              for node in topic.publishers if node not in parts}
    parts |= dict.fromkeys(bodies, BODY)
    lit: dict[Pair, set[str]] = {}
    unfit: dict[Pair, set[str]] = {}
    wired: set[str] = set()
    for topic in topics:
        wired |= {parts[node] for node in topic.publishers | topic.subscribers
                  if node in parts and not _is_hard_line(node, topic.name)}
        for sender in topic.publishers & parts.keys():
            for hearer in topic.subscribers & parts.keys():
                pair = parts[sender], parts[hearer]
                if pair[0] != pair[1]:
                    into = unfit if (sender, hearer) in topic.unfit else lit
                    into.setdefault(pair, set()).add(topic.name)
    return Pathways(lit, unfit, wired, ' + '.join(sorted(bodies)) or BODY)


def _is_hard_line(node: str, topic: str) -> bool:
    """Tell whether an endpoint exists in every mode, so that it does not show a node at work."""
    return topic.startswith(f'{names.SYSTEM_M}/') or (node == names.MOTOR_GATE and (
        topic == names.JOINT_STATES or topic.endswith(_COMMANDS)))


class Changes:
    """Remembers for a moment which pathways opened and which shut."""

    def __init__(self) -> None:
        self._before: set[Pair] | None = None
        self.opened: dict[Pair, float] = {}
        self.shut: dict[Pair, float] = {}

    def follow(self, now: Pathways, now_s: float) -> None:
        """Compare with the last look."""
        lit = set(now.lit)
        if self._before is not None:
            for pair in lit - self._before:
                self.opened[pair] = now_s
                self.shut.pop(pair, None)
            for pair in self._before - lit:
                self.shut[pair] = now_s
                self.opened.pop(pair, None)
        self._before = lit
        for marked in (self.opened, self.shut):
            for pair in [pair for pair, at_s in marked.items() if now_s - at_s > MARKED_S]:
                del marked[pair]
