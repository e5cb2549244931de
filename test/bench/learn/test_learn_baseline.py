import numpy as np
import pytest

gymnasium = pytest.importorskip('gymnasium')
pytest.importorskip('stable_baselines3')

from abm_ros.bench.learn import baseline
from abm_ros.common.errors import ConfigError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Observation

Box = gymnasium.spaces.Box


def test_the_settings_are_those_of_rl_zoo():
    # DLR-RM/rl-baselines3-zoo, hyperparams/tqc.yml: PandaReach-v1 and PandaPush-v1.
    reach = baseline.hyperparameters('tqc-her', 'PandaReachJoints-v3')
    assert reach == {'buffer_size': 1_000_000, 'gamma': 0.95, 'learning_rate': 0.001,
                     'batch_size': 256, 'ent_coef': 'auto',
                     'policy_kwargs': {'net_arch': [64, 64], 'n_critics': 1}}
    push = baseline.hyperparameters('sac-her', 'PandaPush-v3')
    assert push == {'buffer_size': 1_000_000, 'gamma': 0.95, 'learning_rate': 0.001,
                    'batch_size': 2048, 'tau': 0.05,
                    'policy_kwargs': {'net_arch': [512, 512, 512], 'n_critics': 2}}


def test_an_unknown_baseline_is_refused():
    with pytest.raises(ConfigError, match=r"'ppo': expected one of sac-her, tqc-her or none"):
        baseline.require('ppo')


class _Model:
    """Answers with a corner of the actions and remembers what it saw."""

    def predict(self, seen, deterministic):
        assert deterministic
        self.seen = seen
        return np.array([3.0, 0.25], np.float32), None


class _Env:
    observation_space = gymnasium.spaces.Dict({
        'observation': Box(-9, 9, (3,)), 'achieved_goal': Box(-9, 9, (2,)),
        'desired_goal': Box(-9, 9, (2,))})
    action_space = Box(np.array([-1, 0], np.float32), np.array([3, 0.5], np.float32))


def test_a_policy_sees_the_environments_own_observation_and_its_action_is_scaled():
    spec = ObservationSpec((FieldSpec('observation', 3), FieldSpec('achieved_goal', 2)),
                           'achieved_goal', 0.1, 2, 0.05, 10)
    model = _Model()
    acting = baseline.Sb3Acting(model, _Env(), spec)
    observation = Observation(1, np.arange(5, dtype=np.float32), np.array([7, 8], np.float32), 0,
                              0)
    # 3 is the upper bound of [-1, 3], 0.25 the middle of [0, 0.5].
    assert acting.act(observation).tolist() == [1.0, 0.0]
    assert {k: v.tolist() for k, v in model.seen.items()} == {
        'observation': [0, 1, 2], 'achieved_goal': [3, 4], 'desired_goal': [7, 8]}


def test_resets_are_reproducible_and_differ_from_one_another():
    pytest.importorskip('panda_gym')
    goals = []
    for _ in range(2):
        env = baseline.make_training_env('gym:PandaReach-v3', 5)
        goals.append([env.reset()[0]['desired_goal'].tolist() for _ in range(3)])
        env.close()
    assert goals[0] == goals[1]
    assert len({tuple(g) for g in goals[0]}) == 3
