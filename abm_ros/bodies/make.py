"""
Makes a body from its name: 'bullet:reach', 'bullet:push' or 'gym:PandaReach-v3'.

'bullet:reach:camera' observes its joint positions and the camera alone.
"""

from collections.abc import Mapping
from typing import Any

from abm_ros.bodies.config import FORMS, OBSERVES, TASK_NAMES, BulletArmConfig, GymBodyConfig
from abm_ros.bodies.types import Body
from abm_ros.common.config import from_mapping
from abm_ros.common.errors import BodyError

KINDS = ('bullet', 'gym')


def parse_body(body: str) -> tuple[str, dict[str, str]]:
    """
    Split a body's name into its kind and the settings that the name stands for.

    :raises BodyError: no such form, kind, task or way to observe.
    """
    kind, colon, rest = body.partition(':')
    if not colon or not rest or kind not in KINDS:
        raise BodyError(f"body '{body}': expected {FORMS}, e.g. gym:PandaReach-v3")
    if kind == 'gym':
        return kind, {'env_id': rest}
    task, _, observes = rest.partition(':')
    if task not in TASK_NAMES:
        raise BodyError(f"body '{body}': unknown task '{task}', expected one of "
                        f'{", ".join(TASK_NAMES)}')
    if observes and observes not in OBSERVES:
        raise BodyError(f"body '{body}': cannot observe '{observes}', expected one of "
                        f'{", ".join(OBSERVES)}')
    return kind, {'task': task, 'observes': observes or OBSERVES[0]}


def body_config(body: str, settings: Mapping[str, Any] | None = None
                ) -> BulletArmConfig | GymBodyConfig:
    """
    Build the configuration of a named body; imports no simulator.

    :param settings: fields of BulletArmConfig or GymBodyConfig, without the task or id.
    :raises BodyError: the name is unknown.
    :raises ConfigError: a setting is unknown or refused.
    """
    kind, named = parse_body(body)
    given = {**(settings or {}), **named}
    return (from_mapping(BulletArmConfig, given) if kind == 'bullet'
            else from_mapping(GymBodyConfig, given))


def make_body(body: str, settings: Mapping[str, Any] | None = None) -> Body:
    """
    Make a body, importing its simulator now.

    :param settings: see `body_config`.
    :raises BodyError: the name is unknown, or the simulator or environment cannot be had.
    :raises ConfigError: a setting is unknown or refused.
    """
    return make_body_from(body_config(body, settings))


def make_body_from(config: BulletArmConfig | GymBodyConfig) -> Body:
    """Make the body of a configuration, importing its simulator now; see `make_body`."""
    if isinstance(config, GymBodyConfig):
        from abm_ros.bodies.gym_body import GymBody
        return GymBody(config)
    try:
        from abm_ros.bodies.bullet import BulletArm
    except ModuleNotFoundError as error:
        if error.name != 'pybullet':
            raise
        raise BodyError('PyBullet is not installed: pip install pybullet') from error
    return BulletArm(config)
