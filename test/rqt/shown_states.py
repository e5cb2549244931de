"""What tests of the window let be heard, and the window that shows it."""

import json
from types import SimpleNamespace

from abm_ros.common.telemetry import MotorGateTelemetry, SystemMTelemetry
from abm_ros.ros.clients.operator import Answer

DECISION = {
    'mode': 'play', 'reason': 'strongest drive', 'stayed_s': 3.0,
    'modes': ['play', 'task', 'rest', 'sleep', 'imagine', 'freeze'], 'safe': 'freeze',
    'drives': {'play': 0.74, 'task': 0.47, 'sleep': 0.46, 'rest': -0.04}, 'hysteresis': 0.1,
    'min_dwell_s': 6.0, 'modulation': {}, 'forbidden': {'imagine': 'not built yet'},
    'held': False, 'pinned': '', 'vetoed': [], 'fault': '', 'guards': {}, 'refused': {}}
PHI = """
version: 1
modes: {play: {bias: 0.2}}
overrides:
  - {signal: pain, above: 0.5, until: 0.1, mode: freeze}
  - {signal: energy, below: 0.15, until: 0.5, mode: rest}
"""
SIGNALS = {'uncertainty': 0.31, 'pain': 0.0, 'energy': 0.94}


class Clock:
    """Time in our hands."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def wall(self) -> int:
        return round((self.now_s + 5e5) * 1e9)


class Asked:
    """An operator client that notes what it is asked."""

    def __init__(self, _: str) -> None:
        self.calls: list = []

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None: ...

    def trigger(self, what):
        self.calls.append(what)
        return [Answer('motor_gate', True, f'{what} it is')]

    def pin(self, mode):
        self.calls.append(('pin', mode))
        return [Answer('system_m', mode != 'imagine', 'not built yet' if mode == 'imagine'
                       else f'pinned to {mode}')]

    def veto(self, modes):
        self.calls.append(('veto', modes))
        return [Answer('system_m', True, f'vetoed: {", ".join(modes)}')]


def tell(seen, *, mode='play', signals=None, motors_open=True, **decision) -> None:
    """Let System M and the motor gate be heard once."""
    seen.mode(mode)
    seen.decision(json.dumps(DECISION | {'mode': mode} | decision))
    seen.phi(PHI)
    seen.motor_gate(MotorGateTelemetry(open=float(motors_open), held=float(
        bool(decision.get('held')))))
    seen.system_m(SystemMTelemetry(signals=signals or SIGNALS, switches=3.0))


def audit(seen, seq: int, kind: str, text: str, at_ns: int, mode: str = '') -> None:
    seen.record(json.dumps(
        {'seq': seq, 'stamp_ns': at_ns, 'kind': kind, 'text': text, 'mode': mode}))


def no_sources(seen, desk, wiring=None) -> SimpleNamespace:
    return SimpleNamespace(view=seen.view, wiring=lambda: wiring, desk=desk, close=desk.close)
