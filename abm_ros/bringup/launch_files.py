"""
Turns the description of the graph into launch_ros actions, for the files in `launch/`.

System M brings up the lifecycle nodes itself, so plain Node actions will do.
"""

import sys
from dataclasses import replace
from pathlib import Path

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from abm_ros.bringup.arguments import (
    arguments,
    check_given,
    check_params_file,
    parse_options,
)
from abm_ros.bringup.graph import GraphOptions, NodeSpec, describe
from abm_ros.common.errors import GraphError
from abm_ros.common.share import PACKAGE
from abm_ros.ros.child import BODY_FAILED, REFUSED

_RESPAWN_DELAY_S = 1.0
_GRACE_S = '10'      # a learner's Python takes its time to end while others want the processor


def launch_graph(*, simulated: bool) -> LaunchDescription:
    """
    Return the graph as a launch description, with a body of ours or for a robot.

    Wrong arguments raise AbmError while launch visits the description, before any node starts:
    launch then prints the error's one line and exits with 1.
    """
    known = arguments(simulated=simulated)

    def start(context: LaunchContext) -> list[Action]:
        check_given(sys.argv, simulated=simulated)
        return graph_actions({argument.name: LaunchConfiguration(argument.name).perform(context)
                              for argument in known}, simulated=simulated)

    return LaunchDescription([
        *(DeclareLaunchArgument(a.name, default_value=a.default, description=a.description)
          for a in known),
        OpaqueFunction(function=start)])


def graph_actions(texts: dict[str, str], *, simulated: bool) -> list[Action]:
    """
    Return the actions that start the graph.

    :param texts: a text for every launch argument.
    :raises AbmError: an argument is refused.
    """
    options = parse_options(texts, simulated=simulated)
    if texts['params_file']:
        named = check_params_file(texts['params_file'], [spec.name for spec in describe(options)])
        if named and options.directory == GraphOptions().directory:
            options = replace(options, directory=named)
    specs = describe(options)
    actions: list[Action] = []
    if texts.get('robot_description_file'):
        actions.append(_description_publisher(texts))
    for spec in specs:
        node = _node(spec, texts)
        actions += [RegisterEventHandler(OnProcessExit(target_action=node, on_exit=_on_exit)),
                    node]
    return actions


def _node(spec: NodeSpec, texts: dict[str, str]) -> Node:
    params_file = texts['params_file']
    # No `name=`: the nodes know their names, and remapping one would rename every node of its
    # process. What comes later in `parameters` wins.
    return Node(
        package=PACKAGE, executable=spec.command[0], arguments=list(spec.command[1:]),
        namespace=texts['namespace'],
        parameters=[dict(spec.parameters),
                    *([Path(params_file).expanduser()] if params_file else []),
                    *spec.last],
        ros_arguments=['--log-level', texts['log_level']],
        respawn=spec.respawn, respawn_delay=_RESPAWN_DELAY_S, sigterm_timeout=_GRACE_S,
        output='screen')


def _description_publisher(texts: dict[str, str]) -> Node:
    text = Path(texts['robot_description_file']).expanduser().read_text(encoding='utf-8')
    # As a plain string, launch_ros might read the XML as YAML.
    return Node(
        package='robot_state_publisher', executable='robot_state_publisher',
        namespace=texts['namespace'], output='screen',
        parameters=[{'robot_description': ParameterValue(text, value_type=str)}])


def _on_exit(event: ProcessExited, context: LaunchContext) -> None:
    """End the launch when a node refuses its settings or its body failed, as it would again."""
    what = {REFUSED: 'refused its settings', BODY_FAILED: 'has a body that failed'}.get(
        event.returncode)
    if what is not None and not context.is_shutdown:
        raise GraphError(f"{event.process_name} {what}; its line above that begins with "
                         "'error:' says why")
