"""In lock-step the graph and the in-process agent take the same steps from the same seed."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pybullet')
torch = pytest.importorskip('torch')

from graph_harness import ROOT, running, wait_until
from std_msgs.msg import Float32MultiArray

from abm_ros.agent.agent import Agent
from abm_ros.agent.life import Life
from abm_ros.agent.settings import AgentSettings
from abm_ros.bodies.make import make_body
from abm_ros.bodies.shift.body import ShiftingBody
from abm_ros.bodies.shift.script import load_script
from abm_ros.bringup.graph import GraphOptions, describe
from abm_ros.memory.schedule import ScheduleConfig
from abm_ros.meta.phi import load_phi
from abm_ros.policy.planner import Objective
from abm_ros.robot.motor_guard import MotorConfig
from abm_ros.ros.codec import decode
from abm_ros.world_model.worlds.config import WorldsConfig

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]
SHORT = {'first_updates': 40, 'updates': 10}    # rounds of the same kind, told sooner
STILL = 'version: 1\nbody: bullet:reach\nsteps: 100\n'
CHANGE = STILL + 'shifts: [{at: 45, kind: gain, value: -1}]\n'
# So soon in a life that a change is told within a minute.
EARLY = {'worlds': True, 'calibration_steps': 10, 'calibration_error': 100.0}
Steps = dict[int, tuple[np.ndarray, np.ndarray]]


def steps_of_the_graph(body: str, seed: int, folder, life: str, worlds: dict, count: int) -> Steps:
    """Return action and command of the first steps by the stamp of their state."""
    seen: Steps = {}

    def take(message: Float32MultiArray) -> None:
        packet = decode(message)
        seen.setdefault(packet.stamp_ns,
                        (packet.array('action').copy(), packet.array('command').copy()))

    options = GraphOptions(body=body, directory=str(folder), seed=seed, lock_step=True,
                           use_sim_time=True, pin_mode='task', worlds=worlds['worlds'],
                           phi=str(folder / 'phi.yaml'))
    # What signals modulate takes effect by the clock, not by the step.
    (folder / 'phi.yaml').write_text(''.join(
        line for line in (ROOT / 'config' / 'phi.yaml').read_text().splitlines(keepends=True)
        if 'modulated: {exploration: {world' not in line))
    script = folder / 'life.yaml'
    script.write_text(life)
    changes = {'system_a_learner': SHORT, 'system_b_learner': SHORT, 'system_a': worlds,
               'bullet_arm': {'life': str(script)}, 'gym_body': {'life': str(script)}}
    nodes = [replace(spec, parameters={**spec.parameters, **changes.get(spec.name, {})})
             for spec in describe(options)]
    with running(nodes, folder) as (_, observer):
        observer.node.create_subscription(Float32MultiArray, 'motor_gate/executed', take, 500)
        wait_until(lambda: len(seen) >= count, lambda: (
            f'{len(seen)} steps of {count}; telemetry: {observer.telemetry}'), 150.0)
    return seen


@pytest.mark.parametrize(('body', 'life', 'worlds', 'steps'), [
    ('bullet:reach', CHANGE, EARLY, 60), ('gym:PandaReach-v3', STILL, {'worlds': False}, 38)],
    ids=['bullet', 'gym'])
def test_the_first_steps_are_the_same(body, life, worlds, steps, tmp_path):
    if body.startswith('gym:'):
        pytest.importorskip('panda_gym')
    torch.set_num_threads(1)
    seen = steps_of_the_graph(body, 3, tmp_path, life, worlds, steps)
    modulation = load_phi((ROOT / 'config' / 'phi.yaml').read_text()).modes['task'].modulation
    simulated = ShiftingBody(make_body(body, {'seed': 3}), load_script(life).events, 3)
    lived = Life(simulated, MotorConfig(command_interface=simulated.interface,
                                        control_period_s=simulated.control_period_s))
    agent = Agent(AgentSettings(schedule=ScheduleConfig(**SHORT), worlds=WorldsConfig(**worlds)),
                  lived.spec, 3)
    agent.objective = Objective(modulation.goal_weight, modulation.intrinsic_weight,
                        modulation.exploration)
    for number, (stamp_ns, step) in enumerate(zip(sorted(seen), lived.live(agent), strict=False)):
        assert step.observation.stamp_ns == stamp_ns, number
        action, command = seen[stamp_ns]
        assert np.array_equal(action, step.executed), number
        assert np.array_equal(command, step.command.astype(np.float32)), number
        if number + 1 == steps:
            break
    simulated.close()
    assert number + 1 == steps
    assert (agent.believed_world > 0) == (life == CHANGE)     # acted on, from both sides
    assert agent.rounds >= 2         # what was compared was learned on the way
