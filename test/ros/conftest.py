"""One rclpy for the tests that build nodes in process, in a domain of its own."""

import os

import pytest


@pytest.fixture(scope='module')
def ros():
    rclpy = pytest.importorskip('rclpy')
    rclpy.init(domain_id=100 + (os.getpid() * 11 + 53) % 100)
    yield rclpy
    rclpy.try_shutdown()
