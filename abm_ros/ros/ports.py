"""
The ports of every node: the endpoints that System M may wire (decision 0005).

Parameter `port.<name>` names the topic of a port; '' unwires it. The endpoint exists only while
the node is active. Hard-wired lines are not listed here: they exist from start to end in every
mode, because safety or supervision depends on them.
"""

from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.qos import QoSProfile
from sensor_msgs.msg import BatteryState, Image, JointState
from std_msgs.msg import Bool, Float32MultiArray, Float64, String, UInt8MultiArray
from trajectory_msgs.msg import JointTrajectory, MultiDOFJointTrajectory

from abm_ros.common import names
from abm_ros.common.errors import WiringError
from abm_ros.memory.schedule import SCHEDULES
from abm_ros.meta.wiring import RowSettings, Wiring, load_wiring
from abm_ros.ros import qos

PUBLISH, SUBSCRIBE = 'publish', 'subscribe'


@dataclass(frozen=True)
class Port:
    """A rewirable endpoint: its direction, message type, profile and usual topic."""

    name: str
    direction: str
    message: Any
    profile: QoSProfile
    topic: str


def _out(name: str, message: Any, profile: QoSProfile, topic: str) -> Port:
    return Port(name, PUBLISH, message, profile, topic)


def _in(name: str, message: Any, profile: QoSProfile, topic: str) -> Port:
    return Port(name, SUBSCRIBE, message, profile, topic)


PORTS: dict[str, tuple[Port, ...]] = {
    names.SENSORY_GATE: (
        _in('joint_states', JointState, qos.SENSOR, names.JOINT_STATES),
        _in('tool_pose', PoseStamped, qos.SENSOR, names.TOOL_POSE),
        _in('camera', Image, qos.SENSOR, names.CAMERA),
        _in('battery', BatteryState, qos.SENSOR, names.BATTERY),
        _in('goal', PoseStamped, qos.LATCHED, names.GOAL),
        _in('success', Bool, qos.EVENT, names.SUCCESS),
        _in('reward', Float64, qos.EVENT, names.REWARD),
        _in('demonstration', JointTrajectory, qos.RECORD, names.DEMONSTRATION),
        _in('peer', MultiDOFJointTrajectory, qos.RECORD, names.PEER),
        _out('observation', Float32MultiArray, qos.RECORD, names.OBSERVATION),
        _out('spec', String, qos.LATCHED, names.OBSERVATION_SPEC),
        _out('cue', String, qos.CONTROL, names.CUE),
    ),
    names.SYSTEM_A: (
        _in('observation', Float32MultiArray, qos.CONTROL, names.OBSERVATION),
        _in('spec', String, qos.LATCHED, names.OBSERVATION_SPEC),
        _in('executed', Float32MultiArray, qos.CONTROL, names.EXECUTED),
        _in('imagined_action', Float32MultiArray, qos.CONTROL, names.IMAGINED_ACTION),
        _in('seeds', Float32MultiArray, qos.REPLAY, names.SEEDS),
        _in('model', UInt8MultiArray, qos.LATCHED, names.MODEL_A),
        _out('latent', Float32MultiArray, qos.CONTROL, names.LATENT),
        _out('imagined_latent', Float32MultiArray, qos.CONTROL, names.IMAGINED_LATENT),
        _out('world', Float32MultiArray, qos.RECORD, ''),
        _out('imagined', Float32MultiArray, qos.REPLAY, names.IMAGINED_EPISODES),
        _out('credits', Float32MultiArray, qos.REPLAY, names.CREDITS),
    ),
    names.SYSTEM_A_LEARNER: (
        _in('replay', Float32MultiArray, qos.REPLAY, names.REPLAY),
        _out('credits', Float32MultiArray, qos.REPLAY, names.CREDITS),
        _out('model', UInt8MultiArray, qos.LATCHED, names.MODEL_A),
    ),
    names.SYSTEM_B: (
        _in('latent', Float32MultiArray, qos.CONTROL, names.LATENT),
        _in('world', Float32MultiArray, qos.RECORD, ''),
        _in('spec', String, qos.LATCHED, names.OBSERVATION_SPEC),
        _in('model', UInt8MultiArray, qos.LATCHED, names.MODEL_B),
        _out('action', Float32MultiArray, qos.CONTROL, names.ACTION),
    ),
    names.SYSTEM_B_LEARNER: (
        _in('replay', Float32MultiArray, qos.REPLAY, names.REPLAY),
        _in('world_model', UInt8MultiArray, qos.LATCHED, names.MODEL_A),
        _out('credits', Float32MultiArray, qos.REPLAY, names.CREDITS),
        _out('model', UInt8MultiArray, qos.LATCHED, names.MODEL_B),
    ),
    names.EPISODIC_MEMORY: (
        _in('observation', Float32MultiArray, qos.RECORD, names.OBSERVATION),
        _in('spec', String, qos.LATCHED, names.OBSERVATION_SPEC),
        _in('executed', Float32MultiArray, qos.RECORD, names.EXECUTED),
        _in('world', Float32MultiArray, qos.RECORD, ''),
        _in('credits', Float32MultiArray, qos.REPLAY, names.CREDITS),
        _in('model', UInt8MultiArray, qos.LATCHED, names.MODEL_A),
        _in('imagined', Float32MultiArray, qos.REPLAY, names.IMAGINED_EPISODES),
        _out('replay', Float32MultiArray, qos.REPLAY, names.REPLAY),
        _out('seeds', Float32MultiArray, qos.REPLAY, names.SEEDS),
    ),
    names.MOTOR_GATE: (
        _in('action', Float32MultiArray, qos.CONTROL, names.ACTION),
        _in('correction', JointTrajectory, qos.SENSOR, names.CORRECTION),
        _out('executed', Float32MultiArray, qos.RECORD, names.EXECUTED),
    ),
}

# Settings that a row of the wiring table may set; System M sets all other runtime settings.
ROW_SETTINGS: RowSettings = {
    names.SYSTEM_A_LEARNER: {'schedule': SCHEDULES}, names.SYSTEM_B_LEARNER: {
        'schedule': SCHEDULES}}


def read_wiring(text: str, *, worlds: bool = False) -> Wiring:
    """
    Read a wiring table and check it against these nodes and ports.

    :param worlds: whether worlds are told apart.
    :raises WiringError: see `load_wiring`.
    """
    return load_wiring(text, {node: [item.name for item in items]
                              for node, items in PORTS.items()}, ROW_SETTINGS, worlds=worlds)


def port(node: str, name: str) -> Port:
    """
    Return a declared port.

    :raises WiringError: the node or the port does not exist.
    """
    if node not in PORTS:
        raise WiringError(f"unknown node '{node}', expected one of {', '.join(PORTS)}")
    for item in PORTS[node]:
        if item.name == name:
            return item
    known = ', '.join(item.name for item in PORTS[node])
    raise WiringError(f"node '{node}' has no port '{name}', expected one of {known}")
