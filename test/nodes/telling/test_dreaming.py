"""Dreams between memory, System A and System B, node by node, with their messages in our hands."""


import numpy as np
import pytest
from domains import new_domain

rclpy = pytest.importorskip('rclpy')
pytest.importorskip('torch')

from rclpy.parameter import Parameter
from std_msgs.msg import String
from tiny_bodies import trained

from abm_ros.common.transition import Observation
from abm_ros.nodes.episodic_memory import EpisodicMemory
from abm_ros.nodes.system_a import SystemA
from abm_ros.nodes.system_b import SystemB
from abm_ros.ros.codec import Packet, decode, encode, encode_bytes
from abm_ros.ros.observation_codec import ObservationWriter
from abm_ros.ros.ports import read_wiring
from abm_ros.ros.replay_link import decode_credits, decode_imagined

BODY, MODEL_A, MODEL_B = trained()
DREAMS, BURST = 16, 24


class Three:
    """Memory, System A and System B in mode imagine; what they send waits to be passed on."""

    def __init__(self, folder, *overrides):
        from pathlib import Path
        options = (f'directory:={folder}', 'defer_s:=0.0', f'dreams:={DREAMS}', 'dream_steps:=12',
                   f'burst_steps:={BURST}', 'exploration:=0.2', *overrides)
        rclpy.init(args=['--ros-args', *(word for o in options for word in ('-p', o))],
                   domain_id=new_domain())
        row = read_wiring((Path(__file__).resolve().parents[3] / 'config' / 'wiring.yaml'
                           ).read_text())['imagine']
        self.memory, self.a, self.b = self.nodes = EpisodicMemory(), SystemA(), SystemB()
        self.sent = []
        self.a.reaches = lambda port, readers: True
        for node in self.nodes:
            node.emit = lambda port, message, of=node: self.sent.append((of, port, message))
            ports = row.nodes[node.part].ports
            node.set_parameters([Parameter(f'port.{name}', value=topic)
                                 for name, topic in ports.items()])
            node.trigger_configure()

    def live(self, steps, gain=1.0):
        """Let memory record a life in the body; gain -1 is a world of the other sign."""
        rng = np.random.default_rng(0)
        self.memory.on_spec(String(data=BODY.spec.to_json()))
        for n in range(steps):
            episode, step = divmod(n, 10)
            if step == 0:
                x = rng.normal(size=6).astype(np.float32)
            stamp, action = (n + 1) * 50_000_000, rng.uniform(-1, 1, 3).astype(np.float32)
            self.memory.on_observation(ObservationWriter().write(Observation(
                stamp, x, x[BODY.spec.goal_slice], episode, step, True), BODY.spec))
            self.memory.on_executed(encode(Packet(stamp, {'action': action})))
            self.memory._later.flush()
            x = (x + gain * action @ BODY.gain).astype(np.float32)

    def know(self):
        for node, model in ((self.a, MODEL_A), (self.b, MODEL_B)):
            node.on_model(encode_bytes(model.to_bytes(), {'version': str(model.version)}))
            if node._opener._thread is not None:
                node._opener._thread.join()

    def begin(self):
        for node in self.nodes:
            node.trigger_activate()

    def take(self, port):
        """Return the messages that were sent on a port, oldest first, and remove them."""
        found = [message for _, name, message in self.sent if name == port]
        self.sent = [item for item in self.sent if item[1] != port]
        return found

    def pass_on(self):
        """Pass on all that waits, but not the answers to it."""
        ways = {'credits': self.memory.on_credits, 'seeds': self.a.on_seeds,
                'imagined_latent': self.b.on_latent, 'action': self.a.on_imagined_action}
        for handler, message in [(handler, message) for port, handler in ways.items()
                                 for message in self.take(port)]:
            handler(message)

    def close(self):
        for node in self.nodes:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def three(tmp_path):
    made = Three(tmp_path)
    yield made
    made.close()


def dream(three, turns=3 * BURST):
    for _ in range(turns):
        three.pass_on()


def test_a_burst_is_dreamed_and_its_successes_are_kept_as_imagined(three):
    three.live(60)
    three.begin()
    three.know()
    dream(three, 4 * BURST)
    told = three.a.telemetry()
    assert told.dream_error < 0.1
    assert told.dreamed == DREAMS * BURST
    bursts = three.take('imagined')
    assert len(bursts) == 1
    imagined = decode_imagined(bursts[0])
    assert len(imagined.length)
    reached = imagined.numbers[np.cumsum(imagined.length + 1) - 1][:, BODY.spec.goal_slice]
    assert BODY.spec.reached(reached, imagined.goal).all()
    recorded = three.memory.telemetry().recorded
    three.memory.on_imagined(bursts[0])
    memory = three.memory.telemetry()
    assert memory.imagined == imagined.length.sum()
    assert memory.recorded == recorded          # what was lived is as it was
    dream(three)
    assert three.a.telemetry().dreamed == DREAMS * BURST    # no more before it was replayed


def test_system_b_answers_as_it_acts_awake_and_counts_no_episodes(three):
    three.live(60)
    three.begin()
    three.know()
    while not (shown := three.take('imagined_latent')):
        three.pass_on()
    three.b.on_latent(shown[0])
    three.b.on_latent(shown[0])                 # asked again: the same answer
    first, again = (decode(message).array('action') for message in three.take('action'))
    assert first.shape == (DREAMS, 3)
    assert np.array_equal(first, again)
    assert three.b.telemetry().episodes == 0
    assert not three.take('latent')             # nothing is said on the wires of waking life


def test_a_model_of_another_world_dreams_of_nothing_and_says_why(three):
    three.live(60, gain=-1.0)
    three.begin()
    three.know()
    dream(three)
    told = three.a.telemetry()
    assert told.dream_error > 1.0
    assert told.dreamed == 0
    assert told.dreams_refused == 1
    assert 'errs' in told.dream_trouble
    assert three.memory.telemetry().imagined == 0


def test_what_was_lost_on_the_way_is_sent_again(three):
    three.live(60)
    three.begin()
    asked = three.take('credits')               # lost
    three.a._dreaming._repeat()
    again = three.take('credits')
    assert decode_credits(again[0]).number == decode_credits(asked[0]).number
    three.know()
    three.memory.on_credits(again[0])
    while not (shown := three.take('imagined_latent')):
        three.pass_on()
    for _ in range(2):
        three.a._dreaming._repeat()             # nothing came meanwhile
    assert [decode(m).stamp_ns for m in three.take('imagined_latent')] == [
        decode(shown[0]).stamp_ns]


def test_an_answer_to_another_step_is_left_out(three):
    three.live(60)
    three.begin()
    three.know()
    while not (shown := three.take('imagined_latent')):
        three.pass_on()
    stamp_ns = decode(shown[0]).stamp_ns
    action = np.zeros((DREAMS, 3), np.float32)
    three.a.on_imagined_action(encode(Packet(stamp_ns - 1, {'action': action})))
    assert three.a.telemetry().dreamed == 0
    three.a.on_imagined_action(encode(Packet(stamp_ns, {'action': action})))
    assert three.a.telemetry().dreamed == DREAMS
