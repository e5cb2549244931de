"""Credits and batches between memory and its consumers."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.ros.codec import Packet, encode
from abm_ros.ros.replay_link import (
    Credits,
    addressed_to,
    decode_batch,
    decode_credits,
    encode_batch,
    encode_credits,
)

SPEC = ObservationSpec((FieldSpec('goal', 2), FieldSpec('x', 3)), 'goal', 0.1, 2, 0.05, 50)
ASK = Credits('learner', '3', 7, 'uniform', 2, 4, 5, after=60, keep=3)


def batch(horizon: int = 5, observation: int = 5, action: int = 2) -> Batch:
    rng = np.random.default_rng(0)
    return Batch(rng.normal(size=(4, horizon + 1, observation)).astype(np.float32),
                 rng.normal(size=(4, horizon, action)).astype(np.float32),
                 np.ones((4, horizon), np.float32), rng.normal(size=(4, 2)).astype(np.float32))


def test_credits_survive() -> None:
    assert decode_credits(encode_credits(ASK, 5)) == ASK


@pytest.mark.parametrize('change', [
    {'kind': 'random'}, {'count': 0}, {'count': 10**6}, {'batch': 0}, {'batch': 10**6},
    {'horizon': 0}, {'horizon': 10**6}, {'keep': -1}, {'kind': 'surprise', 'source': 'teacher'},
    {'kind': 'balanced', 'source': 'imagined'}])
def test_greedy_credits_are_refused(change) -> None:
    with pytest.raises(SpecError, match=r'credits out of bounds|replay kind'):
        Credits(**{**vars(ASK), **change})


@pytest.mark.parametrize('change', [{'count': 'many'}, {'number': ''}, {'batch': '1e3'},
                                    {'count': '9' * 5000}, {'horizon': '-3'}])
def test_foreign_credits_are_refused(change) -> None:
    attributes = {**{key: str(value) for key, value in vars(ASK).items()}, **change}
    with pytest.raises(SpecError):
        decode_credits(encode(Packet(0, {}, attributes)))


def test_a_batch_comes_to_whom_it_is_addressed() -> None:
    sent = batch()
    message = encode_batch(sent, ASK, 99, SPEC.to_json(), 5)
    assert addressed_to(message) == ('learner', '3', 7)
    came = decode_batch(message)
    assert (came.kind, came.session, came.number, came.experience) == ('uniform', '3', 7, 99)
    assert came.spec == SPEC
    for name in ('observation', 'action', 'mask', 'goal'):
        np.testing.assert_array_equal(getattr(came.batch, name), getattr(sent, name))


PICTURED = ObservationSpec((*SPEC.fields, FieldSpec('camera', 8, (1, 2, 4))), 'goal', 0.1, 2, 0.05,
                           50)


def test_pictures_come_bit_for_bit_in_a_third_of_the_numbers() -> None:
    sent = replace(batch(), pixels=np.random.default_rng(1).integers(
        256, size=(4, 6, 8), dtype=np.uint8))
    message = encode_batch(sent, ASK, 99, PICTURED.to_json(), 5)
    assert len(message.data) == sum(x.size for x in (
        sent.numbers, sent.action, sent.mask, sent.goal)) + 4 * 6 * 3
    came = decode_batch(message).batch
    np.testing.assert_array_equal(came.observation, sent.observation)
    assert came.observation.shape == (4, 6, PICTURED.size)
    np.testing.assert_array_equal(came.column(2).observation, sent.observation[:, 2:4])


@pytest.mark.parametrize('value', [-1.0, 0.5, 2.0 ** 24])
def test_what_are_no_pixels_is_refused(value: float) -> None:
    sent = replace(batch(), pixels=np.zeros((4, 6, 8), np.uint8))
    message = encode_batch(sent, ASK, 99, PICTURED.to_json(), 5)
    message.data[-1] = value
    with pytest.raises(SpecError, match='pixels'):
        decode_batch(message)
    with pytest.raises(SpecError, match='pixels'):
        decode_batch(encode_batch(batch(), ASK, 99, PICTURED.to_json(), 5))


@pytest.mark.parametrize('bad', [
    batch(observation=4), batch(action=3),
    Batch(batch().observation, batch(horizon=4).action, batch().mask, batch().goal),
    Batch(batch().observation, batch().action, np.ones((4, 3), np.float32), batch().goal),
    Batch(batch().observation, batch().action, batch().mask, np.ones((4, 3), np.float32)),
    Batch(batch().observation, batch().action, batch().mask, np.ones((3, 2), np.float32)),
    Batch(batch().observation[0], batch().action, batch().mask, batch().goal)], ids=range(7))
def test_a_batch_that_does_not_fit_its_spec_is_refused(bad) -> None:
    with pytest.raises(SpecError):
        decode_batch(encode_batch(bad, ASK, 0, SPEC.to_json(), 0))


def test_what_the_task_told_comes_too() -> None:
    told = {'success': np.tile(np.float32([1, 0, -1, -1, 0]), (4, 1)),
            'reward': np.tile(np.float32([-1, -0.5, 0, 1, 1]), (4, 1))}
    spec = replace(SPEC, told=True)
    came = decode_batch(encode_batch(replace(batch(), **told), ASK, 99, spec.to_json(), 5)).batch
    for name, array in told.items():
        np.testing.assert_array_equal(getattr(came, name), array)
    assert came.told
    assert decode_batch(encode_batch(batch(), ASK, 99, SPEC.to_json(), 5)).batch.success is None
    short = replace(batch(), success=np.ones((4, 2), np.float32))
    with pytest.raises(SpecError, match='success'):
        decode_batch(encode_batch(short, ASK, 99, SPEC.to_json(), 5))
