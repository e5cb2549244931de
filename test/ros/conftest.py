"""One rclpy for the tests that build nodes in process, in a domain of its own."""

import os
from dataclasses import dataclass

import pytest

from abm_ros.core.config import setting


@pytest.fixture(scope='module')
def ros():
    rclpy = pytest.importorskip('rclpy')
    rclpy.init(domain_id=100 + (os.getpid() * 11 + 53) % 100)
    yield rclpy
    rclpy.try_shutdown()


@dataclass(frozen=True)
class NoConfig:
    gain: float = setting(1.0, 'Gain.')


@pytest.fixture
def node(ros):
    """A part without ports."""
    from abm_ros.ros.node import PartNode
    made = PartNode('somebody', NoConfig)
    yield made
    made.destroy_node()
