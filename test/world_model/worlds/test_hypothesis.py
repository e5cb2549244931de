"""How plainly a model must err before another world is believed."""

import numpy as np
import pytest
from test_tracker import NUMBERS, SIZE, STEP, Arm, tracker

from abm_ros.world_model.worlds.actuator_map import ActuatorMap
from abm_ros.world_model.worlds.hypothesis import Change, Hypothesis

USUAL = np.full(4, 0.1)      # so 0.4 must be missed of all, or 0.8 of one


def hypothesis(learns: Change | None, missed, own=0.0, **more) -> Hypothesis:
    errors = np.stack([np.zeros(4) + missed, np.zeros(4) + own])
    return Hypothesis(1, ActuatorMap.identity(2), 8.0, learns, evidence=9.0, steps=4,
                      missed=errors, missed_in_all=float(errors[0].mean()), **more)


@pytest.mark.parametrize(('learns', 'missed', 'rival', 'ripe'), [
    (Change.GAINS, 0.5, False, True), (Change.GAINS, 0.3, False, False),
    (Change.GAINS, 0.3, True, True),     # it competes with a world that was just opened
    (None, 0.3, False, True)])           # a known world has nothing left to fit
def test_a_new_world_must_have_been_missed_by_enough(learns, missed, rival, ripe) -> None:
    assert hypothesis(learns, missed, rival=rival).is_ripe(2, USUAL) is ripe


@pytest.mark.parametrize(('missed', 'own', 'ripe'), [
    ((0.9, 0, 0, 0), 0.1, True),         # one joint sticks: the mean over all is small
    ((0.9, 0, 0, 0), 0.4, False),        # and the new world does not explain it
    ((0.7, 0, 0, 0), 0.0, False)])
def test_one_number_is_enough_if_it_is_explained(missed, own, ripe) -> None:
    assert hypothesis(Change.GAINS, missed, own).is_ripe(2, USUAL) is ripe


def test_what_was_missed_is_what_was_missed_of_late() -> None:
    other = hypothesis(Change.GAINS, 0.0, 0.5)
    other.steps = 40
    for _ in range(3):
        other.miss(np.ones(4), np.zeros(4))
    assert other.missed[0] == pytest.approx(1.0 - 0.8 ** 3)
    assert other.missed[1] == pytest.approx(0.5 * 0.8 ** 3)
    assert other.missed_in_all == pytest.approx(1.0 - 0.8 ** 3)


def test_evidence_and_steps_are_asked_for_as_well() -> None:
    assert not hypothesis(Change.GAINS, 1.0).is_ripe(5, USUAL)
    weak = hypothesis(Change.GAINS, 1.0)
    weak.evidence = 8.0
    assert not weak.is_ripe(2, USUAL)


class Young(Arm):
    """Its model is wrong by turns: each while it thinks of another gain than there is."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.lived = 0

    def live(self, worlds, steps: int, doubt: float = 0.1) -> list:
        beliefs = []
        for _ in range(steps):
            self.lived += 1
            wrong = 1.0 + 0.45 * np.sin(self.lived / 6.0 + np.arange(SIZE))
            start, action = self.numbers.copy(), self.rng.uniform(-1, 1, SIZE)
            after = self.moved(start, self.matrix @ action)

            def predict(starts, effective, wrong=wrong):
                starts = np.broadcast_to(starts, (len(effective), NUMBERS))
                return (np.array([self.moved(x, u * wrong) for x, u in
                                  zip(starts, effective, strict=True)]),
                        np.full(len(effective), doubt))

            beliefs.append(worlds.observe(predict, start, action.astype(np.float32),
                                          after + 0.05 * STEP * self.rng.normal(size=NUMBERS)))
            self.numbers = np.clip(after, -2, 2)
        return beliefs


@pytest.mark.parametrize('seed', range(3))
def test_a_model_that_errs_by_turns_opens_no_world_but_for_a_plain_change(seed: int) -> None:
    arm, worlds = Young(seed), tracker()
    assert {b.world for b in arm.live(worlds, 300)} == {0}
    arm.matrix = -np.eye(SIZE)
    assert any(b.world for b in arm.live(worlds, 15))


def test_worlds_that_do_not_last_are_opened_ever_more_rarely() -> None:
    """As where commands come late: some map explains every few steps, and none the next ones."""
    arm, worlds, opened = Arm(4), tracker(), []
    arm.live(worlds, 200)
    for _ in range(40):
        arm.matrix = np.diag(arm.rng.uniform(-1.5, 0.0, SIZE))
        passing = arm.live(worlds, 6)
        arm.matrix = np.eye(SIZE)
        passing += arm.live(worlds, 6)
        opened.append(sum(1 for b in passing if b.began and b.world))
    assert sum(opened[:5]) >= 3
    assert sum(opened[-20:]) <= 2
