"""
The roles of modes, which the rows of the wiring table declare (decision 0004).

The code asks for roles and never for the name of a mode, so a new mode is a new row. The modes of
the design keep the roles of the design, so that no table can make sleep move the motors.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property

from abm_ros.common.config import check, setting
from abm_ros.common.errors import WiringError


@dataclass(frozen=True)
class Roles:
    """The roles of one mode; each field is a word that `roles` of a row may list."""

    acts: bool = setting(
        False, "System B's actions move the body. Only a mode with this role may open the motors.")
    explores: bool = setting(
        False, 'It acts for what System A can learn: the guard of curiosity judges it.')
    watches: bool = setting(False, 'It learns from what somebody else does.')
    restful: bool = setting(
        False, 'It is rest: it ends the time awake, wins back the somatic budget, and memory '
        'does its upkeep.')
    consolidates: bool = setting(
        False, 'It learns from replay alone, which lowers sleep_pressure; senses are shut.')
    imagines: bool = setting(
        False, "System B acts in System A's model in place of the world; senses are shut.")
    safe: bool = setting(
        False, "Faults, the operator's hold and refused overrides end in it; exactly one mode.")

    def __post_init__(self) -> None:
        check(self)

    @property
    def listed(self) -> tuple[str, ...]:
        """The roles that the mode has."""
        return tuple(name for name in ROLES if getattr(self, name))


ROLES = tuple(item.name for item in fields(Roles))
# A mode with one of these stands still, whatever else its row says.
STILL = ('watches', 'restful', 'consolidates', 'imagines', 'safe')
# In these the senses are shut: replayed or imagined steps must not mix with present ones.
BLIND = ('consolidates', 'imagines')
# The roles of the modes of the design, in every table; tables of version 1 name no roles.
DESIGN: Mapping[str, Roles] = {
    'play': Roles(acts=True, explores=True),
    'task': Roles(acts=True),
    'observe': Roles(watches=True),
    'imitate': Roles(watches=True),
    'rest': Roles(restful=True),
    'sleep': Roles(restful=True, consolidates=True),
    'imagine': Roles(imagines=True),
    'freeze': Roles(safe=True),
}
DESIGN_INITIAL, DESIGN_SAFE = 'task', 'freeze'


def role_problem(mode: str, roles: Roles, *, motors_open: bool, senses_open: bool) -> str:
    """Return why a row is refused, '' if it is not."""
    designed = DESIGN.get(mode, roles)
    if roles != designed:
        return (f'roles: {mode} is a mode of the design and has the roles '
                f'{", ".join(designed.listed)}, got {", ".join(roles.listed) or "none"}: give '
                'another mode another name')
    still = [name for name in STILL if getattr(roles, name)]
    if roles.acts and still:
        return f'roles: acts and {still[0]} exclude each other'
    if roles.explores and not roles.acts:
        return 'roles: explores needs acts'
    if motors_open and not roles.acts:
        return f"motors: must be 'shut' in {mode}, which lacks the role acts"
    if motors_open and not senses_open:
        return "motors: must be 'shut' where the senses are"
    blind = [name for name in BLIND if getattr(roles, name)]
    if blind and senses_open:
        return f"senses: must be 'shut' in {mode}, which has the role {blind[0]}"
    return ''


class Modes(Mapping[str, Roles]):
    """
    All modes with their roles, in the order of the wiring table.

    `initial` is the mode of bring-up unless another one is asked for.
    """

    def __init__(self, roles: Mapping[str, Roles], initial: str) -> None:
        """
        Take the modes.

        :raises WiringError: not exactly one mode is safe, or there is no mode `initial`.
        """
        self._roles = dict(roles)
        self.initial = initial
        safe = self._having('safe')
        if len(safe) != 1:
            raise WiringError('wiring.modes: expected exactly one mode with the role safe, got '
                              f'{", ".join(safe) or "none"}')
        if initial not in roles:
            raise WiringError(f'wiring.initial: expected one of {", ".join(roles)}, got '
                              f"'{initial}'")
        self.safe = safe[0]

    def __getitem__(self, mode: str) -> Roles:
        return self._roles[mode]

    def __iter__(self) -> Iterator[str]:
        return iter(self._roles)

    def __len__(self) -> int:
        return len(self._roles)

    @cached_property
    def acting(self) -> tuple[str, ...]:
        """The modes that act."""
        return self._having('acts')

    @cached_property
    def exploring(self) -> tuple[str, ...]:
        """The modes that explore."""
        return self._having('explores')

    @cached_property
    def restful(self) -> tuple[str, ...]:
        """The modes that count as rest."""
        return self._having('restful')

    @cached_property
    def consolidating(self) -> tuple[str, ...]:
        """The modes that consolidate."""
        return self._having('consolidates')

    def _having(self, role: str) -> tuple[str, ...]:
        return tuple(mode for mode, roles in self._roles.items() if getattr(roles, role))
