"""A folder with the record of another body is refused before any node starts."""

import pytest

from abm_ros.bench.common.life import life_in
from abm_ros.bodies.make import make_body
from abm_ros.bringup.graph import GraphOptions
from abm_ros.cli.main import main
from abm_ros.cli.sim_inputs import check_inputs, check_record
from abm_ros.common.errors import StoreError
from abm_ros.common.share import table_text
from abm_ros.memory.record.store import Store, StoreConfig

pytest.importorskip('pybullet')
pytest.importorskip('rclpy')


@pytest.fixture
def folder(tmp_path):
    """Keep the record of an arm that pushes."""
    body = make_body('bullet:push')
    Store(tmp_path / 'memory.db', life_in(body).spec, StoreConfig()).close()
    body.close()
    return tmp_path


def test_another_body_is_refused_in_one_line_and_nothing_is_written(folder, capsys):
    assert main(['sim', '--headless', '--body', 'bullet:reach', '--out', str(folder)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f'error: {folder / "memory.db"}: is the record of another body: fields '
                           '(recorded joint_position:7 ')
    assert 'use another folder for this body (abm sim --out' in said
    assert said.count('\n') == 1
    assert not (folder / 'log').exists()
    assert not (folder / 'phi.yaml').exists()


def test_the_same_body_and_a_new_folder_are_taken(folder, tmp_path_factory):
    body = make_body('bullet:push')
    check_record(folder / 'memory.db', body)
    check_record(tmp_path_factory.mktemp('new') / 'memory.db', body)
    body.close()


def test_what_a_parameter_file_sets_is_left_to_memory(folder):
    options, phi = GraphOptions(body='bullet:reach', directory=str(folder)), table_text(
        '', 'phi.yaml')
    with pytest.raises(StoreError, match='another body'):
        check_inputs(options, phi, '')
    check_inputs(options, phi, 'bodies.yaml')
