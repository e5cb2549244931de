"""Forward kinematics of a described arm, by pinocchio; for robots that publish no tool pose."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

import numpy as np

from abm_ros.common.errors import DescriptionError
from abm_ros.robot.links import Links
from abm_ros.robot.urdf_text import parse

# The elements of a joint that say how it moves.
_KEPT = ('parent', 'child', 'origin', 'axis')


class ForwardKinematics:
    """The position of a tool frame from joint positions."""

    def __init__(self, text: str, joints: Sequence[str], tool: str = '') -> None:
        """
        Build the model.

        :param text: the robot description (URDF).
        :param joints: the joints whose positions will be given, in that order.
        :param tool: the tool's link; '' takes the tip of the longest actuated chain.
        :raises DescriptionError: pinocchio is missing or cannot use the description.
        """
        try:
            import pinocchio
        except ImportError as error:
            raise DescriptionError(
                'the tool pose must be computed, which needs pinocchio: install abm_ros[sim] '
                'by pip or the ROS package pinocchio, or publish tool_pose') from error
        self._pin = pinocchio
        self.tool = Links(text).tool(joints, tool)
        try:
            self._model = pinocchio.buildModelFromXML(_skeleton(text))
        except (ValueError, RuntimeError) as error:
            reason = ' '.join(str(error).split())
            raise DescriptionError(f'pinocchio cannot use the description: {reason}') from error
        self._frame = self._model.getFrameId(self.tool.link, pinocchio.FrameType.BODY)
        self._data = self._model.createData()
        chosen = [self._model.joints[self._model.getJointId(name)] for name in joints]
        self._slots = [(joint.idx_q, joint.nq) for joint in chosen]
        # Joints that are not commanded are at 0, or at the nearest position within their limits.
        self._q = np.clip(pinocchio.neutral(self._model), self._model.lowerPositionLimit,
                          self._model.upperPositionLimit)

    def tool_position(self, position: np.ndarray) -> np.ndarray:
        """
        Return the tool's position (3,) m in the base frame.

        :param position: (J,) rad or m.
        """
        for (start, width), value in zip(self._slots, position, strict=True):
            if width == 2:  # a continuous joint is stored as its cosine and sine
                self._q[start:start + 2] = np.cos(value), np.sin(value)
            else:
                self._q[start] = value
        self._pin.forwardKinematics(self._model, self._data, self._q)
        placement = self._pin.updateFramePlacement(self._model, self._data, self._frame)
        return np.array(placement.translation)


def _skeleton(text: str) -> str:
    """
    Return a URDF of links and joints alone.

    The library's parser refuses a whole robot for a wrong colour or effort limit.
    """
    skeleton = ElementTree.Element('robot', name='skeleton')
    root = parse(text)
    for link in root.findall('link'):
        ElementTree.SubElement(skeleton, 'link', name=link.get('name', ''))
    for joint in root.findall('joint'):
        kept = ElementTree.SubElement(skeleton, 'joint', name=joint.get('name', ''),
                                      type=joint.get('type', ''))
        kept.extend(element for element in joint if element.tag in _KEPT)
        limit = joint.find('limit')
        ends = {} if limit is None else limit.attrib
        ElementTree.SubElement(kept, 'limit', {
            'velocity': '1', 'effort': '1', 'lower': ends.get('lower', '0'),
            'upper': ends.get('upper', '0')})
    return ElementTree.tostring(skeleton, encoding='unicode')
