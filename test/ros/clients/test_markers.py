"""What RViz is sent: markers for goal, tool, lived path, plan and imagined path."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('visualization_msgs')

from domains import new_domain
from geometry_msgs.msg import PoseStamped
from std_msgs.msg import String
from visualization_msgs.msg import Marker

from abm_ros.common.errors import SnapshotError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.ros.clients.markers import MarkerTeller
from abm_ros.ros.observation_codec import ObservationWriter

SPEC = ObservationSpec((FieldSpec('joint', 1), FieldSpec('tool', 3)), 'tool', 0.05, 1, 0.05, 10)
PATH = [np.full(3, 0.1 * step) for step in range(6)]


@pytest.fixture
def teller():
    """Keep the arrays of a teller whose models foresee PATH, with a plan of two steps."""
    import rclpy
    rclpy.init(domain_id=new_domain())
    node = rclpy.create_node('markers_tested')
    made = MarkerTeller(node, lambda models, spec, seen: (PATH, 2), 'base', 60.0)
    sent = []
    made._markers = SimpleNamespace(publish=lambda array: sent.append(array.markers))
    made._models = {'system_a/model': object(), 'system_b/model': object()}
    yield made, sent
    node.destroy_node()
    rclpy.try_shutdown()


def see(teller: MarkerTeller, step: int, episode: int = 0) -> None:
    vector = np.array([0.0, step, 0.0, 1.0], np.float32)
    teller._on_observation(ObservationWriter().write(Observation(
        step + 1, vector, np.array([0.5, 0.0, 0.25], np.float32), episode, step), SPEC))


def by_name(markers) -> dict:
    assert markers[0].action == Marker.DELETEALL     # what is no longer there goes
    return {marker.ns: marker for marker in markers[1:]}


def test_all_of_it_is_shown_in_the_frame_of_the_body(teller) -> None:
    made, sent = teller
    made._tell()
    assert sent == []                                # nothing was heard
    tool = PoseStamped()
    tool.header.frame_id, tool.pose.position.z = 'flange', 2.0
    made._on_tool(tool)
    made._on_spec(String(data=SPEC.to_json()))
    for step in range(3):
        see(made, step)
    made._tell()
    shown = by_name(sent[-1])
    assert set(shown) == {'tool', 'goal', 'lived', 'plan', 'imagined'}
    assert (shown['tool'].header.frame_id, shown['tool'].pose.position.z) == ('flange', 2.0)
    goal = shown['goal']
    assert (goal.pose.position.x, goal.pose.position.z) == (0.5, 0.25)
    assert goal.scale.x == goal.scale.z == pytest.approx(0.1)      # reached within it
    assert [point.x for point in shown['lived'].points] == [0.0, 1.0, 2.0]
    assert [point.x for point in shown['plan'].points] == pytest.approx([0.0, 0.1, 0.2])
    assert [point.x for point in shown['imagined'].points] == pytest.approx([0.2, 0.3, 0.4, 0.5])
    assert {marker.header.frame_id for name, marker in shown.items() if name != 'tool'} == {'base'}
    see(made, 0, episode=1)
    made._tell()
    assert by_name(sent[-1])['lived'].action == Marker.DELETE       # one place is no line


def test_models_that_cannot_foresee_leave_the_rest(teller) -> None:
    made, sent = teller

    def refuse(*_):
        raise SnapshotError('of another body')

    made._foresee = refuse
    made._on_spec(String(data=SPEC.to_json()))
    see(made, 0)
    made._tell()
    assert set(by_name(sent[-1])) == {'goal', 'lived'}


def test_a_goal_that_is_no_place_in_space_is_not_shown(teller) -> None:
    made, sent = teller
    flat = ObservationSpec((FieldSpec('joint', 2), FieldSpec('tool', 2)), 'tool', 0.05, 1, 0.05,
                           10)
    made._on_spec(String(data=flat.to_json()))
    see(made, 0)
    made._tell()
    assert sent == []
