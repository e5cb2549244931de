"""Every node, topic and service name of the graph; all relative, so that a namespace works."""

import re

from abm_ros.common.errors import ConfigError

# A relative name in ROS: of a topic, or of a namespace without the '/' before it.
RELATIVE_NAME = re.compile(r'[A-Za-z_]\w*(/[A-Za-z_]\w*)*', re.ASCII)

# Nodes (one process each), in the order in which they are brought up.
# Bodies with an executable of their own, and their kinds; any other runs as `body <kind>`.
BODIES = {'bullet_arm': 'bullet', 'gym_body': 'gym'}
BODY = 'body'
EPISODIC_MEMORY = 'episodic_memory'
SYSTEM_A_LEARNER = 'system_a_learner'
SYSTEM_B_LEARNER = 'system_b_learner'
SYSTEM_A = 'system_a'
SYSTEM_B = 'system_b'
SENSORY_GATE = 'sensory_gate'
MOTOR_GATE = 'motor_gate'
SYSTEM_M = 'system_m'
# The nodes that System M wires; the motor gate is last: it shuts first and opens last.
WIRED_NODES = (EPISODIC_MEMORY, SYSTEM_A_LEARNER, SYSTEM_B_LEARNER, SYSTEM_A, SYSTEM_B,
               SENSORY_GATE, MOTOR_GATE)

# Body (ros2_control's contract).
JOINT_STATES = 'joint_states'
TOOL_POSE = 'tool_pose'
ROBOT_DESCRIPTION = 'robot_description'
CAMERA = 'camera/image_raw'
BATTERY = 'battery_state'
GOAL = 'task/goal'
SUCCESS, REWARD = 'task/success', 'task/reward'
CONTROLLER = 'arm_controller'

# Teachers: the name of who shows it is in the header's frame_id.
DEMONSTRATION = 'teacher/demonstration'
PEER = 'teacher/observed'
CORRECTION = 'teacher/correction'
# Before the controller's name where the robot is not to move.
DRY_RUN = 'dry_run'
# The frame of goals and tool poses that a simulated body publishes.
BODY_FRAME = 'base'

# Data plane.
OBSERVATION = 'observation'
OBSERVATION_SPEC = 'observation/spec'
CUE = 'cue'
LATENT = 'latent'
IMAGINED_LATENT = 'imagined_latent'
ACTION = 'action'
IMAGINED_ACTION = 'imagined_action'
IMAGINED_EPISODES = 'imagined_episodes'
EXECUTED = 'motor_gate/executed'
REPLAY = 'memory/replay'
CREDITS = 'memory/credits'
SEEDS = 'memory/seeds'
MODEL_A = 'system_a/model'
MODEL_B = 'system_b/model'
# For RViz, by `abm markers`.
MARKERS = 'markers'

# Control plane.
MODE = 'system_m/mode'
HEARTBEAT = 'system_m/heartbeat'
SIGNAL_PREFIX = 'system_m/signal/'
DIAGNOSTICS = 'diagnostics'
SELF_REPORT = 'system_m/self_report'
# What the window shows beside: the last decision and the last audit records, as JSON; phi's text.
DECISION, AUDIT, PHI = 'system_m/decision', 'system_m/audit', 'system_m/phi'
HOLD, RELEASE = 'system_m/hold', 'system_m/release'
# The services of system_modes in standard types: answers as JSON in a Trigger's message, and a
# change of mode as a request to set pin_mode.
AVAILABLE_MODES, GET_MODE = 'system_m/get_available_modes', 'system_m/get_mode'
CHANGE_MODE = 'system_m/change_mode'
# The gate's own services, which work while System M is dead.
GATE_HOLD, GATE_RELEASE = 'motor_gate/hold', 'motor_gate/release'


def commands_topic(controller: str) -> str:
    """Return the topic of a ros2_control forward command controller."""
    return f'{controller}/commands'


def trajectory_topic(controller: str) -> str:
    """Return the topic of a ros2_control joint trajectory controller."""
    return f'{controller}/joint_trajectory'


def signals_topic(node: str) -> str:
    """Return the raw telemetry topic of a node."""
    return f'{node}/signals'


def check_namespace(text: str) -> str:
    """
    Return a namespace as ROS takes it, '' for none.

    :raises ConfigError: ROS would refuse it.
    """
    name = text.strip('/')
    if name and not RELATIVE_NAME.fullmatch(name):
        raise ConfigError(f'namespace: got {text!r}, expected parts of letters, digits and _ '
                          "between single '/', none beginning with a digit, e.g. robots/arm_1")
    return name
