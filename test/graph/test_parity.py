"""In lock-step the graph and the in-process agent take the same steps from the same seed."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')
torch = pytest.importorskip('torch')

from graph_harness import ROOT, running, wait_until
from std_msgs.msg import Float32MultiArray

from abm_ros.agent.agent import Agent, AgentSettings
from abm_ros.agent.life import Life
from abm_ros.bodies.make import make_body
from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.memory.schedule import ScheduleConfig
from abm_ros.meta.phi import load_phi
from abm_ros.policy.planner import Objective
from abm_ros.robot.motor_guard import MotorConfig
from abm_ros.ros.codec import decode

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]
STEPS = 38
SHORT = {'first_updates': 40, 'updates': 10}    # rounds of the same kind, told sooner


def steps_of_the_graph(body: str, seed: int, folder) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return action and command of the first steps by the stamp of their state."""
    seen: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def take(message: Float32MultiArray) -> None:
        packet = decode(message)
        seen.setdefault(packet.stamp_ns,
                        (packet.array('action').copy(), packet.array('command').copy()))

    options = GraphOptions(body=body, directory=str(folder), seed=seed, lock_step=True,
                           use_sim_time=True, pin_mode='task')
    nodes = [replace(spec, parameters={**spec.parameters, **SHORT})
             if spec.name.endswith('_learner') else spec for spec in describe(options)]
    with running(nodes, folder) as (_, observer):
        observer.node.create_subscription(Float32MultiArray, 'motor_gate/executed', take, 500)
        wait_until(lambda: len(seen) >= STEPS, lambda: (
            f'{len(seen)} steps of {STEPS}; telemetry: {observer.telemetry}'), 150.0)
    return seen


@pytest.mark.parametrize('body', ['bullet:reach', 'gym:PandaReach-v3'])
def test_the_first_steps_are_the_same(body, tmp_path):
    if body.startswith('gym:'):
        pytest.importorskip('panda_gym')
    torch.set_num_threads(1)
    seen = steps_of_the_graph(body, 3, tmp_path)
    modulation = load_phi((ROOT / 'config' / 'phi.yaml').read_text()).modes['task'].modulation
    simulated = make_body(body, {'seed': 3})
    life = Life(simulated, MotorConfig(command_interface=simulated.interface,
                                       control_period_s=simulated.control_period_s))
    agent = Agent(AgentSettings(schedule=ScheduleConfig(**SHORT)), life.spec, 3)
    agent.objective = Objective(modulation.goal_weight, modulation.intrinsic_weight,
                        modulation.exploration)
    for number, (stamp_ns, step) in enumerate(zip(sorted(seen), life.live(agent), strict=False)):
        assert step.observation.stamp_ns == stamp_ns, number
        action, command = seen[stamp_ns]
        assert np.array_equal(action, step.executed), number
        assert np.array_equal(command, step.command.astype(np.float32)), number
        if number + 1 == STEPS:
            break
    simulated.close()
    assert number + 1 == STEPS
    assert agent.rounds >= 2         # what was compared was learned on the way
