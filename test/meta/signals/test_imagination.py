"""The signal that calls for imagination."""

import pytest

from abm_ros.common.telemetry import EpisodicMemoryTelemetry, GraphTelemetry, SystemATelemetry
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.signals.config import MetaStateConfig
from abm_ros.meta.signals.imagination import ImaginationPressure

CONFIG = MetaStateConfig(imagination_capacity=100, imagination_replays=10)


def told(recorded, served=0.0, refused=0.0):
    return GraphTelemetry(
        episodic_memory=EpisodicMemoryTelemetry(recorded=recorded, imagined_served=served),
        system_a=SystemATelemetry(dreams_refused=refused))


def values(*reports):
    signal = ImaginationPressure(CONFIG)
    return [signal.update(report, DESIGN['task']) for report in reports]


def test_what_is_lived_raises_it_to_a_full_load_and_replay_of_what_was_imagined_lowers_it():
    assert values(told(500), told(550), told(900), told(900, 250), told(900, 5000)) == (
        pytest.approx([0.0, 0.5, 1.0, 0.75, 0.0]))


def test_a_refusal_to_dream_ends_it_until_more_is_lived():
    assert values(told(0), told(80), told(80, refused=1), told(80, refused=1),
                  told(90, refused=1)) == pytest.approx([0.0, 0.8, 0.0, 0.0, 0.1])


def test_nothing_is_known_before_anything_is_told():
    assert values(GraphTelemetry(), told(10), told(20)) == pytest.approx([0.0, 0.0, 0.1])
