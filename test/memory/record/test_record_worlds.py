"""Worlds in the durable record, of steps that are durable and of steps that wait."""

from dataclasses import replace
from pathlib import Path

from lived_steps import SPEC, make_step

from abm_ros.memory.record.store import Store, StoreConfig
from abm_ros.memory.record.verify import verify
from abm_ros.memory.record.worlds import keep_worlds, relabel


def test_a_step_is_of_the_world_that_it_turns_out_to_be_of(tmp_path: Path) -> None:
    path = tmp_path / 'memory.db'
    with Store(path, SPEC, StoreConfig()) as store:
        for index in range(6):
            store.append(replace(make_step(index, 0, index, last=False), world=2))
            if index == 3:
                store.flush()          # 4 steps are durable, 2 wait
        relabel(store, 3, 7)
        store.append(make_step(6, 0, 6, last=True))
    with Store.read(path) as reader:
        assert [lived.world for lived in reader.steps()] == [2, 2, 7, 7, 7, 7, 0]
        assert [lived.index for lived in reader.steps()] == [*range(7)]
        assert not verify(reader).damage


def test_what_actions_do_in_each_world_outlasts_the_process(tmp_path: Path) -> None:
    path = tmp_path / 'memory.db'
    with Store(path, SPEC, StoreConfig()) as store:
        assert store.worlds == '{}'
        keep_worlds(store, '{"0": [[1, 0]]}')
        keep_worlds(store, '{"0": [[1, 0]], "3": [[-1, 0]]}')
    with Store.read(path) as reader:
        assert reader.worlds == '{"0": [[1, 0]], "3": [[-1, 0]]}'
