"""
An episodic memory as an MCAP bag of standard ROS 2 messages, for Foxglove, rosbag2 and others.

Every step gives the messages of the graph, at the stamp of its observation and with its step id as
sequence number: `/observation` and `/motor_gate/executed` (std_msgs/Float32MultiArray with named
dimensions), images as sensor_msgs/CompressedImage (PNG), `/joint_states` if joints are observed,
`/task/success` and `/task/reward` if the task told them, and `/memory/step` (std_msgs/String,
JSON) with the rest: episode, mode, provenance, success, signals. Nothing is rounded, so that an
import restores the same steps.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.common.packing import encode_png
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import PROVENANCES
from abm_ros.exchange import ros_schemas
from abm_ros.exchange.files import whole_file
from abm_ros.exchange.names import (
    EXECUTED,
    JOINT_POSITION,
    JOINT_STATES,
    JOINT_VELOCITY,
    METADATA,
    OBSERVATION,
    REWARD,
    STEP,
    SUCCESS,
    image_topic,
    needed,
)
from abm_ros.memory.record.blocks import StepBlock
from abm_ros.memory.record.reader import StoreReader

_SECOND = 1_000_000_000


def export_mcap(reader: StoreReader, target: Path,
                progress: Callable[[int], None] = lambda _: None) -> int:
    """
    Write a bag; it appears under its name only when it is complete.

    :param progress: called with the number of steps written so far.
    :return: the number of messages.
    :raises StoreError: the target exists or cannot be written, or a chunk is damaged.
    """
    writer_module = needed('mcap_ros2.writer')
    with whole_file(target) as path, open(path, 'wb') as stream, \
            writer_module.Writer(stream) as writer:
        writer.add_metadata(METADATA, {'observation_spec': reader.spec.to_json(), 'version': '1'})
        bag = _Bag(writer, reader.spec)
        steps = 0
        for block in reader.all_blocks():
            bag.write(block)
            steps += len(block)
            progress(steps)
        return bag.messages


class _Bag:
    def __init__(self, writer: Any, spec: ObservationSpec) -> None:
        self._writer, self._spec = writer, spec
        self._schemas = {name: writer.register_msgdef(name, text)
                         for name, text in ros_schemas.DEFINITIONS.items()}
        self._plain = [f for f in spec.fields if not f.is_image]
        names = {f.name for f in self._plain}
        self._joints = JOINT_POSITION in names
        self._velocity = JOINT_VELOCITY in names
        self.messages = 0

    def write(self, block: StepBlock) -> None:
        """Write the messages of a block's steps."""
        spec, numbers = self._spec, self._spec.numbers
        fields = [*((f.name, f.size) for f in self._plain), ('desired_goal', spec.goal_size)]
        for i in range(len(block)):
            number, stamp = int(block.id[i]), int(block.stamp_ns[i])
            row = block.rows[i]
            tag = {'episode': int(block.episode[i]), 'step': int(block.index[i])}
            self._put(OBSERVATION, ros_schemas.FLOATS, number, stamp, floats(
                stamp, fields, row[:numbers + spec.goal_size], tag))
            self._images(block.pixels[i], number, stamp)
            if self._joints:
                self._put(JOINT_STATES, ros_schemas.JOINT_STATE, number, stamp,
                          self._joint_state(row, stamp, tag))
            if block.acted[i]:
                self._put(EXECUTED, ros_schemas.FLOATS, number, stamp, floats(
                    stamp, [('action', spec.action_size)], row[numbers + spec.goal_size:], {}))
            if block.told[i]:
                self._put(SUCCESS, ros_schemas.BOOL, number, stamp,
                          {'data': bool(block.success[i])})
            if math.isfinite(block.reward[i]):
                self._put(REWARD, ros_schemas.NUMBER, number, stamp,
                          {'data': float(block.reward[i])})
            self._put(STEP, ros_schemas.STRING, number, stamp, {'data': json.dumps({
                'id': number, **tag, 'stamp_ns': stamp, 'mode': block.modes[block.mode[i]],
                'success': bool(block.success[i]), 'provenance': PROVENANCES[block.origin[i]],
                'acted': bool(block.acted[i]), 'novelty': known(block.signals[i, 0]),
                'surprise': known(block.signals[i, 1]), 'told': bool(block.told[i]),
                'reward': known(block.reward[i]), 'world': int(block.world[i])})})

    def _images(self, pixels: np.ndarray, number: int, stamp: int) -> None:
        start = 0
        for field in self._spec.images:
            image = pixels[start:start + field.size].reshape(field.shape)
            start += field.size
            self._put(image_topic(field.name), ros_schemas.IMAGE, number, stamp, {
                'header': header(stamp, field.name), 'format': 'png', 'data': encode_png(image)})

    def _joint_state(self, row: np.ndarray, stamp: int, tag: Mapping[str, int]) -> dict[str, Any]:
        position = row[self._spec.slice_of(JOINT_POSITION)].astype(float).tolist()
        velocity = (row[self._spec.slice_of(JOINT_VELOCITY)].astype(float).tolist()
                    if self._velocity else [])
        return {'header': header(stamp, f'episode/{tag["episode"]}/{tag["step"]}'),
                'name': [f'joint_{n + 1}' for n in range(len(position))],
                'position': position, 'velocity': velocity, 'effort': []}

    def _put(self, topic: str, kind: str, number: int, stamp: int,
             message: Mapping[str, Any]) -> None:
        self._writer.write_message(topic, self._schemas[kind], message, log_time=stamp,
                                   publish_time=stamp, sequence=number & 0xffff_ffff)
        self.messages += 1


def header(stamp_ns: int, frame: str) -> dict[str, Any]:
    """Return a std_msgs/Header."""
    seconds, rest = divmod(stamp_ns, _SECOND)
    return {'stamp': {'sec': seconds, 'nanosec': rest}, 'frame_id': frame}


def floats(stamp_ns: int, fields: list[tuple[str, int]], values: np.ndarray,
           attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a std_msgs/Float32MultiArray as the graph's codec lays it out."""
    seconds, rest = divmod(stamp_ns, _SECOND)
    label = f'stamp={seconds}.{rest:09d}' + ''.join(f';{k}={v}' for k, v in attributes.items())
    dims = [(label, values.size), *fields]
    return {'layout': {'dim': [{'label': name, 'size': size, 'stride': size}
                               for name, size in dims], 'data_offset': 0},
            'data': values.tolist()}


def known(value: float) -> float | None:
    """Return a number for JSON, None for nan."""
    return None if math.isnan(value) else float(value)
