"""
What System M tells of its last decision on `system_m/decision`, as JSON.

An operator sees by it which mode is in force and why, the drives of all modes, what is forbidden
by which rule, and what operators and guards bind.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from abm_ros.meta.decision import Refusal, Situation
from abm_ros.meta.phi import Decision, Phi

# What is told at once when it changes; drives change at each tick.
_AT_ONCE = ('mode', 'held', 'pinned', 'vetoed', 'fault', 'guards', 'refused')
_PERIOD_S = 1.0


def told_decision(decision: Decision, situation: Situation, phi: Phi, vetoed: tuple[str, ...],
                  guards: Mapping[str, str], refused: Refusal | None) -> dict[str, Any]:
    """
    Return what is told of a decision.

    :param vetoed: the modes that the operator forbids.
    :param guards: tripped guards, by name.
    :param refused: what phi wanted and a rule refused.
    """
    policy = phi.modes.get(decision.mode)
    return {
        'mode': decision.mode, 'reason': decision.reason,
        'stayed_s': round(max(0.0, situation.now_s - decision.state.since_s), 1),
        'modes': list(situation.modes), 'safe': situation.safe,
        'drives': {mode: round(drive, 3) for mode, drive in decision.drives.items()},
        'hysteresis': policy.hysteresis if policy is not None else 0.0,
        'min_dwell_s': policy.min_dwell_s if policy is not None else 0.0,
        'modulation': asdict(decision.modulation),
        'forbidden': dict(situation.forbidden), 'held': situation.held,
        'pinned': situation.pinned, 'vetoed': list(vetoed), 'fault': situation.fault,
        'guards': dict(guards),
        'refused': {'wanted': refused.wanted, 'rule': refused.rule} if refused else {}}


class DecisionTeller:
    """Says when a decision is to be told: once a second, and whenever the operator must know."""

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}
        self._told_s = -float('inf')

    def due(self, told: Mapping[str, Any], now_s: float) -> str:
        """
        Return the JSON to publish now, '' for nothing.

        :param now_s: monotonic time, s.
        """
        first = {name: told[name] for name in _AT_ONCE}
        if first == self._last and now_s - self._told_s < _PERIOD_S:
            return ''
        self._last, self._told_s = first, now_s
        return json.dumps(told, sort_keys=True)
