"""The built-in kinds of bodies; simulators are imported when a body is made."""

from typing import Any

from abm_ros.bodies.config import (
    BUTTON_INTERFACE,
    OBSERVES,
    TASK_NAMES,
    BulletArmConfig,
    GymBodyConfig,
)
from abm_ros.bodies.registry import BodyKind
from abm_ros.bodies.types import Body
from abm_ros.common.errors import BodyError

# After an environment: what it tells is success, and no distance.
_TOLD = ':told'


def _parse_bullet(rest: str) -> dict[str, Any]:
    task, _, observes = rest.partition(':')
    if task not in TASK_NAMES:
        raise BodyError(f"unknown task '{task}', expected one of {', '.join(TASK_NAMES)}")
    if observes and observes not in OBSERVES:
        raise BodyError(f"cannot observe '{observes}', expected one of {', '.join(OBSERVES)}")
    named = {'task': task, 'observes': observes or OBSERVES[0]}
    return named | {'interface': BUTTON_INTERFACE} if task == 'button' else named


def _make_bullet(config: BulletArmConfig) -> Body:
    try:
        from abm_ros.bodies.bullet import BulletArm
    except ModuleNotFoundError as error:
        if error.name != 'pybullet':
            raise
        raise BodyError('PyBullet is not installed: pip install pybullet') from error
    return BulletArm(config)


def _parse_gym(rest: str) -> dict[str, Any]:
    if not rest:
        raise BodyError('no environment is named, expected e.g. gym:PandaReach-v3')
    env_id = rest.removesuffix(_TOLD)
    return {'env_id': env_id} | ({'told': True} if env_id != rest else {})


def _make_gym(config: GymBodyConfig) -> Body:
    from abm_ros.bodies.gym_body import GymBody
    return GymBody(config)


BULLET = BodyKind(BulletArmConfig, _make_bullet,
                  ', '.join(f'bullet:{task}' for task in TASK_NAMES) + ', each also with :camera',
                  _parse_bullet, node='bullet_arm')
# A command is a normalised action.
GYM = BodyKind(GymBodyConfig, _make_gym, 'gym:<environment> (e.g. gym:PandaReach-v3), also with '
               f'{_TOLD}', _parse_gym, interface='effort', node='gym_body')
