"""The settings of a life, and the parameter file of the graph that says the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from abm_ros.agent.settings import AgentSettings
from abm_ros.common import names
from abm_ros.common.config import check, from_mapping, setting
from abm_ros.common.errors import ConfigError
from abm_ros.common.parameter_files import nearest, sections
from abm_ros.common.tables import Reader, shown
from abm_ros.memory.appraisal import AppraisalConfig
from abm_ros.meta.meta_control import SystemMConfig
from abm_ros.world_model.worlds.config import WorldsConfig

_READ = Reader('parameters', ConfigError)


@dataclass(frozen=True)
class PaceConfig:
    """How time passes in a life where the mode learns from memory alone, and how it is watched."""

    updates_per_s: float = setting(
        40.0, 'Updates of each learner that a second of sleep, rest or imagination has time for.',
        unit='1/s', low=1.0, high=1e5)
    burst_s: float = setting(
        0.5, 'Simulated time between two bursts of such updates.', unit='s', low=0.01, high=60.0)
    success_window: int = setting(
        20, 'Episodes over which the success rate is taken.', low=1, high=1000)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class LifeSettings:
    """The settings of all parts of a life; they say which Systems A and B it has."""

    agent: AgentSettings = field(
        default_factory=lambda: AgentSettings(worlds=WorldsConfig(worlds=True)))
    system_m: SystemMConfig = field(default_factory=SystemMConfig)
    appraisal: AppraisalConfig = field(default_factory=AppraisalConfig)
    pace: PaceConfig = field(default_factory=PaceConfig)

    def part(self, name: str) -> Any:
        """Return the settings of a part, one of `NODES`."""
        return getattr(self if name in _OWN else self.agent, name)

    def changed(self, changes: Mapping[str, Mapping[str, Any]]) -> 'LifeSettings':
        """
        Return these settings with some changed.

        :param changes: by part, one of `NODES`.
        :raises ConfigError: a part or setting is unknown, or a value is refused.
        """
        unknown = [part for part in changes if part not in NODES]
        if unknown:
            raise ConfigError(f"a life has no part '{unknown[0]}', expected one of "
                              f'{", ".join(NODES)}')
        made = {part: _changed(self.part(part), values) for part, values in changes.items()}
        own = {part: value for part, value in made.items() if part in _OWN}
        agent = {part: value for part, value in made.items() if part not in _OWN}
        return replace(self, agent=replace(self.agent, **agent), **own)


_OWN = ('system_m', 'appraisal', 'pace')
# For each part of a life the nodes of the graph that have its settings as parameters.
NODES: Mapping[str, tuple[str, ...]] = {
    'warm_up': (names.SYSTEM_A, names.EPISODIC_MEMORY),
    'schedule': (names.SYSTEM_A, names.SYSTEM_A_LEARNER, names.SYSTEM_B_LEARNER),
    'replay': (names.EPISODIC_MEMORY,),
    'world': (names.SYSTEM_A_LEARNER,),
    'actor': (names.SYSTEM_B_LEARNER,),
    'planner': (names.SYSTEM_B,),
    'worlds': (names.SYSTEM_A,),
    'dreams': (names.SYSTEM_A,),
    'imagined': (names.EPISODIC_MEMORY,),
    'appraisal': (names.EPISODIC_MEMORY,),
    'system_m': (names.SYSTEM_M,),
    'pace': (),
}


def _changed(part: Any, values: Mapping[str, Any]) -> Any:
    """Return a part's settings with some changed; its other values stay."""
    kept = {item.name: getattr(part, item.name) for item in fields(part)}
    return from_mapping(type(part), {**kept, **values})


def to_parameters(changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """
    Return the parameter file, as a mapping, that gives the graph's nodes some settings.

    :param changes: by part, one of `NODES`.
    """
    found: dict[str, dict[str, Any]] = {}
    for part, values in changes.items():
        for node in NODES[part]:
            found.setdefault(node, {}).update(values)
    return {node: {'ros__parameters': dict(sorted(values.items()))}
            for node, values in sorted(found.items())}


def from_parameters(text: str, base: LifeSettings) -> dict[str, dict[str, Any]]:
    """
    Read a parameter file as changes of a life's settings, by part.

    :param base: says which Systems A and B there are.
    :raises ConfigError: not YAML, a node or setting that no life has, or values of one setting
        that differ between its nodes.
    """
    found: dict[str, dict[str, Any]] = {}
    for path, values in sections(_READ.load(text)):
        node = path.rsplit('/', 1)[-1]
        parts = [part for part, nodes in NODES.items() if node in nodes]
        known = {item.name: part for part in parts for item in fields(base.part(part))}
        for name, value in values.items():
            if name not in known:
                raise ConfigError(f"parameters: a life has no setting '{name}' of {node}"
                                  f'{nearest(name, known)}')
            part = found.setdefault(known[name], {})
            if part.setdefault(name, value) != value:
                raise ConfigError(f'parameters: {name} is {shown(part[name])} and {shown(value)}, '
                                  'expected one value for all nodes that have it')
    return found
