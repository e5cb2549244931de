"""
The one description of the graph: its processes and their parameters.

`launch/*.launch.py` turns it into launch_ros actions; `abm sim` starts it itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from abm_ros.bodies.distractor import DISTRACTORS
from abm_ros.bodies.registry import kind_of
from abm_ros.common import names
from abm_ros.common.config import check, setting

# In lock-step long training between two steps must not shut anything.
_LOCK_STEP_PATIENCE_S = 300.0
# A dead node stops the world anyway; a slow one must not change what the graph does.
_LOCK_STEP_SILENCE_S = 30.0


@dataclass(frozen=True)
class GraphOptions:
    """The user's options for bringing the graph up."""

    body: str = setting(
        'bullet:reach', 'Simulated body, e.g. bullet:reach:camera or gym:PandaReach-v3; empty for '
        'a real robot, whose drivers run already.')
    directory: str = setting('~/.ros/abm_ros', 'Folder of memory, models, audit log and logs.')
    seed: int = setting(0, 'Seed of the run.', low=0)
    headless: bool = setting(True, 'No simulator window.')
    lock_step: bool = setting(
        False, 'The body waits for each command; reproducible, as fast as it can.')
    use_sim_time: bool = setting(False, 'Nodes take their time from /clock.')
    autostart: bool = setting(True, 'System M brings the graph up at once.')
    use_respawn: bool = setting(True, 'Restart a node that dies.')
    world_model: str = setting(
        'ensemble', 'System A: its name; other packages bring some by entry points of the group '
        'abm_ros.world_models.')
    policy: str = setting(
        'latent_actor', 'System B: its name; other packages bring some by entry points of the '
        'group abm_ros.policies.')
    baseline_episodes: int = setting(
        0, 'Episodes acted before any learning of this run.', low=0, high=100000)
    pin_mode: str = setting('', 'Mode that the operator pins from the start.')
    distractor: str = setting('', "'noisy-tv' puts an unpredictable television in sight.",
                              choices=DISTRACTORS)
    life: str = setting('', 'Script of shifts: how a simulated body changes as time goes by.')
    worlds: bool = setting(
        False, 'System A tells worlds apart: it notices that actions do something '
        'else, and knows each world again.')
    urdf: str = setting('', "URDF of the simulated arm; empty takes the package's own.")
    package_path: tuple[str, ...] = setting(
        (), 'Folders of packages, or packages, that hold the meshes of that URDF; the ament index '
        'comes after them.')
    wiring: str = setting('', "Wiring table; empty takes the package's own.")
    phi: str = setting('', "Routing policy; empty takes the package's own.")
    constraints: str = setting('', "Constraints; empty takes the package's own.")
    controller: str = setting(names.CONTROLLER, 'Name of the ros2_control controller.')
    command_interface: str = setting(
        'position', 'What the controller takes.',
        choices=('position', 'velocity', 'effort', 'trajectory'))
    dry_run: bool = setting(
        False, 'Everything but the last topic: commands go to dry_run/<controller> alone. Give it '
        'a directory of its own: memory records actions that moved nothing.')
    joints: tuple[str, ...] = setting(
        (), 'Joints to move, in command order; empty takes all that are described.')
    tool_link: str = setting(
        '', "Link whose position is the tool's; empty takes the tip of the longest actuated "
        'chain.')
    control_period_s: float = setting(
        0.05, 'Time between two actions.', unit='s', low=0.001, high=1.0)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class NodeSpec:
    """One process of the graph."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    respawn: bool = True
    kind: str = ''      # of a body that has no executable of its own

    @property
    def last(self) -> list[dict[str, Any]]:
        """What overrides a parameter file: one directory holds memory, models and audit log."""
        return [{'directory': self.parameters['directory']}
                ] if 'directory' in self.parameters else []

    @property
    def command(self) -> tuple[str, ...]:
        """Name of the executable in lib/abm_ros, and its arguments."""
        return (names.BODY, self.kind) if self.kind else (self.name,)


def describe(options: GraphOptions) -> tuple[NodeSpec, ...]:
    """
    Return the processes of the graph, System M last.

    :raises BodyError: the body's name is unknown.
    """
    body = [_body(options)] if options.body else []
    return (*body, *(_spec(options, name, values) for name, values in _parts(options)))


def command_interface(options: GraphOptions) -> str:
    """Return the command interface: the body's own, else the user's choice."""
    if not options.body:
        return options.command_interface
    kind, named = kind_of(options.body)
    return kind.interface or str(named.get('interface', options.command_interface))


def commanded_controller(options: GraphOptions) -> str:
    """Return the controller that the motor gate commands: in a dry run one that nobody has."""
    return f'{names.DRY_RUN}/{options.controller}' if options.dry_run else options.controller


def _spec(options: GraphOptions, name: str, values: Mapping[str, Any], kind: str = '') -> NodeSpec:
    return NodeSpec(name, {**{key: value for key, value in values.items() if value != []},
                           'use_sim_time': options.use_sim_time}, options.use_respawn, kind)


def _parts(options: GraphOptions) -> list[tuple[str, dict[str, Any]]]:
    """Return the parameters of every part of the agent."""
    # Runs are exact only if steps alone decide: one mode, and learning from the start.
    exact = {'exact_rounds': options.lock_step and options.pin_mode != ''
             and options.baseline_episodes == 0}
    lock = {'lock_step': options.lock_step}
    at_once = {'defer_s': 0.0} if options.lock_step else {}
    home = {'directory': options.directory}
    seed = {'seed': options.seed}
    patience = ({'deadman_s': _LOCK_STEP_PATIENCE_S, 'joint_timeout_s': _LOCK_STEP_PATIENCE_S,
                 'max_action_age_s': _LOCK_STEP_PATIENCE_S} if options.lock_step else {})
    arm = {'joints': list(options.joints), 'control_period_s': options.control_period_s}
    senses: dict[str, Any] = {'tool_source': 'topic'} if options.body else {}
    if options.lock_step:
        senses |= {'patience_s': 10.0, 'joint_timeout_s': _LOCK_STEP_PATIENCE_S}
    return [
        (names.EPISODIC_MEMORY, {**home, **seed, **exact, **at_once}),
        (names.SYSTEM_A_LEARNER, {**home, **seed, **exact, 'world_model': options.world_model}),
        (names.SYSTEM_B_LEARNER, {**home, **seed, **exact, 'policy': options.policy}),
        (names.SYSTEM_A, {**home, 'worlds': options.worlds, **exact, **at_once}),
        (names.SYSTEM_B, {**seed, **exact, **at_once}),
        (names.SENSORY_GATE, {**arm, **senses, **lock, 'tool_link': options.tool_link}),
        (names.MOTOR_GATE, {
            **arm, **lock, **patience, 'controller': commanded_controller(options),
            'command_interface': command_interface(options)}),
        (names.SYSTEM_M, {
            **home, 'autostart': options.autostart, 'wiring': options.wiring,
            'worlds': options.worlds,
            'phi': options.phi, 'constraints': options.constraints,
            'baseline_episodes': options.baseline_episodes, 'pin_mode': options.pin_mode,
            **({'node_timeout_s': _LOCK_STEP_SILENCE_S} if options.lock_step else {})}),
    ]


def body_settings(options: GraphOptions) -> dict[str, Any]:
    """Return the graph's settings for a body; the kind takes those that it knows."""
    return {'seed': options.seed, 'gui': not options.headless, 'urdf': options.urdf,
            'interface': options.command_interface, 'tool_link': options.tool_link,
            'joints': list(options.joints), 'package_path': list(options.package_path),
            'control_rate_hz': round(1.0 / options.control_period_s)}


def _body(options: GraphOptions) -> NodeSpec:
    kind, named = kind_of(options.body)
    values = {'lock_step': options.lock_step, 'controller': options.controller,
              'distractor': options.distractor, 'life': options.life,
              **{name: value for name, value in body_settings(options).items()
                 if name in kind.settings}, **named}
    known = kind.node in names.BODIES
    return _spec(options, kind.node, values, '' if known else options.body.partition(':')[0])
