"""phi as the text that `phi.load_phi` reads."""

from dataclasses import fields
from typing import Any

import yaml

from abm_ros.meta.phi import ModePolicy, Modulation, Override, Phi

_USUAL = Modulation()


def phi_text(phi: Phi, comment: str = '') -> str:
    """
    Return the table as YAML; numbers are written so that they are read back exactly.

    :param comment: lines at the top, without '#'.
    """
    table = {'version': 1, 'modes': {name: _mode(policy) for name, policy in phi.modes.items()},
             'overrides': [_override(rule) for rule in phi.overrides]}
    head = ''.join(f'# {line}'.rstrip() + '\n' for line in comment.splitlines())
    return head + yaml.safe_dump(table, sort_keys=False, width=99)


def _mode(policy: ModePolicy) -> dict[str, Any]:
    raw: dict[str, Any] = {'bias': policy.bias, 'weights': dict(policy.weights),
                           'hysteresis': policy.hysteresis, 'min_dwell_s': policy.min_dwell_s}
    set_by_it = {item.name: value for item in fields(Modulation)
                 if (value := getattr(policy.modulation, item.name)) != getattr(
                     _USUAL, item.name)}
    if set_by_it:
        raw['modulation'] = set_by_it
    if policy.modulated:
        raw['modulated'] = {name: dict(weights) for name, weights in policy.modulated.items()}
    return raw


def _override(rule: Override) -> dict[str, Any]:
    given = {'signal': rule.signal, 'mode': rule.mode, 'above': rule.above, 'below': rule.below,
             'until': rule.until, 'settle_s': rule.settle_s}
    return {name: value for name, value in given.items() if value is not None}
