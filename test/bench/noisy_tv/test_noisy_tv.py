"""The noisy television's benchmark: what it compares, and how it counts."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from abm_ros.bench.noisy_tv.figures import Share, summarise
from abm_ros.bench.noisy_tv.run import Mind, raw_phi
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.meta.phi import load_phi
from abm_ros.policy.exploration import Aim

PHI = load_phi((Path(__file__).resolve().parents[3] / 'config' / 'phi.yaml').read_text())
# Play may go on for 30 s (constraints.yaml); then task has its shortest dwell, 8 s (phi.yaml).
MOST = 30 / 38
SPEC = ObservationSpec((FieldSpec('place', 2),), 'place', 0.1, 1, 0.05, 20)


def agent_with(uncertainty: float, error: float, ratio: float):
    """An agent whose percepts are given."""
    percept = SimpleNamespace(uncertainty=uncertainty, error=error, prediction_error=ratio)
    return SimpleNamespace(percept=percept, objective=None, aim=Aim.PURSUE,
                           world=SimpleNamespace(spec=SPEC, version=1))


def lived(uncertainty: float, error: float, raw: bool, steps: int = 2000) -> Share:
    agent = agent_with(uncertainty, error, 0.5)
    mind = Mind(raw_phi(PHI) if raw else PHI, raw, agent, 0.05)
    for number in range(steps):
        mind.step(SimpleNamespace(observation=SimpleNamespace(
            vector=np.zeros(2, np.float32), goal=np.ones(2, np.float32), step=number % 20,
            whole=True)))
    return mind.share()


def test_raw_prediction_error_takes_the_place_of_all_that_can_be_reduced() -> None:
    play, raw = PHI.modes['play'], raw_phi(PHI).modes['play']
    assert not set(raw.weights) & {'uncertainty', 'learning_gain', 'novelty'}
    assert sum(raw.weights.values()) == pytest.approx(sum(play.weights.values()))
    assert (raw.bias, raw.hysteresis) == (play.bias, play.hysteresis)
    assert raw_phi(PHI).modes['task'] == PHI.modes['task']


def test_lasting_error_holds_the_raw_drive_in_play_and_not_the_reducible_one() -> None:
    """The members agree on a mean, doubt 0.05; the error stays at that of white noise."""
    assert lived(0.05, 2.0, raw=True).play > MOST
    assert lived(0.05, 2.0, raw=False).play < 0.5


def test_doubt_that_can_be_reduced_keeps_playing_in_both() -> None:
    assert lived(3.0, 2.0, raw=False).play > MOST


def test_the_ratio_is_of_means_over_seeds() -> None:
    def share(play: float) -> Share:
        return Share(play, play, 1, 0.0, 0.1, 0.5)
    cells = {'reducible/control': [share(0.2), share(0.4)],
             'reducible/noisy-tv': [share(0.3), share(0.3)],
             'raw/control': [share(0.5)], 'raw/noisy-tv': [share(1.0)]}
    assert summarise(cells)['ratios'] == {'reducible': 1.0, 'raw': 2.0}
