"""Names in an exported bag; topics begin at the root, as in rosbag2."""

from typing import Any

from abm_ros.common.errors import StoreError

OBSERVATION = '/observation'
EXECUTED = '/motor_gate/executed'
STEP = '/memory/step'
JOINT_STATES = '/joint_states'
SUCCESS, REWARD = '/task/success', '/task/reward'
METADATA = 'abm_ros'
JOINT_POSITION, JOINT_VELOCITY, TOOL = 'joint_position', 'joint_velocity', 'tool_position'


def image_topic(field: str) -> str:
    """Return the topic of an image field."""
    return f'/{field}/compressed'


def needed(module: str) -> Any:
    """
    Import a package of the extra `export`.

    :raises StoreError: it is not installed.
    """
    import importlib
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise StoreError(f'{module.partition(".")[0]} is missing: install abm_ros[export] '
                         'by pip') from error
