"""System A learns, does not collapse, repeats itself bit for bit and goes on from a snapshot."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save
from tiny_bodies import LinearSystem, trained

from abm_ros.common.errors import NonFiniteError, SnapshotError, SpecError
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.common.transition import Batch
from abm_ros.world_model import evaluation
from abm_ros.world_model.config import WorldModelConfig
from abm_ros.world_model.contract import Metrics
from abm_ros.world_model.ensemble_learner import EnsembleLearner

SMALL = WorldModelConfig(latent=12, hidden=16, encoder_hidden=16)


def learn(config: WorldModelConfig, updates: int, seed: int = 0) -> EnsembleLearner:
    body, rng = LinearSystem(), np.random.default_rng(seed)
    state = EnsembleLearner.create(config, body.spec, seed)
    for _ in range(updates):
        state.learn(body.batch(rng, 64, 2))
    return state


def evaluate(learner: EnsembleLearner, batch: Batch) -> Metrics:
    return evaluation.evaluate(learner.freeze(), batch)


def held_out(horizon: int = 3) -> Batch:
    return LinearSystem().batch(np.random.default_rng(99), 256, horizon)


def test_a_new_model_is_as_good_as_persistence() -> None:
    result = evaluate(learn(SMALL, 0), held_out())
    assert result['model_error'] == pytest.approx(1.0, abs=1e-4)
    assert result['rollout_error'] == pytest.approx(1.0, abs=1e-4)
    assert result['uncertainty'] == 0.0


def test_a_linear_system_is_learned_in_few_updates() -> None:
    result = evaluate(learn(SMALL, 250), held_out())
    assert result['model_error'] < 0.02
    assert result['rollout_error'] < 0.03


def test_latents_do_not_collapse_even_without_the_readout() -> None:
    """The system has 6 independent dimensions; a collapse would show as a rank near 1."""
    for config in (SMALL, replace(SMALL, readout_gradient=False, target_rate=1.0)):
        result = evaluate(learn(config, 200), held_out())
        assert result['observation_rank'] == pytest.approx(6.0, abs=0.1)
        assert result['effective_rank'] > 4.5


def test_the_members_doubt_what_they_never_saw() -> None:
    state, near = learn(SMALL, 250), held_out(1)
    far = replace(near, numbers=near.observation + np.float32(6.0))
    seen, unseen = (evaluate(state, b)['uncertainty'] for b in (near, far))
    assert unseen > 2 * seen > 0


def test_one_seed_gives_the_same_bits() -> None:
    first, second, other = (learn(SMALL, 5, s).snapshot().to_bytes()
                            for s in (1, 1, 2))
    assert first == second
    assert first != other


def test_padding_under_the_mask_teaches_nothing() -> None:
    batch = held_out(3)
    mask = batch.mask.copy()
    mask[:, 1:] = 0
    rubbish = batch.observation.copy()
    rubbish[:, 2:] = batch.observation[:, 1:2]
    padded = replace(batch, numbers=rubbish, mask=mask)
    other = replace(padded, action=np.where(mask[..., None] > 0, batch.action, 0.3))
    states = [learn(SMALL, 3) for _ in range(2)]
    for state, data in zip(states, (padded, other), strict=True):
        state.learn(data)
    for name, tensor in states[0].params.items():
        assert torch.equal(tensor, states[1].params[name]), name


def test_a_constant_dimension_does_no_harm() -> None:
    body, rng = LinearSystem(), np.random.default_rng(0)
    spec = ObservationSpec((*body.spec.fields, FieldSpec('fixed', 1)), 'goal', 0.1, 3, 0.05, 20)
    state = EnsembleLearner.create(SMALL, spec, 0)

    def widened(batch: Batch) -> Batch:
        fixed = np.full((*batch.observation.shape[:2], 1), 7.0, np.float32)
        return replace(batch, numbers=np.concatenate([batch.observation, fixed], -1))

    for _ in range(250):
        state.learn(widened(body.batch(rng, 64, 2)))
    assert evaluate(state, widened(held_out()))['model_error'] < 0.02


def test_a_broken_batch_is_refused() -> None:
    state, batch = learn(SMALL, 0), held_out()
    broken = batch.observation.copy()
    broken[3, 1, 2] = np.nan
    with pytest.raises(NonFiniteError):
        state.learn(replace(batch, numbers=broken))
    with pytest.raises(SpecError, match='action'):
        state.learn(replace(batch, action=batch.action[..., :2]))
    assert state.version == 0


def test_a_snapshot_goes_on_learning_with_the_same_weights() -> None:
    state = learn(SMALL, 20)
    back = EnsembleLearner.restore(state.snapshot(), state.spec)
    assert (back.version, back.lineage) == (20, state.lineage)
    assert evaluate(back, held_out()) == evaluate(state, held_out())
    before = evaluate(back, held_out())['model_error']
    rng = np.random.default_rng(5)
    for _ in range(100):
        back.learn(LinearSystem().batch(rng, 64, 2))
    assert evaluate(back, held_out())['model_error'] < 0.5 * before
    assert back.version == 120


def test_snapshots_that_do_not_fit_are_refused() -> None:
    body, a, b = trained()
    with pytest.raises(SnapshotError, match='system_a'):
        EnsembleLearner.restore(b, body.spec)
    with pytest.raises(SnapshotError, match='another body'):
        EnsembleLearner.restore(a, LinearSystem(size=7).spec)
    arrays = load(a.blobs['weights'])
    wrong = {'encoder.skip': np.zeros((2, 2), np.float32)}
    nan = {'moments.mean': np.full(6, np.nan, np.float32)}
    for blobs in ({}, {'weights': b'rubbish'}, {'weights': save(arrays | wrong)},
                  {'weights': save(arrays | nan)}):
        with pytest.raises(SnapshotError):
            EnsembleLearner.restore(replace(a, blobs=blobs), body.spec)
    for change in ({'config': {'depth': 3}}, {'config': {'latent': 13}}, {'meta': {}}):
        with pytest.raises(SnapshotError):
            EnsembleLearner.restore(replace(a, **change), body.spec)


def test_effective_rank_of_known_spectra() -> None:
    signs = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert evaluation.effective_rank(signs) == pytest.approx(2.0)
    assert evaluation.effective_rank(signs * torch.tensor([1.0, 0.0])) == pytest.approx(1.0)


def test_what_does_not_learn_stays_as_it_began() -> None:
    fresh = learn(SMALL, 0).params
    for learns, parts in (('dynamics', {'inverse', 'predictor'}), ('nothing', set()),
                          ('all', {'encoder', 'inverse', 'predictor', 'readout'})):
        state = learn(replace(SMALL, learns=learns), 5)
        moved = {name.partition('.')[0] for name, p in state.params.items()
                 if not torch.equal(p, fresh[name])}
        assert moved == parts | {'moments'}
        assert state.skipped == 0


def test_dynamics_are_learned_in_a_fixed_map_of_the_observation() -> None:
    state = learn(replace(SMALL, learns='dynamics'), 250)
    assert evaluate(state, held_out())['model_error'] < 0.02
    restored = EnsembleLearner.restore(state.snapshot(), state.spec)
    assert {n for n, p in restored.params.items() if p.requires_grad} == {
        n for n in restored.params if n.startswith(('predictor.', 'inverse.'))}
