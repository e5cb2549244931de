"""The arm's description: inertias from its shapes, limits, and loading by another library."""

from xml.etree import ElementTree

import numpy as np
import pytest

from abm_ros.common.share import share_file

ROOT = ElementTree.parse(share_file('urdf/abm_arm.urdf')).getroot()
LINKS = ROOT.findall('link')
JOINTS = [j for j in ROOT.findall('joint') if j.get('type') == 'revolute']


def numbers(text):
    return np.array([float(x) for x in text.split()])


def shape_of(collision):
    """Return volume (m3), inertia (3, 3) of unit mass, centre (3,) of one primitive."""
    geometry = collision.find('geometry')[0]
    origin = collision.find('origin')
    centre, rpy = numbers(origin.get('xyz')), numbers(origin.get('rpy'))
    r = float(geometry.get('radius'))
    if geometry.tag == 'sphere':
        return 4 / 3 * np.pi * r**3, np.eye(3) * 0.4 * r * r, centre
    assert geometry.tag == 'cylinder'
    h = float(geometry.get('length'))
    across, along = (3 * r * r + h * h) / 12, r * r / 2
    moments = [across, across, along]
    if rpy[0]:
        assert rpy == pytest.approx([np.pi / 2, 0, 0])  # lies along y
        moments = [across, along, across]
    return np.pi * r * r * h, np.diag(moments), centre


def inertia_of(link):
    tag = link.find('inertial/inertia')
    xx, xy, xz, yy, yz, zz = (float(tag.get(k)) for k in ('ixx', 'ixy', 'ixz', 'iyy', 'iyz',
                                                          'izz'))
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


@pytest.mark.parametrize('link', LINKS, ids=lambda link: link.get('name'))
def test_inertia_follows_from_shapes_of_uniform_density(link):
    shapes = [shape_of(c) for c in link.findall('collision')]
    mass = float(link.find('inertial/mass').get('value'))
    masses = np.array([s[0] for s in shapes])
    masses *= mass / masses.sum()
    com = sum(m * s[2] for m, s in zip(masses, shapes, strict=True)) / mass
    assert numbers(link.find('inertial/origin').get('xyz')) == pytest.approx(com, abs=1e-6)
    total = np.zeros((3, 3))
    for m, (_, unit, centre) in zip(masses, shapes, strict=True):
        d = centre - com
        total += m * (unit + d @ d * np.eye(3) - np.outer(d, d))
    assert inertia_of(link) == pytest.approx(total, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize('link', LINKS, ids=lambda link: link.get('name'))
def test_inertia_is_physical(link):
    a, b, c = np.linalg.eigvalsh(inertia_of(link))
    assert a > 0
    assert a + b >= c


def test_joints_have_limits_and_dynamics():
    assert [j.get('name') for j in JOINTS] == [f'joint_{i}' for i in range(1, 8)]
    for joint in JOINTS:
        limit, dynamics = joint.find('limit'), joint.find('dynamics')
        assert float(limit.get('lower')) < float(limit.get('upper'))
        assert float(limit.get('effort')) > 0
        assert float(limit.get('velocity')) > 0
        assert float(dynamics.get('damping')) > 0
        assert float(dynamics.get('friction')) > 0


def test_shapes_are_primitive():
    kinds = {g[0].tag for g in ROOT.iter('geometry')}
    assert kinds <= {'box', 'cylinder', 'sphere'}


def test_zero_pose_stands_1_10_m_tall_and_reaches_0_80_m_from_the_shoulder():
    pin = pytest.importorskip('pinocchio')
    model = pin.buildModelFromUrdf(str(share_file('urdf/abm_arm.urdf')))
    data = model.createData()
    pin.framesForwardKinematics(model, data, np.zeros(model.nq))
    tool = data.oMf[model.getFrameId('tool')].translation
    shoulder = data.oMf[model.getFrameId('joint_2')].translation
    assert tool == pytest.approx([0, 0, 1.10], abs=1e-9)
    assert np.linalg.norm(tool - shoulder) == pytest.approx(0.80, abs=1e-9)
