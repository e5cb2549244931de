"""Settings of all tests, and one rclpy for those that build nodes in process."""

import contextlib
import os
from dataclasses import dataclass

import pytest
from domains import new_domain

# One machine, and nobody else's graph; before rclpy reads it.
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
os.environ.setdefault('OMP_NUM_THREADS', '1')


def pytest_configure() -> None:
    # The ROS wheels start Python once more to set their library path. Now, while pytest does not
    # capture, because what a captured process has printed is lost when it is replaced.
    with contextlib.suppress(ImportError):
        import ros_wheels_bootstrapper  # noqa: F401
    # How long an example takes is the machine's business.
    from hypothesis import settings
    settings.register_profile('untimed', deadline=None)
    settings.load_profile('untimed')


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For `make test`, which has two workers: graphs come one at a time, beside all else."""
    for item in items:
        graph = item.get_closest_marker('graph') is not None
        item.add_marker(pytest.mark.xdist_group('graph' if graph else item.path.name))
    items.sort(key=lambda item: item.get_closest_marker('graph') is None)


@pytest.fixture(scope='module')
def ros():
    rclpy = pytest.importorskip('rclpy')
    rclpy.init(domain_id=new_domain())
    yield rclpy
    rclpy.try_shutdown()


@pytest.fixture
def node(ros):
    """A part without ports."""
    from abm_ros.common.config import setting
    from abm_ros.ros.node import PartNode

    @dataclass(frozen=True)
    class NoConfig:
        gain: float = setting(1.0, 'Gain.')

    made = PartNode('somebody', NoConfig)
    yield made
    made.destroy_node()
