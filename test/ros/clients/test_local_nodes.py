import pytest

from abm_ros.common.errors import ConfigError
from abm_ros.ros.clients.local_nodes import LocalNode, domains, local_nodes, own_domain


def process(root, pid, command, domain=None):
    folder = root / str(pid)
    folder.mkdir()
    (folder / 'cmdline').write_bytes(b'\0'.join(word.encode() for word in command) + b'\0')
    variables = [b'HOME=/home/x'] + ([] if domain is None else [b'ROS_DOMAIN_ID=%d' % domain])
    (folder / 'environ').write_bytes(b'\0'.join(variables) + b'\0')


@pytest.mark.parametrize('command', [
    ['python3', '-m', 'abm_ros.nodes', 'system_a', '--ros-args'],
    ['/usr/bin/python3', '/opt/v/lib/abm_ros/system_a', '--ros-args'],
    ['/opt/v/lib/abm_ros/system_a']])
def test_a_node_is_found_however_it_was_started(tmp_path, command):
    process(tmp_path, 12, command, 7)
    assert local_nodes(tmp_path) == [LocalNode('system_a', 12, 7, '')]


def test_namespace_and_domain_are_those_it_was_started_with(tmp_path):
    node = ['python3', '-m', 'abm_ros.nodes', 'body', 'mine', '--ros-args', '-r']
    process(tmp_path, 2, [*node, '__ns:=/robots/arm_1'])
    process(tmp_path, 1, [*node, '__ns:=/'], 7)
    assert local_nodes(tmp_path) == [LocalNode('body', 1, 7, ''),
                                     LocalNode('body', 2, 0, 'robots/arm_1')]
    assert domains(local_nodes(tmp_path)) == [0, 7]


@pytest.mark.parametrize('command', [
    ['abm', 'sim', '--out', 'lib/abm_ros'], ['grep', 'abm_ros.nodes'], ['grep', 'system_a'],
    ['tail', 'runs/sim/log/system_a'], ['/opt/v/lib/abm_ros/abm', 'doctor'], ['']])
def test_what_is_no_node_is_left_out(tmp_path, command):
    process(tmp_path, 3, command, 7)
    (tmp_path / '4').mkdir()    # ended meanwhile
    assert local_nodes(tmp_path) == []


def test_a_domain_that_is_no_number_is_refused(monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', 'seven')
    with pytest.raises(ConfigError, match="ROS_DOMAIN_ID: expected a whole number, got 'seven'"):
        own_domain()
    monkeypatch.setenv('ROS_DOMAIN_ID', '')
    assert own_domain() == 0
