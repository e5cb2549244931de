"""The ablations of `abm bench learn`: what each one takes away from the agent."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:    # `abm --help` reads the names: no torch for that
    from abm_ros.agent.agent import AgentSettings
    from abm_ros.common.spec import ObservationSpec
    from abm_ros.policy.planner import Objective

PASSIVE = 'passive'


def _fixed_map(settings: 'AgentSettings', spec: 'ObservationSpec',
               learns: str) -> 'AgentSettings':
    """Keep the encoder as it begins: an isometry, which loses nothing when Z >= D."""
    latent = max(settings.world.latent, spec.size)
    return replace(settings, world=replace(settings.world, learns=learns, latent=latent))


def _no_a(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    """Learn the same actor and critics without a model, on the normalised observation."""
    plain = _no_planning(_fixed_map(settings, spec, 'nothing'), spec)
    return replace(plain, actor=replace(plain.actor, imagined_steps=0))


def _fixed_encoder(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return _fixed_map(settings, spec, 'dynamics')


def _no_planning(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return replace(settings, planner=replace(settings.planner, enabled=False))


def _no_ensemble(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return replace(settings, world=replace(settings.world, members=1))


def _no_inverse(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return replace(settings, world=replace(settings.world, inverse_weight=0.0))


def _no_variance(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return replace(settings, world=replace(settings.world, variance_weight=0.0,
                                           covariance_weight=0.0))


def _same(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    """Leave the settings alone: `passive` changes what is done, not what learns."""
    return settings


CHANGES: 'dict[str, Callable[[AgentSettings, ObservationSpec], AgentSettings]]' = {
    'no-a': _no_a, 'fixed-encoder': _fixed_encoder, 'no-planning': _no_planning,
    'no-ensemble': _no_ensemble, 'no-inverse': _no_inverse, 'no-variance': _no_variance,
    PASSIVE: _same}


def ablated(ablation: str, settings: 'AgentSettings', objective: 'Objective',
            spec: 'ObservationSpec') -> 'tuple[AgentSettings, Objective]':
    """
    Return settings and objective of the agent that lacks something.

    :param ablation: one of `CHANGES`, '' for the whole agent.
    """
    if ablation == PASSIVE:
        objective = replace(objective, exploration=1.0)
    return (CHANGES[ablation](settings, spec) if ablation else settings), objective
