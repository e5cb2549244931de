"""What may be drawn."""

from typing import Any

import pytest

from abm_ros.common.errors import SpecError
from abm_ros.memory.replay.draw import PICKS, REVERSE, Draw


@pytest.mark.parametrize(('change', 'text'), [
    ({'batch': 0}, 'at least 1'), ({'horizon': 0}, 'at least 1'), ({'keep': -1}, 'at least 0'),
    ({'hindsight': float('nan')}, 'hindsight: expected a share'),
    ({'events': 1.5}, 'events: expected a share'),
    ({'source': 'dreamt'}, "source: 'dreamt' is unknown"),
    ({'kind': 'oldest'}, "kind: 'oldest' is unknown, expected one of uniform"),
    *(({'kind': kind, 'source': 'imagined'}, "expected the source 'lived'")
      for kind in PICKS[1:])])
def test_what_is_out_of_range_is_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(SpecError, match=text):
        Draw(**{'batch': 1, 'horizon': 1, **change})


def test_windows_are_cut_to_what_is_kept_but_for_a_sweep() -> None:
    assert [Draw(1, 5, keep=keep).kept for keep in (0, 2, 9)] == [5, 2, 5]
    assert Draw(1, 5, REVERSE, keep=2).kept == 5
