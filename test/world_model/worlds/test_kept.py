"""What System A knows of worlds outlasts its process."""

import threading

import numpy as np
import pytest

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.config import WorldsConfig
from abm_ros.world_model.worlds.kept import KeptWorlds
from abm_ros.world_model.worlds.told import ToldWorld
from abm_ros.world_model.worlds.tracker import WorldTracker

SPEC = ObservationSpec((FieldSpec('arm', 2),), 'arm', 0.05, 2, 0.05, 10)
OTHER = ObservationSpec((FieldSpec('arm', 3),), 'arm', 0.05, 2, 0.05, 10)
LINEAGE = '0123456789abcdef'


def kept(folder, tracker: WorldTracker, spec: ObservationSpec = SPEC
         ) -> tuple[KeptWorlds, list[str]]:
    lines: list[str] = []
    return KeptWorlds(str(folder), spec, tracker, lines.append), lines


def known() -> WorldTracker:
    tracker = WorldTracker(WorldsConfig(worlds=True), 2)
    tracker.maps[3] = ActuatorMap(np.array([[-1.0, 0, 0], [0, 1, 0.25]]), 0.5 * np.eye(6))
    tracker.world = 3
    return tracker


def written(folder) -> None:
    keeper, lines = kept(folder, known())
    keeper.follow(ToldWorld(3, 2, 1.0, 0.5, {}), LINEAGE)
    for thread in threading.enumerate():
        if thread.name == 'worlds':
            thread.join()
    assert not lines


def test_a_later_process_is_in_the_same_world(tmp_path) -> None:
    written(tmp_path)
    tracker = WorldTracker(WorldsConfig(worlds=True), 2)
    keeper, lines = kept(tmp_path, tracker)
    keeper.recall()
    assert not lines
    assert (tracker.world, sorted(tracker.maps)) == (3, [0, 3])
    np.testing.assert_array_equal(tracker.map.mean, known().map.mean)
    np.testing.assert_array_equal(tracker.map.covariance, known().map.covariance)


def test_nothing_is_written_before_there_is_another_world(tmp_path) -> None:
    keeper, _ = kept(tmp_path, WorldTracker(WorldsConfig(worlds=True), 2))
    keeper.follow(ToldWorld(0, 0, 0.2, 0.0, {}), LINEAGE)
    keeper.keep(LINEAGE)
    keeper.recall()
    assert not list(tmp_path.rglob('*.abm'))


@pytest.mark.parametrize('spoil', ['cut', 'body'])
def test_what_cannot_be_used_is_told_and_the_life_begins_in_the_first_world(tmp_path, spoil
                                                                           ) -> None:
    written(tmp_path)
    path = tmp_path / 'models' / 'worlds.abm'
    if spoil == 'cut':
        path.write_bytes(path.read_bytes()[:-40])
    tracker = WorldTracker(WorldsConfig(worlds=True), 2)
    keeper, lines = kept(tmp_path, tracker, OTHER if spoil == 'body' else SPEC)
    keeper.recall()
    assert 'not known again' in lines[0]
    assert (tracker.world, list(tracker.maps)) == (0, [0])
