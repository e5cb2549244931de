"""The ablations of `abm bench learn`: what each one takes away from the agent."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from abm_ros.common.errors import ConfigError

if TYPE_CHECKING:    # `abm --help` reads the names: no torch for that
    from abm_ros.agent.settings import AgentSettings
    from abm_ros.common.spec import ObservationSpec
    from abm_ros.policy.planner import Objective

PASSIVE = 'passive'


def _world(settings: 'AgentSettings', **changes: Any) -> 'AgentSettings':
    """Change settings of the built-in System A; of another one it is not known what they mean."""
    from abm_ros.world_model.config import WorldModelConfig
    if not isinstance(settings.world, WorldModelConfig):
        raise ConfigError(f"--ablate: the world_model '{settings.world.implementation}' has no "
                          f'{", ".join(changes)}; expected it with '
                          f"'{WorldModelConfig.implementation}'")
    return replace(settings, world=replace(settings.world, **changes))


def _fixed_map(settings: 'AgentSettings', spec: 'ObservationSpec',
               learns: str) -> 'AgentSettings':
    """Keep the encoder as it begins: an isometry, which loses nothing when Z >= D."""
    wide = _world(settings, learns=learns)
    latent = max(getattr(wide.world, 'latent', 0), spec.size)
    return _world(wide, latent=latent)


def _no_a(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    """Learn the same actor and critics without a model, on the normalised observation."""
    from abm_ros.policy.config import ActorConfig
    plain = _no_planning(_fixed_map(settings, spec, 'nothing'), spec)
    if not isinstance(plain.actor, ActorConfig):
        raise ConfigError(f"--ablate no-a: expected it with the policy '"
                          f"{ActorConfig.implementation}', got '{plain.actor.implementation}'")
    return replace(plain, actor=replace(plain.actor, imagined_steps=0))


def _fixed_encoder(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return _fixed_map(settings, spec, 'dynamics')


def _no_planning(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return replace(settings, planner=replace(settings.planner, enabled=False))


def _no_ensemble(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return _world(settings, members=1)


def _no_inverse(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return _world(settings, inverse_weight=0.0)


def _no_variance(settings: 'AgentSettings', spec: 'ObservationSpec') -> 'AgentSettings':
    return _world(settings, variance_weight=0.0, covariance_weight=0.0)


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
