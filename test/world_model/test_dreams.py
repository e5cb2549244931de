"""Dreams: when they begin and end, what is kept of them, and by what a model is judged."""

from dataclasses import replace

import numpy as np
import pytest

from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.world_model.dreams import DreamConfig, Dreams, joined, judge, obstacle

# A point on a line that an action moves by a tenth; its second number is what is known of doubt.
SPEC = ObservationSpec((FieldSpec('place', 1), FieldSpec('fog', 1)), 'place', 0.05, 1, 0.05, 10)
CONFIG = DreamConfig(dreams=3, dream_steps=4, burst_steps=6, dream_doubt=1.0)


class Line:
    """A model whose latent is the observation, in place of a `PerceivingModel`."""

    def __init__(self, gain=1.0, doubt=0.0):
        self.gain, self.doubt = gain, doubt

    def encode(self, observation):
        return observation.copy()

    def advance(self, latent, action):
        after = latent.copy()
        after[:, :1] += np.float32(0.1 * self.gain) * action
        return after, after, np.full(len(latent), self.doubt) + latent[:, 1]


def seeds(places, goals, fog=0.0):
    start = np.array([[place, fog] for place in places], np.float32)
    numbers = np.stack([start, start], axis=1)
    return Batch(numbers, np.zeros((len(places), 1, 1), np.float32),
                 np.ones((len(places), 1), np.float32),
                 np.array(goals, np.float32)[:, None])


def forward(dreams):
    return np.ones((len(dreams.latent), 1), np.float32)


def test_a_dream_that_reaches_its_goal_is_kept_whole_and_its_row_goes_on_with_the_next_seed():
    dreams = Dreams(CONFIG, SPEC, Line(), seeds([0.0, 1.0, 2.0, 3.0], [0.2, 9.0, 2.1, 3.1]))
    assert dreams.latent[:, 0].tolist() == [0.0, 1.0, 2.0]
    dreams.act(forward(dreams))
    assert dreams.latent[:, 0] == pytest.approx([0.1, 1.1, 3.0])     # the last began anew
    dreams.act(forward(dreams))
    kept = dreams.successes()
    assert kept.length.tolist() == [1, 2, 1]
    assert kept.goal[:, 0] == pytest.approx([2.1, 0.2, 3.1])
    assert kept.numbers[:, 0] == pytest.approx([2.0, 2.1, 0.0, 0.1, 0.2, 3.0, 3.1])
    assert kept.action[:, 0].tolist() == [1, 0, 1, 1, 0, 1, 0]
    assert not len(dreams.successes().length)                        # told once
    assert dreams.goal[0, 0] == pytest.approx(0.2)                   # seeds come round again


def test_a_dream_fails_when_its_steps_are_over_or_the_ensemble_disagrees():
    dreams = Dreams(CONFIG, SPEC, Line(), seeds([0.0], [9.0]))
    for _ in range(4):
        dreams.act(forward(dreams))
    assert dreams.latent[:, 0].tolist() == [0.0] * 3
    doubtful = Dreams(CONFIG, SPEC, Line(), seeds([0.0], [0.1], fog=1.5))
    doubtful.act(forward(doubtful))
    assert not len(doubtful.successes().length)
    assert len(Dreams(CONFIG, SPEC, Line(doubt=0.5), seeds([0.0], [0.1])).successes().length) == 0


def test_a_number_that_is_not_finite_ends_the_dream_that_it_is_in_and_no_other():
    model = Line()
    dreams = Dreams(CONFIG, SPEC, model, seeds([0.0, 1.0, 2.0], [0.1, 1.1, 2.1]))
    action = forward(dreams)
    action[1] = np.nan
    dreams.act(action)
    kept = dreams.successes()
    assert kept.goal[:, 0] == pytest.approx([0.1, 2.1])
    assert np.isfinite(dreams.latent).all()


def test_a_burst_has_its_number_of_steps():
    dreams = Dreams(CONFIG, SPEC, Line(), seeds([0.0], [9.0]))
    taken = 0
    while not dreams.over:
        dreams.act(forward(dreams))
        taken += 1
    assert taken == CONFIG.burst_steps


def lived(gain=1.0, steps=3):
    """Windows of a point that a full action moves by a tenth of the gain."""
    rng = np.random.default_rng(0)
    action = rng.uniform(-1, 1, (20, steps, 1)).astype(np.float32)
    place = np.concatenate([np.zeros((20, 1, 1)), np.cumsum(0.1 * gain * action, axis=1)], axis=1)
    numbers = np.concatenate([place, np.zeros_like(place)], axis=2).astype(np.float32)
    return Batch(numbers, action, np.ones((20, steps), np.float32), np.zeros((20, 1), np.float32))


@pytest.mark.parametrize(('gain', 'error'), [(1.0, 0.0), (0.0, 1.0), (0.5, 0.25), (-1.0, 4.0)])
def test_the_error_of_a_model_is_relative_to_predicting_no_change(gain, error):
    """A model that moves a share g of what is moved errs by (1 - g)^2 of the change."""
    assert judge(Line(gain), SPEC, lived()) == pytest.approx(error, abs=1e-6)


def test_what_is_padded_does_not_count_and_nothing_that_moves_proves_nothing():
    windows = lived()
    wrong = windows.numbers.copy()
    wrong[:, 3] = 99.0
    padded = replace(windows, numbers=wrong, mask=np.array([[1, 1, 0]] * 20, np.float32))
    assert judge(Line(), SPEC, padded) == pytest.approx(0.0, abs=1e-6)
    assert judge(Line(), SPEC, lived(gain=0.0)) == np.inf
    assert judge(Line(gain=np.nan), SPEC, lived()) == np.inf


def test_a_model_is_believed_up_to_the_error_that_is_set_and_never_one_without_proof():
    assert DreamConfig(dream_error=0.5).doubt(0.5) == ''
    assert 'more than 0.5' in DreamConfig(dream_error=0.5).doubt(0.51)
    assert DreamConfig().doubt(np.inf)
    assert DreamConfig().doubt(np.nan)


def test_images_and_goals_without_a_place_are_not_dreamed_of():
    assert obstacle(SPEC) == ''
    assert 'task' in obstacle(replace(SPEC, told=True))
    seen = ObservationSpec((FieldSpec('place', 1), FieldSpec('eye', 12, (3, 2, 2))), 'place', 0.05,
                           1, 0.05, 10)
    assert 'images' in obstacle(seen)


def test_no_trajectories_are_joined_to_none():
    none = joined([], SPEC)
    assert none.numbers.shape == (0, 2)
    assert none.length.shape == (0,)
