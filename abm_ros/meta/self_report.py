"""
The self-report: the mode and its reason, what was measured, what may be claimed, known limits.

It is impersonal and claims no more than was measured: success only at the lower edge of its
posterior, and only while earlier claims were well calibrated (decision 0045).
Source: arXiv:2603.15381, 5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from abm_ros.meta.competence import Competence
from abm_ros.meta.phi import Decision
from abm_ros.meta.signals.lag import slowness

# Largest calibration error of earlier claims with which a new claim is made.
MOST_CALIBRATION_ERROR = 0.15
# Shortest time between two reports within a mode.
_PERIOD_S = 1.0
_SHOWN = ('competence', 'prediction_error', 'energy')


@dataclass
class Told:
    """The last report that was published."""

    report: str = ''
    at_s: float = -float('inf')

    def may(self, now_s: float) -> bool:
        """Tell whether a report within a mode may be published now."""
        return now_s - self.at_s >= _PERIOD_S

    def news(self, report: str, now_s: float) -> bool:
        """Tell whether a report differs from the last one; if so, it counts as published."""
        if report == self.report:
            return False
        self.report, self.at_s = report, now_s
        return True


def self_report(decision: Decision, claims: Competence, guards: Mapping[str, str],
                world: str = '', teachers: str = '') -> str:
    """
    Return the report as a few sentences.

    :param claims: what may be claimed of success.
    :param guards: tripped guards, by name.
    :param world: a sentence about the world, '' in the first one.
    :param teachers: a sentence about teachers, '' for none.
    """
    signals = decision.signals
    parts = [f'Mode {decision.mode}: {decision.reason}.']
    known = ', '.join(f'{name} {signals[name]:.2f}' for name in _SHOWN if name in signals
                      and (name != 'competence' or may_claim(claims)))
    if known:
        parts.append(f'Measured: {known}.')
    if world:
        parts.append(world)
    if teachers:
        parts.append(teachers)
    parts.append(claim(claims))
    limits = _limits(signals)
    if limits:
        parts.append(f'Known limits: {"; ".join(limits)}.')
    parts += [f'Guard: {text}.' for text in guards.values()]
    return ' '.join(parts)


def may_claim(claims: Competence) -> bool:
    """Tell whether earlier claims were calibrated well enough to make another."""
    return claims.calibration_error <= MOST_CALIBRATION_ERROR


def claim(claims: Competence) -> str:
    """Return the claim for the next episode: none while claims are badly calibrated."""
    error = claims.calibration_error
    if not may_claim(claims):
        return 'No success is claimed: ' + (
            'too few episodes so far.' if error >= 1.0 else
            f'earlier claims missed by {error:.2f}.')
    return (f'Success of the next episode: at least {int(claims.claimed * 100) / 100:.2f} '
            f'(claims missed by {error:.2f} so far).')


def _limits(signals: Mapping[str, float]) -> list[str]:
    found = []
    if signals.get('prediction_error', 0.0) >= 0.9:
        found.append('the model predicts no better than no change')
    if signals.get('novelty', 0.0) >= 0.9:
        found.append('what is observed is unlike anything in memory, or memory is silent')
    if signals.get('collapse', 0.0) >= 0.5:
        found.append("the model's latents have collapsed")
    if slow := slowness(signals.get('learning_lag', 0.0)):
        found.append(slow)
    if signals.get('energy', 1.0) <= 0.2:
        found.append('energy is low')
    return found
