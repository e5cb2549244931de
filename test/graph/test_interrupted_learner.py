"""A learner and its memory, rewired again and again: what was learned is never thrown away."""

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('torch')

from graph_harness import running, wait_until
from lifecycle_msgs.msg import Transition

from abm_ros.bringup.graph import NodeSpec
from abm_ros.common import names
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.memory.record.store import Store, StoreConfig

pytestmark = [pytest.mark.graph, pytest.mark.timeout(180)]
LEARNER, MEMORY = names.SYSTEM_A_LEARNER, names.EPISODIC_MEMORY
SPEC = ObservationSpec((FieldSpec('arm', 3), FieldSpec('tool', 2)), 'tool', 0.05, 2, 0.05, 20)
ROUND = 400      # updates of one round
STRETCH = 20     # updates after which it is interrupted


def fill(folder) -> None:
    """Record a life that is worth learning from."""
    rng = np.random.default_rng(0)
    store = Store(folder / 'memory.db', SPEC, StoreConfig())
    for number in range(400):
        episode, index = divmod(number, 20)
        store.append(Step(episode, index, number + 1, rng.normal(size=5).astype(np.float32),
                          np.zeros(2, np.float32), None if index == 19 else rng.uniform(
                              -1, 1, 2).astype(np.float32), 'play', False))
    store.close()


def test_a_round_that_modes_interrupt_is_published_after_its_updates_and_no_more(tmp_path):
    fill(tmp_path)
    home = {'directory': str(tmp_path)}
    specs = [NodeSpec(MEMORY, {**home, 'warm_up': 10, 'warm_up_events': 0}),
             # No round but this one ever comes to its end, and nothing is told by time.
             NodeSpec(LEARNER, {**home, 'first_updates': ROUND, 'updates': 100_000,
                                'late_updates': 100_000, 'publish_s': 3600.0, 'batch': 16})]
    with running(specs, tmp_path) as (_, observer):
        def to(transition: int, *nodes: str) -> None:
            for node in nodes:
                assert observer.change(node, transition)

        def done() -> float:
            return observer.value(LEARNER, 'updates')

        wait_until(lambda: {MEMORY, LEARNER} <= set(observer.states), 'both nodes')
        to(Transition.TRANSITION_CONFIGURE, MEMORY, LEARNER)
        to(Transition.TRANSITION_ACTIVATE, MEMORY, LEARNER)
        interruptions = 0
        while observer.value(LEARNER, 'rounds') < 1:
            before = done()
            wait_until(lambda before=before: done() >= before + STRETCH
                       or observer.value(LEARNER, 'rounds') >= 1, lambda: (
                f'updates; telemetry: {observer.telemetry}'))
            # As System M does from one mode to another, the one learner wired anew or not.
            to(Transition.TRANSITION_DEACTIVATE, MEMORY)
            if interruptions % 2:
                to(Transition.TRANSITION_DEACTIVATE, LEARNER)
                to(Transition.TRANSITION_ACTIVATE, LEARNER)
            to(Transition.TRANSITION_ACTIVATE, MEMORY)
            interruptions += 1
        wait_until(lambda: observer.value(LEARNER, 'version') == ROUND,
                   lambda: f'version {ROUND}; telemetry: {observer.telemetry}')
    assert interruptions >= 3
