"""On the running graph, a robot that lived a little dreams, learns from it and stands still."""

import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')

from graph_harness import running, wait_until

from abm_ros.bringup.graph import GraphOptions, describe

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]


def start_dreaming(graph, told):
    """Pin imagine; a model that is still too bad to dream in lives on and is tried again."""
    for refused in range(4):
        assert graph.pin('imagine').successful
        graph.wait_mode('imagine')
        wait_until(lambda: told['motor_gate']['open'] == 0.0, 'a shut gate')
        graph.fresh('episodic_memory', 2)      # what was lived before it is settled and told
        wait_until(lambda before=refused: told['system_a']['dreamed'] > 0
                   or told['system_a']['dreams_refused'] > before,
                   lambda: f'a dream or a refusal; telemetry: {told}', 30.0)
        if told['system_a']['dreamed'] > 0:
            return refused
        version = told['system_a_learner']['version']
        assert graph.pin('task').successful
        wait_until(lambda before=version: told['system_a_learner']['version'] > before,
                   'a better model', 60.0)
    raise AssertionError(f'no model was good enough to dream in; telemetry: {told}')


def test_a_robot_dreams_learns_from_it_and_wakes_up(tmp_path):
    options = GraphOptions(body='bullet:reach', directory=str(tmp_path), seed=1, pin_mode='task')
    with running(describe(options), tmp_path) as (_, graph):
        told = graph.telemetry
        # A second round, so that both models learned from more than the warm-up.
        wait_until(lambda: graph.value('system_b_learner', 'version') >= 240,
                   lambda: f'two rounds; telemetry: {told}', 150.0)
        refused = start_dreaming(graph, told)
        recorded = told['episodic_memory']['recorded']
        version = told['system_b_learner']['version']
        world = told['system_a_learner']['version']
        wait_until(lambda: told['episodic_memory']['imagined_served'] >= 128
                   and told['system_b_learner']['version'] > version,
                   lambda: f'a lesson from dreams; telemetry: {told}', 60.0)
        assert told['system_a']['dreamed'] >= told['episodic_memory']['imagined'] > 0
        assert told['system_a']['dreams_refused'] == refused
        assert told['system_a_learner']['version'] == world
        assert told['episodic_memory']['recorded'] <= recorded + 1     # the last one is settled
        assert told['motor_gate']['open'] == 0.0
        commands = told['motor_gate']['commands']
        graph.fresh('motor_gate', 3)
        assert told['motor_gate']['commands'] == commands
        assert graph.pin('task').successful
        graph.wait_mode('task')
        wait_until(lambda: told['episodic_memory']['recorded'] > recorded + 10,
                   'life to go on', 30.0)
