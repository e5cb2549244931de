"""Types are not looked up at other processes, unless the user has a profile of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('rclpy')

from abm_ros.ros.fast_dds import choose_profile

ROOT = Path(__file__).resolve().parents[2]
OURS = str(ROOT / 'config' / 'fastdds.xml')
THREADS = """
import os
import sys
from pathlib import Path
import rclpy
if sys.argv[1] == 'ours':
    from abm_ros.ros.fast_dds import initialise
    initialise()
else:
    rclpy.init()
node = rclpy.create_node('alone')
print(*((Path('/proc/self/task') / task / 'comm').read_text().strip()
        for task in os.listdir('/proc/self/task')))
"""


def test_ours_is_taken_unless_the_user_has_one(tmp_path):
    environment: dict[str, str] = {}
    choose_profile(environment, tmp_path)
    assert environment == {'FASTDDS_DEFAULT_PROFILES_FILE': OURS}
    for name in ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'):
        environment = {name: 'theirs.xml'}
        choose_profile(environment, tmp_path)
        assert environment == {name: 'theirs.xml'}
    (tmp_path / 'DEFAULT_FASTDDS_PROFILES.xml').touch()
    environment = {}
    choose_profile(environment, tmp_path)
    assert environment == {}


def threads(whose: str, folder: Path) -> set[str]:
    """Return the names of the threads of a process with one node."""
    environment = {key: value for key, value in os.environ.items() if 'PROFILES_FILE' not in key}
    environment |= {'ROS_DOMAIN_ID': str(100 + os.getpid() % 100),
                    'PYTHONPATH': os.pathsep.join(
                        filter(None, (str(ROOT), os.environ.get('PYTHONPATH', '')))),
                    'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp'}
    done = subprocess.run([sys.executable, '-c', THREADS, whose], env=environment, cwd=folder,
                          capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


@pytest.mark.skipif(not Path('/proc/self/task').exists(), reason='threads are named by Linux')
def test_the_thread_that_looks_types_up_does_not_exist(tmp_path):
    looks_up = {'dds.tls.replies', 'dds.tls.request'}
    if not threads('plain', tmp_path) >= looks_up:
        pytest.skip('this release of Fast DDS does not look types up')
    assert not threads('ours', tmp_path) & looks_up
