"""
What teachers showed, among the steps of the replay index, and how much is learned from it.

A demonstration claims that its end is a success. Where the task tells success, own experience
judges that: the robot comes to the place and is told one, or it is not. Until then a demonstration
is learned from by trust in its teacher, and where success is known by own experience, not at all:
it is tried first. What was refuted is no success any more. Each verdict counts once, for the
teacher or against (decisions 0061 and 0068).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from abm_ros.common.claim import OwnSuccesses, Verdict
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import teacher_of
from abm_ros.common.trust import DISTRUST, PRIOR


@dataclass
class Claim:
    """
    One demonstration, and what became of it.

    `verdict` is about what was achieved at its end. `steps` are the absolute numbers of its first
    and last step.
    """

    teacher: str
    episode: int
    verdict: Verdict
    success: bool
    steps: tuple[int, int]
    kind: float = 1.0                  # of `Batch.shown`


@dataclass
class Shown:
    """The demonstrations of an index; `trusted` is trust in teachers as System M sets it."""

    spec: ObservationSpec
    trusted: Mapping[str, float] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    # Who corrected own steps. Those were lived: nothing about them is a claim.
    correctors: list[str] = field(default_factory=list)
    own: OwnSuccesses = field(init=False)

    def __post_init__(self) -> None:
        self.own = OwnSuccesses(self.spec)

    @property
    def succeeded(self) -> bool:
        """Whether own experience holds a success that was told."""
        return bool(self.own)

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
        self.claims.append(Claim(teacher, episode, Verdict(np.zeros(0)), False, (first, first),
                                 1.0 if shown else 0.5))

    def show(self, place: np.ndarray, step: int, *, success: bool) -> None:
        """
        Take the next step of the newest demonstration.

        :param place: (G,), what was achieved.
        :param step: its absolute number.
        :param success: whether that was shown to be one.
        """
        claim = self.claims[-1]
        tells = self.spec.told and success
        claim.verdict = self.own.verdict(place) if tells else Verdict(place)
        claim.success, claim.steps = success, (claim.steps[0], step)

    def judge(self, place: np.ndarray, *, success: bool) -> list[Claim]:
        """
        Take an own observation of a task that tells success; return the claims it refutes.

        :param place: (G,), what was achieved.
        """
        if success:
            self.own.add(place)
        unjudged = [one for one in self.claims if one.success and one.verdict.held is None]
        for claim in unjudged:
            claim.verdict.see(self.spec, place, success=success)
        return [claim for claim in unjudged if claim.verdict.held is False]

    def weight(self, claim: Claim) -> float:
        """Return how much is learned from a demonstration, in [0, 1]."""
        if claim.verdict.held is not None:
            return float(claim.verdict.held)
        trusted = self.trusted.get(claim.teacher, PRIOR)
        if trusted < DISTRUST or (self.spec.told and self.succeeded):
            return 0.0
        return trusted

    def evidence(self) -> dict[str, tuple[int, int]]:
        """Return how many demonstrations of each teacher held, and how many were refuted."""
        found: dict[str, tuple[int, int]] = {}
        for claim in self.claims:
            held, refuted = found.get(claim.teacher, (0, 0))
            verdict = claim.verdict.held
            found[claim.teacher] = (held + (verdict is True), refuted + (verdict is False))
        return found
