"""What own experience says of a place where a teacher showed a success."""

import numpy as np
import pytest

from abm_ros.common.claim import OwnSuccesses, Verdict
from abm_ros.common.spec import FieldSpec, ObservationSpec

SPEC = ObservationSpec((FieldSpec('tool', 2),), 'tool', 1.0, 1, 0.05, 10, told=True)


@pytest.mark.parametrize(('away', 'success', 'expected'), [
    (0.9, True, True), (1.1, True, None), (0.4, False, False), (0.6, False, None)])
def test_a_success_counts_farther_away_than_a_failure(away: float, success: bool,
                                                      expected: bool | None) -> None:
    verdict = Verdict(np.zeros(2))
    for _ in range(5):
        verdict.see(SPEC, np.array([away, 0.0]), success=success)
    assert verdict.held is expected


def test_two_failures_say_nothing_yet_and_the_first_verdict_stays() -> None:
    verdict = Verdict(np.zeros(2))
    for success, expected in ((False, None), (False, None), (True, True), (False, True)):
        verdict.see(SPEC, np.zeros(2), success=success)
        assert verdict.held is expected


def test_known_successes_confirm_and_their_lack_says_nothing() -> None:
    own, place = OwnSuccesses(SPEC), np.array([3.0, 0.0])
    assert not own
    assert own.verdict(place).held is None
    own.add(place)
    place[0] = 9.0                       # the caller's array may be used again
    assert own
    assert own.verdict(np.array([3.5, 0.0])).held is True
    assert own.verdict(place).held is None
