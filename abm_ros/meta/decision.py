"""
A decision of System M, as a pure function of what the audit log records (decision 0040).

A `Situation` holds everything that a decision depends on, except phi. The audit log keeps both, so
that anybody can recompute the decision.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from abm_ros.common.errors import AuditError
from abm_ros.meta.modes import DESIGN, DESIGN_SAFE
from abm_ros.meta.phi import Decision, ModePolicy, Modulation, Phi, PolicyState, decide

# The modulation while a fault or the operator decides.
_STILL = Modulation(0.0, 0.0)


@dataclass(frozen=True)
class Situation:
    """
    Everything that a decision depends on, except phi.

    `modes` are all modes, and `safe` is the safe one. `forbidden` maps each forbidden mode to the
    rule that forbids it. `keep_s` is the least dwell of the current mode by the constraints.
    `ceilings` bound the modulation.
    """

    signals: Mapping[str, float]
    state: PolicyState
    now_s: float
    modes: tuple[str, ...]
    safe: str
    forbidden: Mapping[str, str] = field(default_factory=dict)
    keep_s: float = 0.0
    ceilings: Mapping[str, float] = field(default_factory=dict)
    held: bool = False
    fault: str = ''
    pinned: str = ''
    baseline: str = ''
    begin: str = ''


@dataclass(frozen=True)
class Refusal:
    """A mode or modulation that phi wanted and a rule refused."""

    wanted: str
    rule: str


def choose(situation: Situation, phi: Phi) -> Decision:
    """Decide: faults and the operator come first, then constraints, then phi."""
    s = situation
    if s.fault or s.held:
        since_s = s.state.since_s if s.state.mode == s.safe else s.now_s
        return Decision(s.safe, f'fault: {s.fault}' if s.fault else 'operator holds', {},
                        dict(s.signals), _STILL, PolicyState(s.safe, since_s))
    if s.begin:
        rule = s.forbidden.get(s.begin, '')
        mode = s.safe if rule else s.begin
        policy = phi.modes.get(mode)
        decision = Decision(mode, f'bring-up, but {s.begin} may not be: {rule}' if rule
                            else 'bring-up', {}, dict(s.signals),
                            policy.modulate(s.signals) if policy is not None else Modulation(),
                            PolicyState(mode, s.now_s))
    else:
        decision = _by_phi(s, phi)
    return replace(decision, modulation=_bounded(decision.modulation, s))


def _by_phi(s: Situation, phi: Phi) -> Decision:
    allowed = {mode for mode in s.modes if mode not in s.forbidden}
    pinned = s.pinned in allowed
    if only := s.pinned if pinned else '' if s.pinned else s.baseline:
        # No other drive competes; hard overrides interrupt a pin and the baseline alike.
        phi = replace(phi, modes={only: phi.modes.get(only, ModePolicy(0.0))})
    decision = decide(s.signals, s.state, phi, s.now_s, allowed, s.safe)
    stayed_s = s.now_s - s.state.since_s
    free = pinned or decision.state.override >= 0 or s.state.override >= 0
    if decision.mode == s.state.mode or free or stayed_s >= s.keep_s or (
            s.state.mode in s.forbidden or s.state.mode == s.safe):
        return decision
    policy = phi.modes.get(s.state.mode)
    return replace(decision, mode=s.state.mode, state=s.state,
                   reason=f'min_dwell_s.{s.state.mode}: {stayed_s:.1f} of {s.keep_s:g} s',
                   modulation=policy.modulate(s.signals) if policy is not None
                   else Modulation())


def _bounded(modulation: Modulation, s: Situation) -> Modulation:
    if s.baseline:
        modulation = replace(modulation, plasticity_a=0.0, plasticity_b=0.0)
    lowered: dict[str, Any] = {
        name: ceiling for name, ceiling in s.ceilings.items()
        if getattr(modulation, name) > ceiling}
    return replace(modulation, **lowered) if lowered else modulation


def refused(situation: Situation, phi: Phi, decision: Decision) -> Refusal | None:
    """Return what phi would have done without the rules, if a rule refused it."""
    s = situation
    if s.begin or s.fault or s.held:
        return None
    wanted = decide(s.signals, s.state, phi, s.now_s, s.modes, s.safe)
    if wanted.mode == decision.mode:
        over = [f'ceiling of {name}: {ceiling:g}' for name, ceiling in
                s.ceilings.items() if getattr(wanted.modulation, name) > ceiling]
        return Refusal(wanted.mode, over[0]) if over and not s.baseline else None
    if rule := s.forbidden.get(wanted.mode):
        return Refusal(wanted.mode, rule)
    # Without the elapsed time, so that the text of a refusal stays the same from tick to tick.
    return Refusal(wanted.mode, f'min_dwell_s.{s.state.mode}: {s.keep_s:g} s'
                   ) if decision.reason.startswith('min_dwell_s.') else None


def table_hash(text: str) -> str:
    """Return the SHA-256 by which decision records name a table."""
    return hashlib.sha256(text.encode()).hexdigest()


def to_record(situation: Situation, decision: Decision, phi_hash: str) -> dict[str, Any]:
    """Return the JSON body of a decision record."""
    s = situation
    return {'before': s.state.mode, 'mode': decision.mode, 'reason': decision.reason,
            'drives': dict(decision.drives), 'modulation': _plain(decision.modulation),
            'since_s': decision.state.since_s, 'override': decision.state.override,
            'unwell_s': decision.state.unwell_s, 'phi': phi_hash,
            'situation': {**{f.name: getattr(s, f.name) for f in fields(s)},
                          'modes': list(s.modes), 'signals': dict(s.signals),
                          'state': _plain(s.state), 'forbidden': dict(s.forbidden),
                          'ceilings': dict(s.ceilings)}}


def from_record(body: Mapping[str, Any]) -> tuple[Situation, Decision]:
    """
    Read a decision record.

    :raises AuditError: it is incomplete.
    """
    try:
        raw = dict(body['situation'])
        if 'barred' in raw:   # as it was called up to version 0.1
            raw['forbidden'] = raw.pop('barred')
        # Up to version 0.1 there were the modes of the design and no others.
        modes, safe = tuple(raw.pop('modes', DESIGN)), raw.pop('safe', DESIGN_SAFE)
        situation = Situation(**{**raw, 'state': PolicyState(**raw['state']), 'modes': modes,
                                 'safe': safe})
        # Before settle_s existed, an override was in force only while its signal was not well.
        unwell_s = body.get('unwell_s', raw['now_s'] if body['override'] >= 0 else 0.0)
        decision = Decision(
            body['mode'], body['reason'], body['drives'], raw['signals'],
            Modulation(**body['modulation']),
            PolicyState(body['mode'], body['since_s'], body['override'], unwell_s))
    except (KeyError, TypeError, ValueError) as error:
        raise AuditError(f'the record of the decision is incomplete: {error!r}') from error
    return situation, decision


def _plain(value: Any) -> dict[str, Any]:
    return {f.name: getattr(value, f.name) for f in fields(value)}
