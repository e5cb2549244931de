"""
A robot of somebody else's: an independent process that speaks ros2_control's contract.

It shares nothing with the package but standard messages and a URDF file. Joint states come at
100 Hz with jitter, in an order of their own, beside a joint that nobody asked for, without
velocities and efforts. There is no tool pose and no battery. It counts what a careful
controller would have refused, and says so once a second, and at the end, as JSON lines.

Continuous joints are told within [-pi, pi], and go the shorter way round. Habits of drivers:
`parts` shows the last joint in messages of its own, with empty ones in between; `unstamped` leaves
the stamp at zero; `laps` sets the clock back every few seconds, as a simulator that is reset.

usage: robot_process.py URDF position|velocity|trajectory [plain|parts|unstamped|laps]
"""

import json
import math
import random
import signal
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import deque
from pathlib import Path

import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory

RATE_HZ = 100.0
CONTROL_PERIOD_S = 0.05
EXTRA = 'gripper_finger'
LAP_S = 5.0


class Robot:
    """Integrates commands kinematically and judges each of them."""

    def __init__(self, node, text, interface, habit):
        self.node, self.interface, self.habit = node, interface, habit
        joints = [j for j in ElementTree.fromstring(text).iter('joint')
                  if j.get('type') in ('revolute', 'continuous')]
        self.names = [j.get('name') for j in joints]
        self.endless = [j.get('type') == 'continuous' for j in joints]
        self.limits = [{key: float(j.find('limit').get(key, sign + 'inf')) for key, sign in (
            ('lower', '-'), ('upper', ''), ('velocity', ''))} for j in joints]
        self.position = [0.5 * (max(0.0, row['lower']) + min(0.8, row['upper']))
                         for row in self.limits]
        for i, endless in enumerate(self.endless):
            self.position[i] = 3.1 if endless else self.position[i]
        self.crossed = 0
        self.begun_s = time.monotonic()
        self.start = list(self.position)
        self.lately = deque([[self.told(i) for i in range(len(self.names))]], maxlen=20)
        self.goal = list(self.position)
        self.speed = [0.0] * len(self.names)
        self.commands = self.violations = 0
        self.travelled = 0.0
        self.findings = []
        self.last = None
        self.shown = self.names[::-1] + [EXTRA]
        self.random = random.Random(5)
        self.random.shuffle(self.shown)
        self.states = node.create_publisher(JointState, 'joint_states', qos_profile_sensor_data)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.description = node.create_publisher(String, 'robot_description', latched)
        self.description.publish(String(data=text))
        if interface == 'trajectory':
            node.create_subscription(JointTrajectory, 'arm_controller/joint_trajectory',
                                     self.on_trajectory, 10)
        else:
            node.create_subscription(Float64MultiArray, 'arm_controller/commands',
                                     self.on_command, 10)

    def violate(self, text):
        self.violations += 1
        if len(self.findings) < 10:
            self.findings.append(text)

    def on_trajectory(self, message):
        if list(message.joint_names) != self.names or len(message.points) != 1:
            self.violate(f'trajectory of {message.joint_names}')
            return
        point = message.points[0]
        if point.time_from_start.sec + point.time_from_start.nanosec * 1e-9 <= 0.0:
            self.violate('a point without time')
        self.take(list(point.positions))

    def on_command(self, message):
        self.take(list(message.data))

    def take(self, values):
        self.commands += 1
        if len(values) != len(self.names) or not all(map(math.isfinite, values)):
            self.violate(f'malformed command {values}')
            return
        now_s = time.monotonic()
        if self.interface == 'velocity':
            for value, row, name in zip(values, self.limits, self.names, strict=True):
                if abs(value) > row['velocity']:
                    self.violate(f'{name}: velocity {value}')
            self.speed = values
            return
        for i, (value, row) in enumerate(zip(values, self.limits, strict=True)):
            if not row['lower'] <= value <= row['upper']:
                self.violate(f'{self.names[i]}: position {value}')
            if self.last is not None:
                # One control period's motion may be on its way: arrival times jitter.
                room_s = max(CONTROL_PERIOD_S, now_s - self.last[0]) + CONTROL_PERIOD_S
                step = self.way(i, value - self.last[1][i])
                if abs(step) > row['velocity'] * room_s:
                    self.violate(f'{self.names[i]}: step {step}')
            # It answers one of the last states, which may have come just before the wrap.
            if self.endless[i] and all(abs(value - told[i]) > 1.0 for told in self.lately):
                self.violate(f'{self.names[i]}: told at {self.told(i)}, sent to {value}')
        self.last = (now_s, values)
        self.goal = values

    def step(self, period_s):
        for i, row in enumerate(self.limits):
            before = self.position[i]
            if self.interface == 'velocity':
                after = before + self.speed[i] * period_s
                if not row['lower'] <= after <= row['upper']:
                    self.violate(f'{self.names[i]}: driven to {after}')
                    after = min(row['upper'], max(row['lower'], after))
            else:
                most = row['velocity'] * period_s
                after = before + min(most, max(-most, self.way(i, self.goal[i] - before)))
            self.travelled += abs(after - before)
            turns = self.turns(before) != self.turns(after)
            self.crossed += self.endless[i] and turns
            self.position[i] = after
        if self.habit != 'parts':
            self.show(self.shown)
            return
        last = self.names[-1]
        self.show([name for name in self.shown if name != last])
        self.show([])
        self.show([last])

    def way(self, i, change):
        return math.remainder(change, math.tau) if self.endless[i] else change

    def turns(self, angle):
        return round(angle / math.tau)

    def told(self, i):
        return self.way(i, self.position[i])

    def show(self, names):
        self.lately.append([self.told(i) for i in range(len(self.names))])
        where = {name: self.told(i) for i, name in enumerate(self.names)} | {EXTRA: 0.04}
        message = JointState(name=names, position=[where[name] for name in names])
        if self.habit == 'laps':
            stamp_s = 100.0 + (time.monotonic() - self.begun_s) % LAP_S
            message.header.stamp = Time(seconds=stamp_s).to_msg()
        elif self.habit != 'unstamped':
            message.header.stamp = self.node.get_clock().now().to_msg()
        self.states.publish(message)

    def report(self):
        sys.stdout.write(json.dumps({
            'commands': self.commands, 'violations': self.violations, 'findings': self.findings,
            'travelled': self.travelled, 'crossed': self.crossed, 'position': self.position})
            + '\n')
        sys.stdout.flush()


def main():
    urdf, interface = sys.argv[1:3]
    habit = sys.argv[3] if len(sys.argv) > 3 else 'plain'
    ending = []
    signal.signal(signal.SIGINT, lambda *_: ending.append(1))
    signal.signal(signal.SIGTERM, lambda *_: ending.append(1))
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('somebodys_robot')
    robot = Robot(node, Path(urdf).read_text(), interface, habit)
    last_s, due_s, said_s = time.monotonic(), time.monotonic(), 0.0
    while not ending:
        rclpy.spin_once(node, timeout_sec=max(0.0, due_s - time.monotonic()))
        now_s = time.monotonic()
        if now_s >= due_s:
            robot.step(now_s - last_s)
            last_s = now_s
            due_s = now_s + (1.0 + robot.random.uniform(-0.6, 0.6)) / RATE_HZ
        if now_s - said_s > 1.0:
            said_s = now_s
            robot.report()
    robot.report()
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
