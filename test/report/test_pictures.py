"""What the pictures of a run are drawn from; expected values are worked out by hand."""

import numpy as np
import pytest

from abm_ros.meta.phi import load_phi
from abm_ros.report.history import History
from abm_ros.report.pictures import (
    bands,
    draw_commands,
    draw_life,
    draw_signals,
    joint_names,
    series,
    shares,
    success,
)

PHI = load_phi("""
version: 1
modes: {task: {bias: 0.5}}
overrides: [{signal: pain, above: 0.5, until: 0.1, mode: freeze}]
""")


def lived(*modes: str, gap_after: int = -1) -> History:
    """A run of one second for each mode: an episode a second, every second one a success."""
    seconds = []
    for index, mode in enumerate(modes):
        late = 60.0 if -1 < gap_after < index else 0.0
        seconds.append({'t': 5e8 + index + late, 'mode': mode, 'signals': {'pain': index / 100},
                        'episodes': index, 'successes': index // 2,
                        'least': [-0.5, -1.0], 'most': [0.5, 1.0]})
    return History({'joints': ['a', 'b']}, seconds,
                   {'limits': {'low': [-1.0, None], 'high': [1.0, None]}})


def test_modes_are_bands_and_a_gap_is_none_of_them() -> None:
    every = bands(lived('task', 'task', 'sleep', 'sleep', 'task', gap_after=3))
    assert every == [('task', 0.0, 2.0), ('sleep', 2.0, 3.0), ('task', 64.0, 64.0)]
    assert shares(every) == pytest.approx({'task': 2 / 3, 'sleep': 1 / 3})


def test_success_is_the_share_among_the_last_twenty_episodes() -> None:
    history = lived(*['task'] * 61)
    for index, second in enumerate(history.seconds):     # none of the first 30, then all
        second['successes'] = max(0, index - 30)
    times, values = success(history)
    at = dict(zip(times.tolist(), values.tolist(), strict=True))
    assert (at[30.0], at[40.0], at[50.0], at[60.0]) == (0.0, 0.5, 1.0, 1.0)
    assert not success(lived('task'))[0].size     # no episode, no share


def test_a_line_is_parted_where_nothing_was_seen() -> None:
    _, values = series(lived('task', 'task', 'task', gap_after=1), 'pain')
    assert np.isnan(values).tolist() == [False, False, True, False]


def test_pictures_are_png_files_and_commands_need_commands() -> None:
    history = lived('task', 'sleep', 'task')
    for image in (draw_life(history), draw_signals(history, PHI), draw_commands(history)):
        assert image is not None
        assert image.startswith(b'\x89PNG')
    for second in history.seconds:
        second['least'] = second['most'] = []
    assert draw_commands(history) is None
    assert draw_life(History()).startswith(b'\x89PNG')      # a run that was ended at once


@pytest.mark.parametrize(('about', 'limits', 'expected'), [
    ([], {'joints': ['swing', 'lift']}, ['swing', 'lift']),
    (['a', 'b'], {}, ['a', 'b']),                       # of an older run, with --joints
    ([], {'joints': ['swing']}, ['joint 1', 'joint 2'])])   # of another arm than the commands
def test_commands_are_named_after_their_joints(about, limits, expected) -> None:
    assert joint_names(History({'joints': about}, [], {'limits': limits}), 2) == expected
