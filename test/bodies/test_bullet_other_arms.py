"""The arm in PyBullet, where it is another than ours."""

import numpy as np
import pytest

pytest.importorskip('pybullet')

from described_robots import KINDS, LIMIT, arm, joint, mesh

from abm_ros.agent.life import Life
from abm_ros.bodies.bullet import BulletArm
from abm_ros.bodies.config import BulletArmConfig
from abm_ros.common.errors import AbmError, BodyError, DescriptionError
from abm_ros.robot.motor_guard import MotorConfig

# A tetrahedron, as small as an STL file can be.
STL = b'\0' * 80 + (4).to_bytes(4, 'little') + b''.join(
    np.array([0, 0, 0, *corners], '<f4').tobytes() + b'\0\0' for corners in (
        (0, 0, 0, 0, .01, 0, .01, 0, 0), (0, 0, 0, .01, 0, 0, 0, 0, .01),
        (0, 0, 0, 0, 0, .01, 0, .01, 0), (.01, 0, 0, 0, .01, 0, 0, 0, .01)))


@pytest.fixture
def load(tmp_path):
    made = []

    def make(text, name='robot.urdf', **settings):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding='utf-8')
        made.append(BulletArm(BulletArmConfig(urdf=str(path), **settings)))
        return made[-1]
    yield make
    for body in made:
        body.close()


@pytest.mark.parametrize('kind', [k for k, v in KINDS.items() if not v.refused and not v.mesh])
def test_an_arm_of_every_kind_of_description_moves(load, kind) -> None:
    body = load(KINDS[kind].text, joints=('elbow',))
    for _ in range(40):
        state = body.step(np.array([0.5]))
    assert body.command_joints == ('elbow',)
    assert state.position == pytest.approx([0.5], abs=0.05)
    # 0.4 m out, the last 0.3 m of it bent down by 0.5 rad; the camera is no tool.
    np.testing.assert_allclose(state.tool_position, [
        0.4 + 0.3 * np.cos(0.5), 0.0, 0.2 - 0.3 * np.sin(0.5)], atol=0.02)


@pytest.mark.parametrize('kind', [k for k, v in KINDS.items() if v.refused or v.mesh])
def test_any_other_is_refused_in_one_line(load, kind) -> None:
    with pytest.raises(AbmError, match=KINDS[kind].mesh or KINDS[kind].refused) as caught:
        load(KINDS[kind].text)
    assert '\n' not in str(caught.value)


def test_goals_lie_where_the_arm_was_found_to_reach(load) -> None:
    """A shoulder about z and an elbow about y: a ring of 0.4 m, and 0.3 m around it."""
    body = load(arm(), horizon=1, seed=3)
    goals = np.array([body.step(np.zeros(2)).goal for _ in range(60)])
    ring = np.linalg.norm(goals[:, :2], axis=1) - 0.4
    np.testing.assert_allclose(np.hypot(ring, goals[:, 2] - 0.2), 0.3, atol=1e-3)
    assert len({tuple(goal) for goal in goals}) > 30
    again = load(arm(), horizon=1, seed=3)
    assert np.array_equal([again.step(np.zeros(2)).goal for _ in range(60)], goals)


def test_another_arm_rests_where_its_tool_can_be_moved_in_all_directions(load) -> None:
    """Stretched, as it is at 0, an arm moves its tool in no direction along itself."""
    three = arm(after='<link name="tip"/>' + joint('wrist', 'tool0', 'tip', '0 0 0', '0 1 0')
                + '<link name="tool1"/>' + joint('end', 'tip', 'tool1', '0.2 0 0', limit='',
                                                 kind='fixed'))
    wrist = load(three).state().position[2]
    assert abs(np.sin(wrist)) > 0.5, 'stretched'


def test_a_planar_arm_gets_goals_in_its_plane(load) -> None:
    body = load(arm().replace('axis xyz="0 1 0"', 'axis xyz="0 0 1"'), horizon=1)
    goals = np.array([body.step(np.zeros(2)).goal for _ in range(40)])
    np.testing.assert_allclose(goals[:, 2], 0.2, atol=1e-4)
    assert np.ptp(np.linalg.norm(goals[:, :2], axis=1)) > 0.03


def test_no_goal_lies_where_the_arm_would_hit_the_ground(load) -> None:
    """A forearm of 0.3 m that bends down alone, 0.2 m above the ground."""
    rod = '<collision><geometry><box size="0.02 0.02 0.02"/></geometry></collision>'
    text = arm(elbow=LIMIT.replace('-2', '-0.1')).replace(
        '<link name="tool0"/>', f'<link name="tool0">{rod}</link>')
    body = load(text, horizon=1)
    heights = [body.step(np.zeros(2)).goal[2] for _ in range(200)]
    assert 0.0 < min(heights) < 0.05


