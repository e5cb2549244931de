"""The history of a run: what is written is read, whatever a crash left."""

import pytest

from abm_ros.common.errors import StoreError
from abm_ros.report.history import NAME, History, HistoryWriter, joined, read_history


def test_runs_of_a_folder_are_read_apart(tmp_path) -> None:
    for seed in (1, 2):
        writer = HistoryWriter(tmp_path, seed=seed)
        for at_s in range(3):
            writer.add('second', {'t': at_s, 'mode': 'task'})
        if seed == 2:
            writer.add('end', {'episodes': 7})
        writer.close()
    first, second = read_history(tmp_path)
    assert (first.about['seed'], len(first.seconds), first.report) == (1, 3, {})
    assert (second.about['seed'], second.report) == (2, {'episodes': 7})


def test_a_torn_line_is_left_out(tmp_path) -> None:
    writer = HistoryWriter(tmp_path, seed=1)
    writer.add('second', {'t': 0.0, 'mode': 'task'})
    writer.close()
    with open(tmp_path / NAME, 'a') as file:
        file.write('{"kind": "second", "t": 1.0, "mo')
    assert len(read_history(tmp_path)[0].seconds) == 1


@pytest.mark.parametrize('text', [None, '', '{"kind": "second", "t": 1}\n', '[]\n3\n'])
def test_a_folder_without_a_run_is_refused(tmp_path, text) -> None:
    if text is not None:
        (tmp_path / NAME).write_text(text)
    with pytest.raises(StoreError, match=r'history\.jsonl'):
        read_history(tmp_path)


def test_joined_runs_follow_each_other_and_their_counts_go_on() -> None:
    first = History({'seed': 1}, [{'t': 100.0, 'episodes': 1, 'successes': 0, 'mode': 'task'},
                                  {'t': 101.0, 'episodes': 5, 'successes': 2}], {'episodes': 5})
    killed = History({'seed': 2}, [{'t': 9000.0, 'episodes': 0, 'successes': 0},
                                   {'t': 9002.0, 'episodes': 3, 'successes': 3, 'mode': 'rest'}])
    both = joined([first, killed])
    assert [second['t'] for second in both.seconds] == [0.0, 1.0, 7.0, 9.0]
    assert [(second['episodes'], second['successes']) for second in both.seconds] == [
        (1, 0), (5, 2), (5, 2), (8, 5)]
    assert both.seconds[-1]['mode'] == 'rest'
    assert (both.about, both.report, both.begins) == ({'seed': 2}, {'episodes': 5}, (0.0, 7.0))
    assert both.runs == (first, killed)
    assert joined([killed]) is killed
    assert joined([first, History(), killed]).begins == (0.0, 7.0)    # one ended at once
    assert first.seconds[0]['t'] == 100.0
