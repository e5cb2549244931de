"""
Makes a body from its name: 'bullet:reach', 'bullet:push' or 'gym:PandaReach-v3'.

'bullet:reach:camera' observes its joint positions and the camera alone. Other packages add
kinds of bodies: see `registry`.
"""

from collections.abc import Mapping
from typing import Any

from abm_ros.bodies.registry import kind_of
from abm_ros.bodies.types import Body
from abm_ros.common.config import from_mapping


def body_config(body: str, settings: Mapping[str, Any] | None = None) -> Any:
    """
    Build the configuration of a named body; imports no simulator.

    :param settings: fields of the kind's configuration, without those that the name stands for.
    :return: an object of the kind's class of configurations.
    :raises BodyError: the name is unknown.
    :raises ConfigError: a setting is unknown or refused.
    """
    kind, named = kind_of(body)
    return from_mapping(kind.config, {**(settings or {}), **named})


def make_body(body: str, settings: Mapping[str, Any] | None = None) -> Body:
    """
    Make a body, importing its simulator now.

    :param settings: see `body_config`.
    :raises BodyError: the name is unknown, or the simulator or environment cannot be had.
    :raises ConfigError: a setting is unknown or refused.
    """
    kind, _ = kind_of(body)
    return kind.make(body_config(body, settings))
