"""Forward kinematics of a described arm, by pinocchio; for robots that publish no tool pose."""

from collections.abc import Sequence

import numpy as np

from abm_ros.common.errors import DescriptionError


class ForwardKinematics:
    """The position of a tool frame from joint positions."""

    def __init__(self, text: str, joints: Sequence[str], tool: str = '') -> None:
        """
        Build the model.

        :param text: the robot description (URDF).
        :param joints: the joints whose positions will be given, in that order.
        :param tool: the tool's link; '' takes the last link of the description.
        :raises DescriptionError: pinocchio is missing or cannot use the description.
        """
        try:
            import pinocchio
        except ImportError as error:
            raise DescriptionError(
                'the tool pose must be computed, which needs pinocchio: install abm_ros[sim] '
                'by pip or the ROS package pinocchio, or publish tool_pose') from error
        self._pin = pinocchio
        try:
            self._model = pinocchio.buildModelFromXML(text)
        except (ValueError, RuntimeError) as error:
            raise DescriptionError(f'pinocchio cannot use the description: {error}') from error
        frames = [frame.name for frame in self._model.frames]
        if tool and tool not in frames:
            raise DescriptionError(f"no link '{tool}' in the robot description, "
                                   f'expected one of {", ".join(frames)}')
        self._frame = frames.index(tool) if tool else len(frames) - 1
        self._data = self._model.createData()
        self._slots = []
        for name in joints:
            if not self._model.existJointName(name):
                raise DescriptionError(f"no joint '{name}' in the robot description")
            joint = self._model.joints[self._model.getJointId(name)]
            self._slots.append((joint.idx_q, joint.nq))
        self._q = pinocchio.neutral(self._model)

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
