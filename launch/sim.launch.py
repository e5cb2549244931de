"""Bring up the graph on a simulated arm: `ros2 launch abm_ros sim.launch.py [name:=value ...]`."""

from launch import LaunchDescription

from abm_ros.bringup.launch_files import launch_graph


def generate_launch_description() -> LaunchDescription:
    """Return the graph with a body of ours."""
    return launch_graph(simulated=True)
