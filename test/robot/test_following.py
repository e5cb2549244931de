"""A drive that turns the other way: the arm stays off its stops, and finds back from near one."""

import numpy as np
import pytest

from abm_ros.robot.description import JointLimits
from abm_ros.robot.following import Following
from abm_ros.robot.motor_guard import MotorConfig, MotorGuard

LIMITS = JointLimits(('turned', 'sound'), np.array([-1.0, -1.0]), np.array([1.0, 1.0]),
                     np.array([3.2, 3.2]), np.array([10.0, 10.0]))
PERIOD_S = 0.05
FULL = 3.2 * 0.8 * PERIOD_S


class Arm:
    """An arm whose first drive turns the other way; its stops hold."""

    def __init__(self, at: float) -> None:
        self.guard = MotorGuard(MotorConfig(), LIMITS)
        self.here, self.now_s = np.array([at, at]), 0.0
        self.guard.measure(self.here, (), 0.0)

    def act(self, action: float) -> np.ndarray:
        self.now_s += PERIOD_S
        command = self.guard.act(np.array([action, action]), self.now_s).command
        assert (np.abs(command) <= 1.0).all()
        turned = np.array([-1.0, 1.0])
        self.here = np.clip(self.here + turned * (command - self.here), -1.0, 1.0)
        self.guard.measure(self.here, (), self.now_s)
        return command


@pytest.mark.parametrize('at', [0.0, 0.5, 0.7, -0.6, 0.9, -0.98])
def test_an_arm_driven_out_for_a_second_is_not_at_its_stop(at) -> None:
    arm = Arm(at)
    for _ in range(20):
        arm.act(-np.sign(at) if at else -1.0)      # inwards, as far as the guard can know
    assert abs(arm.here[0]) < 1.0


def test_who_knows_that_it_is_turned_comes_back_in_a_second_or_so() -> None:
    arm = Arm(0.5)
    for _ in range(200):
        arm.act(-1.0)
    assert arm.here[0] > 0.85
    for _ in range(25):
        arm.act(1.0)
    assert arm.here[0] < 0.0


def test_a_turned_joint_can_be_driven_to_and_fro_without_running_away() -> None:
    rng, arm = np.random.default_rng(0), Arm(0.2)
    for _ in range(300):
        before = arm.here[0]
        action = rng.uniform(-1.0, 1.0)
        arm.act(action)
        if abs(arm.here[0]) < 0.9:      # it goes where it is known to go, at a speed that is known
            assert abs(arm.here[0] - before) <= 1.01 * FULL
    moved = []
    for sign in (1.0, -1.0) * 10:
        before = arm.here[0]
        arm.act(sign * 0.3)
        moved.append(arm.here[0] - before)
    assert moved == pytest.approx([-0.3 * FULL, 0.3 * FULL] * 10)


def test_a_sound_joint_leaves_its_stop_with_one_short_motion() -> None:
    arm = Arm(0.98)
    arm.act(-1.0)
    assert 0.0 < 0.98 - arm.here[1] < 0.1 * FULL
    before = arm.here[1]
    arm.act(-1.0)
    assert before - arm.here[1] == pytest.approx(FULL)


def test_a_sound_joint_beside_it_comes_as_near_to_its_stop_as_before() -> None:
    arm = Arm(0.0)
    for _ in range(40):
        arm.act(1.0)
    assert arm.here[1] == pytest.approx(1.0 - MotorConfig().position_margin)


def test_a_joint_that_was_pushed_once_is_free_when_it_follows_again() -> None:
    arm = Arm(0.9)
    arm.act(-0.5)
    before = arm.here[1]
    arm.here[1] = before + 0.05                     # somebody pushed it out
    arm.guard.measure(arm.here, (), arm.now_s)
    arm.act(-1.0)
    arm.act(-1.0)
    before = arm.here[1]
    arm.act(-1.0)
    assert before - arm.here[1] == pytest.approx(FULL)


def test_a_sound_joint_that_was_pushed_onto_its_stop_leaves_it_in_the_end() -> None:
    arm = Arm(0.9)
    arm.act(-0.5)
    arm.here[1] = 1.0
    arm.guard.measure(arm.here, (), arm.now_s)
    for _ in range(110):
        arm.act(-1.0)
    assert arm.here[1] < 0.5


def test_a_drive_that_lags_by_a_period_is_not_astray() -> None:
    rng, following = np.random.default_rng(1), Following([FULL])
    here, late = 0.0, 0.0
    for _ in range(200):
        asked = rng.uniform(-1.0, 1.0) * FULL
        following.asked([here], [here + asked])
        here, late = here + late, asked
        following.measured([here])
        assert not following.astray[0]
