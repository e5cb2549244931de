"""
Reads the audit log: explains records, and makes every decision again.

A decision record holds the whole `Situation`, and the log holds phi's text at each start. So every
decision can be made again from the log alone, and must come out the same (decision 0040).
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abm_ros.common.errors import AuditError, PhiError
from abm_ros.meta.audit.log import examine, records
from abm_ros.meta.decision import Situation, choose, from_record, table_hash
from abm_ros.meta.phi import Decision, ModePolicy, Phi, load_phi
from abm_ros.meta.teacher_watch import trust_record_text
from abm_ros.meta.world_watch import world_text

DECISIONS = ('mode', 'modulate')


@dataclass(frozen=True)
class LogEntry:
    """A record of the log, with the phi that was in force."""

    record: Mapping[str, Any]
    phi: Phi | None

    @property
    def seq(self) -> int:
        """The record's number."""
        return int(self.record['seq'])

    @property
    def is_decision(self) -> bool:
        """Whether the record is a decision that can be recomputed."""
        return self.record['kind'] in DECISIONS and 'situation' in self.record['body']


def steps(path: Path | str) -> Iterator[LogEntry]:
    """
    Iterate over the records of a log, each with its phi.

    :raises AuditError: the chain is broken, or a text of phi does not fit its hash.
    """
    tables: dict[str, Phi] = {}
    for record in records(path):
        body = record['body']
        if record['kind'] == 'start' and 'phi_text' in body:
            text = str(body['phi_text'])
            if table_hash(text) != body.get('phi'):
                raise AuditError(f'{path}: record {record["seq"]}: the text of phi does not fit '
                                 'its hash')
            try:
                tables[table_hash(text)] = load_phi(text)
            except PhiError as error:
                raise AuditError(f'{path}: record {record["seq"]}: {error}') from error
        yield LogEntry(record, tables.get(str(body.get('phi', ''))))


def differences(step: LogEntry) -> list[str]:
    """
    Recompute a decision from its record and phi; return the differences, one line each.

    :raises AuditError: the record is incomplete, or its phi is not in the log.
    """
    if step.phi is None:
        raise AuditError(f'record {step.seq}: the log holds no phi with the hash '
                         f'{str(step.record["body"].get("phi", ""))[:12]}')
    situation, written = from_record(step.record['body'])
    again = choose(situation, step.phi)
    found = []
    for name in ('mode', 'reason', 'drives', 'modulation', 'state'):
        before, after = getattr(written, name), getattr(again, name)
        if before != after:
            found.append(f'{name}: written {before}, recomputed {after}')
    return found


@dataclass(frozen=True)
class OperatorOverrides:
    """The operator's hold, pin and vetoes that are in force."""

    held: bool
    pin_mode: str
    veto_modes: tuple[str, ...]


def standing_overrides(path: Path | str, launched: Mapping[str, Any]) -> OperatorOverrides:
    """
    Return the operator overrides that are in force at a start of System M (decision 0041).

    A release at System M is passed on to the gate and ends both holds; a release at the gate ends
    the gate's own hold. A setting counts as a new override only if it differs from that of the
    start before: a node that died restarts with its first settings, which revoke nothing.

    :param launched: `pin_mode` and `veto_modes` as given at this start.
    :raises AuditError: the chain is broken.
    """
    held = {'system_m': False, 'motor_gate': False}
    before: dict[str, Any] = {}
    asked = dict(launched)
    for record in records(path):
        body = record['body']
        if record['kind'] in ('start', 'intervention'):     # in force from here on
            asked |= {name: body[name] for name in launched if name in body}
        if record['kind'] == 'start':
            before = body.get('launched', {})
        elif record['kind'] == 'intervention':
            place = 'motor_gate' if body.get('at') == 'motor_gate' else 'system_m'
            if body.get('action') == 'hold':
                held[place] = True
            elif body.get('action') == 'release':
                held |= {place: False, 'motor_gate': False}
    asked |= {name: launched[name] for name in before if before[name] != launched[name]}
    return OperatorOverrides(any(held.values()), asked['pin_mode'], tuple(asked['veto_modes']))


@dataclass(frozen=True)
class AuditVerdict:
    """What `check` found in a sound log; `crash` names an unacknowledged record at its end."""

    records: int
    decisions: int
    older: int
    crash: str = ''


def check(path: Path | str, key: bytes = b'') -> AuditVerdict:
    """
    Verify the chain and recompute every decision.

    :param key: key of the head's signature; empty checks none.
    :return: the numbers of records, of recomputed decisions, and of decisions in the older format,
        which cannot be recomputed.
    :raises AuditError: naming the first record that is wrong.
    """
    chain = examine(Path(path), key)
    decisions = older = 0
    for step in steps(path):
        if step.is_decision:
            decisions += 1
            if found := differences(step):
                raise AuditError(f'{path}: record {step.seq} differs from what phi decides: '
                                 f'{"; ".join(found)}')
        elif step.record['kind'] in DECISIONS:
            older += 1
    return AuditVerdict(chain.last.seq + 1, decisions, older, chain.crash)


def find(path: Path | str, number: int) -> LogEntry:
    """
    Return the record of a number.

    :raises AuditError: there is no such record.
    """
    last = -1
    for step in steps(path):
        last = step.seq
        if last == number:
            return step
    raise AuditError(f'{path}: there is no record {number}; the last one is {last}')


