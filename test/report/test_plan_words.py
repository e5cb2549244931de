"""What is said of a planned goal follows from what both paths came to."""

import pytest

from abm_ros.report.plan_words import spoken

FAR = [1.0, 0.5, 0.3]                       # still on its way
STUCK = [1.0, 0.42, 0.5, 0.5, 0.5, 0.4]      # hardly nearer after the first step


def figures(imagined: int | None, executed: int | None, distance, doubt=(0.0, 0.2)) -> dict:
    return {'imagined': {'reached_at': imagined, 'distance': [1.0, 0.01], 'doubt': list(doubt)},
            'executed': {'reached_at': executed, 'distance': distance}, 'gap': [0.0, 0.7],
            'tolerance': 0.05}


@pytest.mark.parametrize(('told', 'words'), [
    (figures(2, 2, FAR), 'reached, as imagined'),
    (figures(None, 2, FAR), 'reached, though it was not imagined'),
    (figures(None, None, FAR), 'NOT REACHED: the body was still on its way; give more --steps'),
    (figures(None, None, STUCK), 'NOT REACHED: the body came no nearer after step 1; the goal is '
     'out of reach'),
    (figures(2, None, STUCK), 'It was imagined: the model errs by up to 0.700')])
def test_the_last_line_is_the_verdict(told, words) -> None:
    assert words in spoken(told).splitlines()[-1]


@pytest.mark.parametrize(('doubt', 'words'), [
    ([0.0, 0.2, 0.3], 'at most 0.30 typical steps: the model has been there'),
    ([0.0, 0.2, 0.8, 0.6], 'at most 0.80 typical steps: from step 2 on the model is guessing')])
def test_doubt_is_said_in_words(doubt, words) -> None:
    assert words in spoken(figures(None, None, STUCK, doubt))


def test_each_path_tells_how_near_it_came() -> None:
    assert ('executed: the goal is not reached; 0.400 from it at the end, 0.400 at the nearest'
            in spoken(figures(2, None, STUCK)))
