"""`abm markers`: what it refuses, and what it imagines with."""

import sys
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')

from abm_ros.agent import foresight
from abm_ros.cli.main import main
from abm_ros.cli.markers import Foreseeing
from abm_ros.common.errors import SnapshotError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Observation
from abm_ros.policy.actor_learner import ActorLearner
from abm_ros.policy.config import ActorConfig
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.ensemble_learner import EnsembleLearner

SPEC = ObservationSpec((FieldSpec('joint', 1), FieldSpec('tool', 3)), 'tool', 0.05, 1, 0.05, 10)


def models():
    a = EnsembleLearner.create(WorldModelConfig(latent=8, hidden=8, encoder_hidden=8, members=2),
                               SPEC, 0)
    b = ActorLearner.create(ActorConfig(hidden=8), a.freeze(), 0)
    a.version = b.version = 1
    return a.snapshot(), b.snapshot(a.freeze())


def test_without_its_messages_and_with_bad_options_it_ends_in_a_line(monkeypatch, capsys):
    for module in ('visualization_msgs', 'visualization_msgs.msg'):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, 'abm_ros.ros.clients.markers', raising=False)
    for options, words in (([], "pip install 'abm_ros[ros]'"),
                           (['--steps', '0'], 'at least 1'),
                           (['--period', 'nan'], 'expected 0.05 to 60 s')):
        assert main(['markers', *options]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count('\n') == 1


def test_the_path_begins_at_what_is_seen_and_models_are_opened_once(monkeypatch):
    opened = []
    real = foresight.Foresight
    monkeypatch.setattr(foresight, 'Foresight',
                        lambda *given: opened.append(given) or real(*given))
    foresee, pair = Foreseeing(3), models()
    seen = Observation(1, np.array([0.1, 0.2, 0.3, 0.4], np.float32),
                       np.full(3, 9.0, np.float32), 0, 0)
    for _ in range(2):
        path, horizon = foresee(tuple(pair), SPEC, seen)
    assert len(opened) == 1
    assert horizon == int(pair[1].meta['horizon'])
    assert (len(path), path[0].tolist()) == (4, pytest.approx([0.2, 0.3, 0.4]))
    foresee(models(), SPEC, seen)
    assert len(opened) == 2
    with pytest.raises(SnapshotError, match='of another body'):
        foresee(models(), replace(SPEC, action_size=2), seen)