def summary(record: Mapping[str, Any]) -> str:
    """Return one line about a record."""
    when = time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(record['stamp_ns'] / 1e9))
    return f'{record["seq"]:6d}  {when}  {record["kind"]:12s}  {record_text(record)}'


def record_text(record: Mapping[str, Any]) -> str:
    """Return what a record says, without its number, time and kind."""
    body = record['body']

    def get(name: str) -> Any:
        return body.get(name, '')

    return str({
        'start': lambda: f'System M {get("incarnation")} started',
        'stop': lambda: 'System M stopped',
        'mode': lambda: f'{get("before") or "-"} -> {get("mode")}: {get("reason")}',
        'modulate': lambda: f'{get("mode")}: new modulation',
        'degrade': lambda: f'in {get("mode") or "bring-up"}: {get("fault")}',
        'repairing': lambda: f'after: {get("fault")}',
        'repaired': lambda: f'after: {get("fault")}',
        'refused': lambda: f'{get("wanted")} refused: {get("rule")}',
        'world': lambda: world_text(body),
        'trust': lambda: trust_record_text(body),
        'untaught': lambda: f'refused by {get("by")}: {get("why")}',
        'intervention': lambda: _intervention_text(body),
    }.get(str(record['kind']), lambda: _listed(body))())


def _listed(body: Mapping[str, Any]) -> str:
    return ', '.join(f'{name} {value}' for name, value in body.items())


def _intervention_text(body: Mapping[str, Any]) -> str:
    if 'pin_mode' not in body:
        return _listed(body)
    vetoed = ', '.join(body.get('veto_modes', ()))
    return f'pinned: {body["pin_mode"] or "nothing"}; vetoed: {vetoed or "nothing"}'


def explain(step: LogEntry) -> list[str]:
    """
    Explain a decision in plain words, and prove it by recomputing it.

    :raises AuditError: the decision cannot be recomputed.
    """
    lines = [summary(step.record).strip()]
    if not step.is_decision:
        if step.record['kind'] in DECISIONS:
            lines.append('This record was written before situations were kept: it cannot be '
                         'recomputed.')
        return lines + (_world(step.record['body']) if step.record['kind'] == 'world' else [])
    situation, decision = from_record(step.record['body'])
    lines += _who(situation, decision)
    if step.phi is not None and decision.drives:
        lines += _drives(situation, decision, step.phi)
    if situation.forbidden:
        lines.append('Not allowed then:')
        lines += [f'  {mode}: {rule}' for mode, rule in situation.forbidden.items()]
    found = differences(step)
    lines.append('Recomputed from phi '
                 f'{str(step.record["body"]["phi"])[:12]}: '
                 + ('the same decision.' if not found else 'NOT the same: ' + '; '.join(found)))
    return lines


def _world(body: Mapping[str, Any]) -> list[str]:
    """Explain why another world was believed."""
    why = {
        'opened': 'No world that is known explained the last steps as well as an unknown one, by '
                  'the evidence that System A asks for (its setting evidence).',
        'recalled': 'This world explained the last steps better than the one before, by the '
                    'evidence that System A asks for (its setting recall_evidence).',
        'relearned': 'The world was young, and what was learned of it at first explained the next '
                     'steps worse than knowing nothing of it: it is learned anew.',
        'resumed': 'System A was started, and was in this world before.'}
    return [why.get(str(body['how']), ''),
            f'System A remembers {body["worlds"]} worlds; its prediction error was '
            f'{body["prediction_error"]:.2f}, and {body["doubt"]:.2f} of 1 of what actions do was '
            'still open.',
            f'As far as was known: {body["actuators"] or "actuators answer as they did"}.']


def _who(s: Situation, decision: Decision) -> list[str]:
    stayed_s = s.now_s - s.state.since_s
    lines = []
    if not s.begin:
        lines.append(f'Until then: {s.state.mode}, for {stayed_s:.1f} s.')
    if s.fault:
        lines.append(f'A fault decides before everything else: {s.fault}.')
    elif s.held:
        lines.append('The operator holds; nothing else is asked.')
    elif decision.state.override >= 0:
        lines.append('A hard override of phi decides; dwell and drives are not asked.')
    elif s.pinned:
        lines.append(f'The operator pins {s.pinned}.')
    elif s.baseline:
        lines.append(f'The baseline still runs: {s.baseline} without learning.')
    known = ', '.join(f'{name} {value:.3f}' for name, value in s.signals.items())
    return [*lines, f'Signals: {known or "none yet"}.']


def _drives(s: Situation, decision: Decision, phi: Phi) -> list[str]:
    lines = ['Drives (bias + weight x signal):']
    for mode, drive in sorted(decision.drives.items(), key=lambda item: -item[1]):
        policy = phi.modes.get(mode, ModePolicy(0.0))   # a pinned mode may have no row
        parts = ''.join(f' {w:+g} x {name} {s.signals.get(name, 0.0):.3f}'
                        for name, w in policy.weights.items())
        lines.append(f'  {mode:8s} {drive:6.3f} = {policy.bias:g}{parts}')
    return lines
