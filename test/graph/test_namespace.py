"""All names are relative: the whole graph lives under a namespace."""

import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')

from graph_harness import WIRED, running, wait_until

from abm_ros.bringup.graph import GraphOptions, describe

pytestmark = [pytest.mark.graph, pytest.mark.timeout(200)]
NAMESPACE = 'cell_1/arm'
# What ROS itself keeps outside of namespaces.
GLOBAL = {'/rosout', '/parameter_events', '/clock'}


def test_the_graph_lives_under_a_namespace(tmp_path):
    options = GraphOptions(body='bullet:reach', directory=str(tmp_path), pin_mode='task')
    with running(describe(options), tmp_path, NAMESPACE) as (_, observer):
        observer.wait_mode('task')
        wait_until(lambda: observer.value('motor_gate', 'commands') > 20, 'commands')
        topics = {name for name, _ in observer.node.get_topic_names_and_types()}
        outside = {name for name in topics if not name.startswith(f'/{NAMESPACE}/')}
        assert outside - GLOBAL == set()
        wanted = {(node, f'/{NAMESPACE}') for node in (*WIRED, 'system_m', 'bullet_arm')}
        # The names of nodes travel apart from their topics, and may come later.
        wait_until(lambda: wanted <= set(observer.node.get_node_names_and_namespaces()),
                   'every node under the namespace')
        assert not [name for name, space in observer.node.get_node_names_and_namespaces()
                    if space == '/' and name in (*WIRED, 'system_m', 'bullet_arm')]
        assert observer.commands
        # Rewiring works there too.
        assert observer.pin('sleep').successful
        observer.wait_mode('sleep')
        wait_until(lambda: observer.states['system_a'] == 'inactive', 'a sleeping system_a')
