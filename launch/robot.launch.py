"""
Bring up the graph on a robot: `ros2 launch abm_ros robot.launch.py [name:=value ...]`.

The robot's own drivers and its ros2_control controller run already.
"""

from launch import LaunchDescription

from abm_ros.bringup.launch_files import launch_graph


def generate_launch_description() -> LaunchDescription:
    """Return the graph without a body."""
    return launch_graph(simulated=False)
