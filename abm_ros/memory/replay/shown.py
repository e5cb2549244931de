"""
What teachers showed, among the steps of the replay index, and how much is learned from it.

A demonstration claims that its end is a success. Where the task tells success, own experience
judges that: the robot comes to the place and is told one, or it is not. Until then a demonstration
is learned from by trust in its teacher, and where success is known by own experience, not at all:
it is tried first. What was refuted is no success any more. Each verdict counts once, for the
teacher or against (decision 0061).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import teacher_of
from abm_ros.common.trust import DISTRUST, PRIOR

# Observations near the claimed place, told to be no success, that refute a claim.
_VISITS, _NEAR = 3, 0.5


@dataclass
class Claim:
    """
    One demonstration, and what became of it.

    `held` is None while it is open. `steps` are the absolute numbers of its first and last step.
    """

    teacher: str
    episode: int
    place: np.ndarray                  # (G,), what was achieved at its end
    success: bool
    steps: tuple[int, int]
    kind: float = 1.0                  # of `Batch.shown`
    held: bool | None = None
    visits: int = 0


@dataclass
class Shown:
    """The demonstrations of an index; `trusted` is trust in teachers as System M sets it."""

    spec: ObservationSpec
    trusted: Mapping[str, float] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    # Who corrected own steps. Those were lived: nothing about them is a claim.
    correctors: list[str] = field(default_factory=list)
    succeeded: bool = False            # whether own experience holds a success that was told

    def corrected(self, teacher: str) -> int:
        """Return the place of a teacher among those who corrected something."""
        if teacher not in self.correctors:
            self.correctors.append(teacher)
        return self.correctors.index(teacher)

    def imitated(self, teacher: str) -> float:
        """Return how strongly the corrections of a teacher are imitated, in [0, 1]."""
        trusted = self.trusted.get(teacher, PRIOR)
        return trusted if trusted >= DISTRUST else 0.0

    def open_at(self, first: int, episode: int, mode: str) -> None:
        """Begin the demonstration of a teacher's label."""
        teacher, shown = teacher_of(mode)
        self.claims.append(Claim(teacher, episode, np.zeros(0), False, (first, first),
                                 1.0 if shown else 0.5))

    def judge(self, place: np.ndarray, *, success: bool) -> list[Claim]:
        """
        Take an own observation of a task that tells success; return the claims it refutes.

        :param place: (G,), what was achieved.
        """
        self.succeeded = self.succeeded or success
        refuted = []
        for claim in self.claims:
            if claim.held is not None or not claim.success or not self.spec.reached(
                    place, claim.place, _NEAR):
                continue
            claim.visits += 1
            if success:
                claim.held = True
            elif claim.visits >= _VISITS:
                claim.held = False
                refuted.append(claim)
        return refuted

    def weight(self, claim: Claim) -> float:
        """Return how much is learned from a demonstration, in [0, 1]."""
        if claim.held is not None:
            return float(claim.held)
        trusted = self.trusted.get(claim.teacher, PRIOR)
        if trusted < DISTRUST or (self.spec.told and self.succeeded):
            return 0.0
        return trusted

    def evidence(self) -> dict[str, tuple[int, int]]:
        """Return how many demonstrations of each teacher held, and how many were refuted."""
        found: dict[str, tuple[int, int]] = {}
        for claim in self.claims:
            held, refuted = found.get(claim.teacher, (0, 0))
            found[claim.teacher] = (held + (claim.held is True), refuted + (claim.held is False))
        return found
