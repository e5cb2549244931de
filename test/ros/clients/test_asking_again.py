import pytest

pytest.importorskip('rclpy')

from rclpy.task import Future
from std_srvs.srv import Trigger

from abm_ros.ros.clients import operator as operator_client
from abm_ros.ros.clients.operator import Operator


class _Service:
    """A client whose first answers are lost, and the node and executor around it."""

    def __init__(self, lost):
        self.lost, self.asked = lost, 0

    def create_client(self, kind, service):
        return self

    def service_is_ready(self):
        return True

    def call_async(self, request):
        self.asked += 1
        future = Future()
        if self.asked > self.lost:
            future.set_result(Trigger.Response(success=True, message=f'answer {self.asked}'))
        return future

    def spin_once(self, timeout_sec):
        pass


@pytest.mark.parametrize('lost', [0, 2])
def test_what_is_not_answered_is_asked_again(lost, monkeypatch):
    monkeypatch.setattr(operator_client, '_REPEAT_S', 0.01)
    asking, service = Operator.__new__(Operator), _Service(lost)
    asking._node = asking._executor = service
    asking._timeout_s = 5.0
    answers = asking._ask({'system_m': (Trigger, 'system_m/hold', Trigger.Request())})
    assert answers['system_m'].message == f'answer {lost + 1}'
    assert service.asked == lost + 1
    asking._timeout_s, service.lost = 0.05, 10 ** 9
    assert asking._ask({'system_m': (Trigger, 'system_m/hold', Trigger.Request())}) == {
        'system_m': None}
