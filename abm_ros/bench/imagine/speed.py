"""The speed half of the imagination benchmark: dreams over topics and in one process, in turn."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from std_msgs.msg import UInt8MultiArray

from abm_ros.agent.imagining import Dreamt, Imagination
from abm_ros.bench.common.processes import Children
from abm_ros.bench.common.station import Station, wait_until
from abm_ros.common import names
from abm_ros.common.errors import GraphError
from abm_ros.common.seeds import generator
from abm_ros.common.share import table_text
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.telemetry import SystemATelemetry
from abm_ros.memory.record.store import Store
from abm_ros.memory.replay.draw import Draw
from abm_ros.memory.replay.imagined import ImaginedConfig
from abm_ros.memory.replay.index import ReplayConfig, ReplayIndex
from abm_ros.policy.config import ActorConfig
from abm_ros.policy.controller import Controller, ControllerConfig
from abm_ros.policy.planner import Objective
from abm_ros.ros import qos
from abm_ros.ros.codec import encode_bytes
from abm_ros.ros.ports import read_wiring
from abm_ros.ros.remote import ACTIVATE, CONFIGURE, DEACTIVATE, Remote, call_all
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.dreams import DreamConfig
from abm_ros.world_model.perception import Perception

_START_S, _ANSWER_S = 60.0, 10.0
_WARM_TRANSITIONS = 50_000
_NODES = (names.EPISODIC_MEMORY, names.SYSTEM_A, names.SYSTEM_B)
# The model is of an arm that was made up, and only speed is measured: nothing stops a dream early.
_BELIEVED: dict[str, Any] = {'dream_error': 1e6, 'dream_doubt': 100.0}
_UPDATES_A, _UPDATES_B = 200, 100


class LocalDreams:
    """The parts that dream in the nodes, in this process."""

    def __init__(self, folder: Path, seed: int, objective: Objective) -> None:
        with Store.read(folder / 'memory.db') as reader:
            self._index = ReplayIndex(reader.spec, ReplayConfig().capacity)
            self._index.extend(reader.blocks())
        spec, rng = self._index.spec, generator(seed, 'bench/imagine')
        self.models = _learned(self._index, seed)
        self._perception = Perception(spec)
        self._perception.load(self.models[0])
        self._behaviour = Controller(spec, ControllerConfig(), rng)
        self._behaviour.load(self.models[1])
        self._objective = objective
        self._imagination = Imagination(DreamConfig(**_BELIEVED), ImaginedConfig(), spec, rng)

    def dream(self, seconds: float) -> float:
        """Dream so long; return the transitions a second."""
        dreamt, begin_s = Dreamt(), time.perf_counter()
        while time.perf_counter() - begin_s < seconds:
            self._imagination.dream(self._perception, self._behaviour, self._index,
                                    self._objective, dreamt)
            if dreamt.reason:
                raise GraphError(f'nothing was dreamed: {dreamt.reason}')
        return dreamt.transitions / (time.perf_counter() - begin_s)


def _learned(index: ReplayIndex, seed: int) -> tuple[Snapshot, Snapshot]:
    """Return models of both systems that learned a little."""
    world, actor = WorldModelConfig(), ActorConfig()
    rng, of_a = generator(seed, 'bench/imagine/learning'), Draw(world.batch, world.horizon)
    learner = world.learner().create(world, index.spec, seed)
    for _ in range(_UPDATES_A):
        learner.learn(index.draw(rng, of_a))
    model = learner.freeze()
    policy = actor.learner().create(actor, model, seed)
    for _ in range(_UPDATES_B):
        policy.learn(model, index.draw(rng, Draw(actor.batch, 1)))
    return learner.snapshot(), policy.snapshot(model)


class SpeedRun:
    """One run: the nodes stay up, and one of both sides dreams at a time."""

    def __init__(self, children: Children, folder: Path, seed: int, console: Console,
                 objective: Objective) -> None:
        self._children, self._console = children, console
        self._folder, self._seed, self._objective = folder, seed, objective

    def measure(self, repeats: int, block_s: float) -> list[tuple[float, float]]:
        """
        Take turns.

        :return: transitions a second over topics and in one process, of each turn.
        :raises GraphError: a process ended or did not answer.
        """
        self._console.print('models learn a little')
        local = LocalDreams(self._folder, self._seed, self._objective)
        with Station([SystemATelemetry]) as station:
            try:
                self._start(station, local.models)
                turns = []
                for turn in range(repeats):
                    self._console.print(f'turn {turn + 1} of {repeats}')
                    turns.append((self._over_topics(station, block_s), local.dream(block_s)))
                return turns
            finally:
                self._children.stop()

    def _start(self, station: Station, models: tuple[Snapshot, Snapshot]) -> None:
        self._console.print('memory and both systems start')
        # Latched: the nodes get them whenever they are activated.
        for topic, model in zip((names.MODEL_A, names.MODEL_B), models, strict=True):
            station.node.create_publisher(UInt8MultiArray, topic, qos.LATCHED).publish(
                encode_bytes(model.to_bytes(), {'version': str(model.version)}))
        row = read_wiring(table_text('', 'wiring.yaml'))['imagine']
        own: dict[str, dict[str, Any]] = {
            names.EPISODIC_MEMORY: {'directory': str(self._folder), 'imagined_use': 0.0},
            names.SYSTEM_A: _BELIEVED,
            names.SYSTEM_B: {'exploration': self._objective.exploration}}
        for name in _NODES:
            ports = {f'port.{port}': topic for port, topic in row.nodes[name].ports.items()}
            self._children.start_node((name,), own[name] | ports)
        self._remotes = [Remote(station.node, name) for name in _NODES]
        wait_until(self._children, 'memory and both systems answered',
                   lambda: all(remote.ready() for remote in self._remotes), _START_S)
        self._change(CONFIGURE)
        self._change(ACTIVATE)
        wait_until(self._children, 'something was dreamed',
                   lambda: self._dreamed(station) >= _WARM_TRANSITIONS, _START_S)
        self._change(DEACTIVATE)

    def _change(self, transition: int) -> None:
        if None in call_all([remote.change(transition) for remote in self._remotes], _ANSWER_S):
            raise GraphError(f'memory, System A or System B did not answer within {_ANSWER_S:g} s')

    @staticmethod
    def _dreamed(station: Station) -> float:
        return station.told(SystemATelemetry).dreamed

    def _over_topics(self, station: Station, block_s: float) -> float:
        """Return the transitions a second that the nodes dream."""
        before = self._dreamed(station)
        self._change(ACTIVATE)
        wait_until(self._children, 'dreaming went on',
                   lambda: self._dreamed(station) > before, _START_S)
        # Telemetry comes a few times a second: times are those at which a figure was sent.
        first, first_ns = self._tick(station)
        self._children.sleep(block_s)
        last, last_ns = self._tick(station)
        self._change(DEACTIVATE)
        return (last - first) / (last_ns - first_ns) * 1e9

    def _tick(self, station: Station) -> tuple[float, int]:
        """Wait for the next news of System A; return the transitions dreamed and its stamp."""
        known = station.told_ns(SystemATelemetry)
        wait_until(self._children, 'System A told of itself',
                   lambda: station.told_ns(SystemATelemetry) != known, _ANSWER_S)
        return self._dreamed(station), station.told_ns(SystemATelemetry)