def test_a_box_that_is_asked_for_is_kept_to(load) -> None:
    body = load(arm(), horizon=1, reach_low=(0.5, 0.0, 0.1), reach_high=(0.5, 0.0, 0.3))
    for _ in range(20):
        goal = body.step(np.zeros(2)).goal
        assert (goal[0], goal[1]) == (0.5, 0.0)


@pytest.mark.parametrize('where', ['package_path', 'package itself', 'ament', 'above', 'beside'])
def test_meshes_are_found_where_packages_are(load, tmp_path, monkeypatch, where) -> None:
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path / 'nothing'))
    folder = {'ament': tmp_path / 'install/share', 'above': tmp_path / 'src',
              'beside': tmp_path / 'src/my arm'}.get(where, tmp_path / 'ws')
    place = folder if where == 'beside' else folder / 'my arm'
    place.mkdir(parents=True)
    (place / 'upper.stl').write_bytes(STL)
    settings = {}
    if where == 'ament':
        monkeypatch.setenv('AMENT_PREFIX_PATH', f'{tmp_path / "no"}:{tmp_path / "install"}')
    elif where == 'package_path':
        settings = {'package_path': (str(tmp_path / 'no'), str(folder))}
    elif where == 'package itself':
        settings = {'package_path': (str(place),)}
    name = 'upper.stl' if where == 'beside' else 'package://my arm/upper.stl'
    text = arm(upper=mesh(name), after='<gazebo><plugin filename="nothing.so"/></gazebo>')
    body = load(text, 'src/my arm/urdf/r.urdf' if where != 'beside' else 'src/my arm/r.urdf'
                if where in ('above', 'beside') else 'elsewhere/r.urdf', **settings)
    assert name in body.description(), 'others find it by that name'


def test_a_mesh_that_is_not_there_is_named_with_where_to_look(load) -> None:
    with pytest.raises(BodyError, match=r'package://no_such_pkg/upper.stl.*AMENT_PREFIX_PATH'
                                        r'.*--package-path'):
        load(KINDS['mesh of no package'].text)


def test_another_tool_and_a_file_that_is_not_there(load, tmp_path) -> None:
    text = KINDS['camera described last'].text
    tool = load(text, tool_link='fore').state().tool_position
    assert np.linalg.norm(tool - [0.0, 0.0, 0.2]) == pytest.approx(0.4)
    for link in ('claw', 'cam'):
        with pytest.raises(DescriptionError, match=link):
            load(text, tool_link=link)
    with pytest.raises(DescriptionError, match='cannot read the URDF'):
        BulletArm(BulletArmConfig(urdf=str(tmp_path / 'none.urdf')))


def test_an_effort_that_is_not_told_is_needed_by_effort_commands_alone(load) -> None:
    text = KINDS['effort of zero'].text
    body = load(text)
    for _ in range(40):
        state = body.step(np.array([0.5, 0.3]))
    assert state.position == pytest.approx([0.5, 0.3], abs=0.02)
    with pytest.raises(DescriptionError, match='effort'):
        load(text, interface='effort')


def test_a_life_commands_the_joints_that_were_chosen(load) -> None:
    body = load(KINDS['wheel without limits'].text, joints=('elbow',))
    life = Life(body, MotorConfig())
    assert life.spec.action_size == 1
    assert [f.size for f in life.spec.fields] == [1, 1, 3]


def test_frames_without_inertia_weigh_nothing(load) -> None:
    """PyBullet gives a link of which nothing is told 1 kg and 1 kg m^2: a wrist cannot turn it."""
    body = ('<inertial><origin xyz="0.1 0 0"/><mass value="0.5"/><inertia ixx="0.001" '
            'iyy="0.001" izz="0.001" ixy="0" ixz="0" iyz="0"/></inertial>')
    text = arm(LIMIT.replace('30', '4'), LIMIT.replace('30', '4'), upper=body).replace(
        '<link name="fore"/>', f'<link name="fore">{body}</link>')
    moved = load(text)
    # Gravity asks for 0.5 kg x 9.81 m/s^2 x 0.1 m = 0.5 Nm of the 4 Nm at the elbow.
    start = moved.state().position
    for _ in range(10):
        state = moved.step(start + 0.05)
    assert state.position == pytest.approx(start + 0.05, abs=0.005)


def test_links_that_overlap_where_the_arm_rests_do_not_jam_it(load) -> None:
    """Around a wrist, shapes of links that are no neighbours often do."""
    box = '<collision><geometry><box size="0.8 0.04 0.04"/></geometry></collision>'
    text = arm(upper=box).replace('<link name="tool0"/>', f'<link name="tool0">{box}</link>')
    body = load(text)
    for _ in range(40):
        state = body.step(np.array([0.3, -0.3]))
    assert state.position == pytest.approx([0.3, -0.3], abs=0.02)
