"""Ports that a killed process left empty are removed, and nothing else."""

import os
import time

import pytest

pytest.importorskip('rclpy')

from abm_ros.ros.fast_dds import remove_stale_ports


def test_only_old_empty_ports_are_removed(tmp_path, capsys):
    before = time.time() - 60
    for name, content, at in (
            ('fastdds_port7007', b'', before), ('fastdds_port7008', b'', time.time()),
            ('fastdds_port7009', b'filled', before), ('fastdds_port7007_el', b'', before),
            ('sem.fastdds_port7007_mutex', b'', before),
            ('fastdds_0123456789abcdef', b'', before)):
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, (at, at))
    assert remove_stale_ports(tmp_path) == ['fastdds_port7007']
    assert 'fastdds_port7007' in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 5
    assert remove_stale_ports(tmp_path) == []


def test_a_folder_that_is_not_there_has_none(tmp_path):
    assert remove_stale_ports(tmp_path / 'missing') == []
