"""episodic_memory: the durable record of experience, and its replay."""

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from std_msgs.msg import Float32MultiArray, String, UInt8MultiArray

from abm_ros.common import names
from abm_ros.common.config import section, setting
from abm_ros.common.errors import StoreError
from abm_ros.common.seeds import generator
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.telemetry import EpisodicMemoryTelemetry
from abm_ros.common.transition import Step
from abm_ros.memory.appraisal import AppraisalConfig
from abm_ros.memory.forgetting import QuotaConfig
from abm_ros.memory.record.compaction import regrouped
from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.recorder import Recorder
from abm_ros.memory.replay.draw import NEWEST, SEEDS
from abm_ros.memory.replay.imagined import IMAGINED, ImaginedConfig, ImaginedReplay
from abm_ros.memory.replay.index import ReplayConfig, ReplayIndex
from abm_ros.memory.schedule import Experience, WarmUpConfig
from abm_ros.memory.showings import ShowingConfig
from abm_ros.memory.steps_in_worlds import StepsInWorlds
from abm_ros.memory.upkeep import Upkeep
from abm_ros.nodes.memory_appraisal import Appraising
from abm_ros.nodes.memory_showings import MemoryShowings
from abm_ros.nodes.telling.world_codec import decode_world
from abm_ros.ros.codec import decode
from abm_ros.ros.deferred import Deferred
from abm_ros.ros.node import PartNode
from abm_ros.ros.observation_codec import decode_observation
from abm_ros.ros.replay_link import Credits, decode_credits, decode_imagined, encode_batch
from abm_ros.ros.spin import run_node
from abm_ros.ros.twin_watch import TwinWatch

_POLL_PERIOD_S = 0.1
# Numbers served at a stretch; with images the rest waits for other messages.
_TURN_NUMBERS = 500_000
_TURN_S = 0.002
_EARLY = 1024       # messages kept for a record that is not open yet: 25 s at 20 Hz
_NICENESS = 5       # recording and replay give way to the control path


@dataclass(frozen=True)
class EpisodicMemoryConfig(ReplayConfig, StoreConfig, QuotaConfig, AppraisalConfig,
                           WarmUpConfig, ImaginedConfig, ShowingConfig):
    """Settings of the episodic memory."""

    directory: str = setting('~/.ros/abm_ros', 'Folder of memory.db.')
    seed: int = setting(0, 'Seed of the replay.', low=0)
    defer_s: float = setting(
        0.004, 'How long recording waits, so that motors are answered first.',
        unit='s', low=0.0, high=0.1)
    exact_rounds: bool = setting(False, 'A step waits for what is told of its world.')
    trusted: str = setting(
        '', "Trust in teachers, as 'name=0.5 name=0.9'; System M sets it.", runtime=True)
    mode: str = setting('', 'Mode written with each step; set by System M.', runtime=True)
    upkeep: bool = setting(
        False, 'Forget and compact while the quota demands it; System M sets it in restful '
        'modes.', runtime=True)

    def __post_init__(self) -> None:
        StoreConfig.__post_init__(self)     # the only one that checks more than bounds


