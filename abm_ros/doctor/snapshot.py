"""What the checks look at: the graph, its messages and its machine at one time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Endpoint:
    """One publisher or subscriber."""

    node: str
    type: str


@dataclass(frozen=True)
class TopicEnds:
    """A topic's endpoints, and the pairs (publisher, subscriber) whose QoS or type do not fit."""

    publishers: Sequence[Endpoint] = ()
    subscribers: Sequence[Endpoint] = ()
    unfit: Sequence[tuple[str, str, str]] = ()    # publisher, subscriber, why


@dataclass(frozen=True)
class JointMessage:
    """A message on `joint_states`: its names, its stamp, and when it came, both in s."""

    names: tuple[str, ...]
    stamp_s: float
    at_s: float


@dataclass(frozen=True)
class Snapshot:
    """
    Everything at one time; times are seconds of the clock that the nodes use.

    `nodes` are names, each as often as it is there. `gate` are the motor gate's parameters,
    `controller_joints` the controller's own order, empty if it does not tell. `versions` maps a
    model's node to the version told, -1 for none. `other_domains` are those in which a graph of
    ours runs on this machine. `holders` are the nodes that tell of an operator's hold, `silent`
    those that are there and did not tell their parameters.
    """

    nodes: Sequence[str] = ()
    topics: Mapping[str, TopicEnds] = field(default_factory=dict)
    joint_states: Sequence[JointMessage] = ()
    description: str = ''
    gate: Mapping[str, object] = field(default_factory=dict)
    controller_joints: Sequence[str] = ()
    versions: Mapping[str, float] = field(default_factory=dict)
    free_bytes: int | None = None
    directory: str = ''
    domain: int = 0
    other_domains: Sequence[int] = ()
    troubles: Sequence[str] = ()
    holders: Sequence[str] = ()
    silent: Sequence[str] = ()

    @property
    def joints(self) -> tuple[str, ...]:
        """The commanded joints by the motor gate's parameters, empty for all that move."""
        given = self.gate.get('joints', ())
        # An empty list of texts travels as one empty text.
        return tuple(str(name) for name in given if name) if isinstance(
            given, list | tuple) else ()

    def setting(self, name: str, default: str) -> str:
        """Return a parameter of the motor gate as text."""
        return str(self.gate.get(name, default))
