"""A request for a batch: how many windows, how long, and where they begin."""

from dataclasses import dataclass

from abm_ros.common.errors import SpecError
from abm_ros.memory.replay.ring import SOURCES

UNIFORM, BALANCED, REVERSE = 'uniform', 'balanced', 'reverse'
SEEDS, NEWEST, WORLDS = 'seeds', 'newest', 'worlds'
# What a draw prefers; only lived steps have priorities.
PICKS = (UNIFORM, 'surprise', 'gain', 'rarity', BALANCED, WORLDS)
# `worlds` draws as much from each world that is held. `reverse` draws windows that end where an
# episode ended, for a backward sweep of values. `seeds` draws lived windows that dreams begin at,
# with goals that need not be of their episodes; `newest` draws those that a model is judged by
# before it dreams.
KINDS = (*PICKS, REVERSE, SEEDS, NEWEST)


@dataclass(frozen=True)
class Draw:
    """
    A request for one batch.

    :param batch: B, number of windows; fewer if they would be too large for one batch.
    :param horizon: L, transitions in a window; those past the episode's end are masked.
    :param kind: of KINDS; all but uniform and reverse need the source 'lived'.
    :param hindsight: share of goals replaced by a later achieved goal; not in reverse draws.
    :param events: least share of windows with an event; only in uniform draws.
    :param source: of SOURCES.
    :param keep: how many transitions of each window, from its first, are returned; 0 for all.
        Windows of reverse draws are returned whole.
    :raises SpecError: an argument is out of range.
    """

    batch: int
    horizon: int
    kind: str = UNIFORM
    hindsight: float = 0.8
    events: float = 0.0
    source: str = 'lived'
    keep: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SpecError(f"replay kind: '{self.kind}' is unknown, expected one of "
                            f'{", ".join(KINDS)}')
        if self.source not in SOURCES:
            raise SpecError(f"replay source: '{self.source}' is unknown, expected one of "
                            f'{", ".join(SOURCES)}')
        if self.kind not in (UNIFORM, REVERSE) and self.source != 'lived':
            # Other steps have no priorities.
            raise SpecError(f"replay kind '{self.kind}': expected the source 'lived', "
                            f"got '{self.source}'")
        if self.batch < 1 or self.horizon < 1 or self.keep < 0:
            raise SpecError('replay batch and horizon: expected at least 1 (keep: at least 0), '
                            f'got {self.batch} and {self.horizon} ({self.keep})')
        for name, share in (('hindsight', self.hindsight), ('events', self.events)):
            if not 0.0 <= share <= 1.0:
                raise SpecError(f'replay {name}: expected a share in [0, 1], got {share}')

    @property
    def kept(self) -> int:
        """Transitions of each window that are returned."""
        whole = self.kind == REVERSE or not self.keep
        return self.horizon if whole else min(self.keep, self.horizon)