class EpisodicMemory(PartNode[EpisodicMemoryConfig]):
    """Plumbing around `memory.recorder`, `memory.record` and `memory.replay`."""

    def __init__(self) -> None:
        super().__init__(names.EPISODIC_MEMORY, EpisodicMemoryConfig)
        os.nice(_NICENESS)
        self._path = Path(self.config.directory).expanduser() / 'memory.db'
        self._store: Store | None = None
        self._index: ReplayIndex | None = None
        self._imagined: ImaginedReplay | None = None
        self._recorder: Recorder | None = None
        self._experience: Experience | None = None
        self._in_worlds: StepsInWorlds | None = None
        self._later = Deferred(self, self.config.defer_s)
        # What came before it was known what an observation is: topics are matched in any order.
        self._early: deque[tuple[Callable[..., None], Float32MultiArray]] = deque(maxlen=_EARLY)
        self._requests: deque[Credits] = deque()
        self._taken: dict[str, tuple[str, set[int]]] = {}
        self._rngs: dict[str, np.random.Generator] = {}
        self._recorded = self._served = self._batches = 0
        self._again = self.steady.add(_TURN_S, lambda: self.guarded('replay', self._serve))
        self._again.cancel()
        self._trouble, self._damaged = '', 0
        self._upkeep: Upkeep | None = None
        self._guard = threading.Lock()         # of the index, which a thread appraises
        self._appraising: Appraising | None = None
        self._showings: MemoryShowings | None = None
        if self._path.exists():
            # Now, not at the first observation: a busy or foreign file must stop the start.
            with Store.read(self._path) as reader:
                spec = reader.spec
            self._open(spec)
        self.steady.add(_POLL_PERIOD_S, self._commit)

    def telemetry(self) -> EpisodicMemoryTelemetry:
        told = EpisodicMemoryTelemetry(
            recorded=self._recorded, served=self._served, batches=self._batches,
            trouble=bool(self._trouble), trouble_reason=self._trouble,
            forgotten=self._upkeep.forgotten if self._upkeep is not None else math.nan,
            novelty=self._appraising.novelty() if self._appraising is not None else math.nan,
            imagined=self._imagined.taken if self._imagined is not None else 0,
            imagined_served=self._imagined.drawn if self._imagined is not None else 0)
        if self._store is None or self._index is None or self._showings is None:
            return told
        return replace(self._showings.telemetry(told), acknowledged=self._store.acknowledged,
                       pending=self._store.pending, damaged_chunks=self._damaged,
                       transitions=len(self._index))

    def configure(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)

    def activated(self) -> None:
        if self._in_worlds is not None:
            self._in_worlds.exact = self.config.exact_rounds and self.is_wired('world')

    def deactivated(self) -> None:
        self._later.flush()
        self._early.clear()
        self._requests.clear()
        self._taken.clear()
        if self._imagined is not None:
            self._imagined.interrupt()
        if self._recorder is not None:
            self._take(self._recorder.cut(), last=True)
        self._commit()

    def reconfigured(self) -> None:
        self._later.flush()
        if self._recorder is not None:
            self._take(self._recorder.cut(), last=True)
            self._recorder.mode = self.config.mode

    def cleaned_up(self) -> None:
        if self._appraising is not None:
            self._appraising.close()
            self._appraising = None
        if self._store is not None:
            self._store.close()
            self._store = None

    def on_spec(self, message: String) -> None:
        """Open the record for observations of this kind."""
        spec = ObservationSpec.from_json(message.data)
        if self._store is None:
            self._open(spec)
            while self._early:
                self.guarded('early message', *self._early.popleft())
        elif (misfit := self._store.misfit(spec)) is None:
            if self._index is not None and self._recorder is not None:
                # What success is may be new; what is observed is the same.
                self._index.spec = self._recorder.spec = self._index.shown.spec = spec
        else:
            self._trouble = 'the body does not fit the record'
            if not self._recorded:      # this life began with it: better no graph than a deaf one
                self.fatal, self.broken = misfit, True
            raise misfit

    def _open(self, spec: ObservationSpec) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._store = Store(self._path, spec, section(StoreConfig, self.config))
        self._index = ReplayIndex(spec, self.config.capacity)
        self._imagined = ImaginedReplay(spec, section(ImaginedConfig, self.config))
        self._upkeep = Upkeep(self._store, section(QuotaConfig, self.config))
        self._appraising = Appraising(
            self, self._index, self._guard, section(AppraisalConfig, self.config),
            generator(self.config.seed, f'{names.EPISODIC_MEMORY}/appraising'))
        self._showings = MemoryShowings(self, section(ShowingConfig, self.config), self._index,
                                        self._appraising)
        # No more than the ring holds. What is damaged is told and left out: the rest is good.
        self._index.extend(regrouped(self._store.blocks(
            self._store.acknowledged - self.config.capacity, damaged=self._note_damage)))
        self._experience = Experience(section(WarmUpConfig, self.config), spec)
        self._experience.add(len(self._index), len(self._index.starts('lived').events))
        self._recorder = Recorder(spec, self._store.next_episode)
        self._recorder.mode = self.config.mode
        self._in_worlds = StepsInWorlds(self._store, self._index, self._guard, self._say)
        self._in_worlds.exact = self.config.exact_rounds and self.is_wired('world')

    def _note_damage(self, error: StoreError) -> None:
        self._damaged += 1
        self.get_logger().error(str(error))

    def on_observation(self, message: Float32MultiArray) -> None:
        """Take an observation on its way to the record."""
        self._later('observation', self._observed, message)

    def _observed(self, message: Float32MultiArray) -> None:
        if self._store is None or self._recorder is None or self._appraising is None:
            self._early.append((self._observed, message))
            return
        seen = decode_observation(message, self._store.spec)
        if seen.teacher and self._showings is not None:
            self._showings.take(seen, self._recorder, self._take)
        else:
            self._appraising.observed(seen)
            self._take(self._recorder.observed(seen))

    def on_model(self, message: UInt8MultiArray) -> None:
        """Appraise what memory holds with System A's new model, in the background."""
        if self._appraising is not None:
            self._appraising.take(bytes(message.data))

    def on_executed(self, message: Float32MultiArray) -> None:
        """Take the action that the motor gate let through."""
        self._later('executed', self._was_executed, message)

    def _was_executed(self, message: Float32MultiArray) -> None:
        if self._recorder is None:
            self._early.append((self._was_executed, message))
            return
        packet = decode(message)
        self._take(self._recorder.executed(packet.stamp_ns, packet.array('action'),
                                           packet.attributes.get('teacher', '')))

    def on_world(self, message: Float32MultiArray) -> None:
        """Take what System A tells of the world."""
        self._later('world', self._was_told, message)

    def _was_told(self, message: Float32MultiArray) -> None:
        if self._index is None or self._in_worlds is None:
            self._early.append((self._was_told, message))
            return
        self._in_worlds.hear(decode_world(message, self._index.spec))
        self._take(())

    def _take(self, steps: Iterable[Step], *, last: bool = False) -> None:
        store, index, experience = self._store, self._index, self._experience
        if (store is None or index is None or experience is None or self._in_worlds is None
                or self._appraising is None):
            return
        for step in self._in_worlds.settle(steps, last=last):
            step = replace(step, novelty=self._appraising.novelty(step.stamp_ns))
            try:
                number = store.append(step)
            except StoreError as error:
                # Not replayed either: what was learned from must be there after a restart.
                self._say(error)
                continue
            with self._guard:
                index.append(step)
            self._appraising.recorded(store, number, step)
            acted = step.action is not None
            experience.take(step.episode, step.index, step.observation, acted=acted)
            self._recorded += acted
        self._serve()

    def _commit(self) -> None:
        if self._store is None:
            return
        try:
            self._store.poll()
            self._trouble = ''
        except StoreError as error:
            self._say(error)
            return
        if self._upkeep is not None and self.config.upkeep:
            try:
                self._upkeep.step()
            except StoreError as error:
                # Recording goes on; the record only grows until somebody sees to it.
                self._upkeep = None
                self.get_logger().error(f'no more upkeep: {error}')

    def _say(self, error: StoreError) -> None:
        if str(error) != self._trouble:
            self.get_logger().error(str(error))
        self._trouble = str(error)

    def on_credits(self, message: Float32MultiArray) -> None:
        """Queue a consumer's request; a new session of a consumer replaces its old requests."""
        credits = decode_credits(message)
        session, numbers = self._taken.get(credits.consumer, ('', set()))
        if credits.session != session:
            session, numbers = self._taken[credits.consumer] = (credits.session, set())
        if credits.number in numbers:
            return   # sent again: it waits here or was served
        numbers.add(credits.number)
        self._requests = deque(r for r in self._requests if r.consumer != credits.consumer
                               or r.session == credits.session)
        self._requests.append(credits)
        self._serve()

    def on_imagined(self, message: Float32MultiArray) -> None:
        """Keep imagined trajectories for replay."""
        if self._imagined is not None:
            self._imagined.take(decode_imagined(message))
            self._serve()

    def _serve(self) -> None:
        if (self._index is None or self._store is None or self._experience is None
                or not len(self._index)):
            return
        self._again.cancel()
        sent, waiting = 0, set[int]()   # requests that what is held cannot answer yet
        while (place := next((i for i, r in enumerate(self._requests)
                              if self._experience.count >= r.after and id(r) not in waiting),
                             None)) is not None:
            if sent > _TURN_NUMBERS:
                self._again.reset()   # whoever else waits for this node comes first
                return
            credits = self._requests[place]
            try:
                sent += self._send(self._index, self._experience.count, credits)
            except StoreError:
                waiting.add(id(credits))   # others are not kept waiting by it
                continue
            if credits.count > 1:
                self._requests[place] = replace(credits, count=credits.count - 1)
            else:
                del self._requests[place]

    def _send(self, index: ReplayIndex, experience: int, credits: Credits) -> int:
        """Send one batch; return how many numbers it takes."""
        rng = self._rngs.setdefault(credits.consumer, generator(
            self.config.seed, f'{names.EPISODIC_MEMORY}/{credits.consumer}'))
        draw, imagined = credits.draw(self.config.hindsight, self.config.events), self._imagined
        if imagined is not None and draw.source == IMAGINED:
            batch = imagined.draw(rng, draw)
        else:
            if imagined is not None and draw.kind == SEEDS:
                imagined.give_seeds()
            with self._guard:
                batch = index.draw(rng, draw)
            if credits.consumer == names.SYSTEM_A_LEARNER:
                index.learned = index.count
        self._served += len(batch.mask)
        self._batches += 1
        now_ns = self.get_clock().now().nanoseconds
        message = encode_batch(batch, credits, experience, index.spec.to_json(), now_ns)
        self.emit('seeds' if draw.kind in (SEEDS, NEWEST) else 'replay', message)
        return len(message.data)


def main(twins: TwinWatch) -> int:
    """Run the node."""
    return run_node(EpisodicMemory, twins)
