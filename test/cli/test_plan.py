"""`abm plan` on a made-up arm and models: the files that it writes, and what it refuses."""

import json
from pathlib import Path

import pytest

pytest.importorskip('matplotlib')
pytest.importorskip('pybullet')

from abm_ros.agent.life import Life
from abm_ros.bodies.make import make_body
from abm_ros.cli.main import main
from abm_ros.common.spec import ObservationSpec
from abm_ros.policy.actor_learner import ActorLearner
from abm_ros.policy.config import ActorConfig
from abm_ros.robot.motor_guard import MotorConfig
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble_learner import EnsembleLearner


def spec_of_the_arm() -> ObservationSpec:
    body = make_body('bullet:reach', {'seed': 0})
    try:
        return Life(body, MotorConfig(command_interface=body.interface,
                                      control_period_s=body.control_period_s)).spec
    finally:
        body.close()


def write_models(folder: Path, version: int) -> None:
    a = EnsembleLearner.create(WorldModelConfig(latent=8, hidden=8, encoder_hidden=8, members=2),
                               spec_of_the_arm(), 0)
    b = ActorLearner.create(ActorConfig(hidden=8), a.freeze(), 0)
    a.version = b.version = version
    folder.mkdir()
    a.snapshot().save(folder / 'system_a.abm')
    b.snapshot(a.freeze()).save(folder / 'system_b.abm')


def test_both_paths_are_drawn_and_written(tmp_path: Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / 'out'
    ask = ['plan', '0.4', '-0.1', '0.3', '--run', str(tmp_path), '--out', str(out),
           '--steps', '4']
    assert main(ask) == 2
    assert 'there is no system_a.abm and no system_b.abm yet' in capsys.readouterr().err
    write_models(tmp_path / 'models', version=0)
    assert main(ask) == 2
    assert 'has not learned anything yet' in capsys.readouterr().err
    write_models(tmp_path / 'learned', version=1)
    ask[5] = str(tmp_path / 'learned')
    assert main(ask) == 1
    assert 'NOT REACHED: the body' in capsys.readouterr().out
    assert (out / 'plan.png').read_bytes().startswith(b'\x89PNG')
    told = json.loads((out / 'plan.json').read_text())
    assert told['goal'] == pytest.approx([0.4, -0.1, 0.3])
    for name in ('imagined', 'executed'):
        assert len(told[name]['achieved']) == len(told[name]['distance']) == 5
    assert told['imagined']['achieved'][0] == told['executed']['achieved'][0]
    assert told['gap'][0] == 0.0
    assert main([*ask[:3], *ask[4:]]) == 2
    assert 'of 3 numbers, got 2' in capsys.readouterr().err
