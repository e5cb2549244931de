"""Options that say which agent learns: its Systems A and B, and any setting of its parts."""

import argparse
import json
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from abm_ros.common.config import from_mapping
from abm_ros.common.errors import ConfigError

if TYPE_CHECKING:    # `abm --help` reads the options: no agent for that
    from abm_ros.agent.settings import AgentSettings


def add_agent_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add('--world-model', default='', metavar='NAME',
        help='System A, of this package or another one (ensemble)')
    add('--policy', default='', metavar='NAME',
        help='System B, of this package or another one (latent_actor)')
    add('--set', default=[], action='append', metavar='PART.NAME=VALUE',
        help='a setting of our agent, such as world.members=1; may be given again')


def agent_settings(arguments: argparse.Namespace) -> 'AgentSettings':
    """
    Return the settings of our agent, as they were chosen.

    :raises ConfigError: a System A or B or a setting is unknown, or a value is refused.
    """
    from abm_ros.agent.settings import AgentSettings
    from abm_ros.policy.contract import POLICIES
    from abm_ros.world_model.contract import WORLD_MODELS
    settings = AgentSettings()
    if arguments.world_model:
        settings = replace(settings, world=WORLD_MODELS.get(arguments.world_model)())
    if arguments.policy:
        settings = replace(settings, actor=POLICIES.get(arguments.policy)())
    for text in arguments.set:
        settings = changed(settings, text)
    return settings


def changed(settings: 'AgentSettings', text: str) -> 'AgentSettings':
    """
    Return the settings with one of them changed.

    :param text: 'part.name=value', as of `--set`.
    :raises ConfigError: it is not of this form, unknown, or the value is refused.
    """
    name, equals, value = text.partition('=')
    part, dot, item = name.partition('.')
    parts = [field.name for field in fields(settings)]
    if not (equals and dot) or part not in parts:
        raise ConfigError(f"--set '{text}': expected PART.NAME=VALUE with a part of "
                          f'{", ".join(parts)}, e.g. world.members=1')
    old = getattr(settings, part)
    new: Any = from_mapping(type(old), {**asdict(old), item: _read(value)})
    return replace(settings, **{part: new})


def _read(text: str) -> Any:
    """Return a number, a truth value (true, false) or, where it is neither, the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
