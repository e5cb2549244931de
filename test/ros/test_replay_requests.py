"""What was asked for: awaited until it is answered or its session is over."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')

from abm_ros.common.errors import SpecError
from abm_ros.ros.codec import Packet, encode
from abm_ros.ros.replay_requests import ReplayRequests


def answer(consumer: str, session: str, number: int):
    return encode(Packet(1, {'x': np.zeros(1, np.float32)}, {
        'consumer': consumer, 'session': session, 'number': str(number)}))


def ask(requests: ReplayRequests):
    return requests.make(kind='uniform', count=2, batch=3, horizon=1)


def test_requests_are_numbered_and_awaited_until_their_last_batch() -> None:
    requests = ReplayRequests('learner')
    first, second = ask(requests), ask(requests)
    assert (first.consumer, first.session, first.number, second.number) == ('learner', '0', 1, 2)
    assert requests.unanswered == (first, second)
    assert requests.is_answered(answer('learner', '0', 1))
    assert requests.unanswered == (replace(first, count=1), second)
    assert requests.is_answered(answer('learner', '0', 1))
    assert requests.unanswered == (second,)
    assert requests.is_answered(answer('learner', '0', 1))     # one too many


def test_memory_may_wait_with_what_it_has_not_begun_to_answer() -> None:
    requests = ReplayRequests('learner')
    assert not requests.waits
    ask(requests)
    assert requests.waits
    ask(requests)
    requests.is_answered(answer('learner', '0', 1))
    assert not requests.waits      # the other half was lost
    requests.is_answered(answer('learner', '0', 1))
    assert requests.waits


def test_answers_to_others_and_to_earlier_sessions_count_for_nothing() -> None:
    requests = ReplayRequests('learner')
    old = ask(requests)
    requests.renew()
    new = ask(requests)
    assert not requests.is_answered(answer('learner', old.session, old.number))
    assert not requests.is_answered(answer('other', new.session, new.number))
    assert requests.unanswered == (new,)
    with pytest.raises(SpecError):
        requests.is_answered(encode(Packet(1, {'x': np.zeros(1, np.float32)})))
