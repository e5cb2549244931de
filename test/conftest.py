"""Settings of all tests."""

import contextlib
import os

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
