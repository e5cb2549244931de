"""The contents of `diagnostics`: each node, and System M itself."""

from collections.abc import Iterator, Mapping
from math import isnan

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from abm_ros.common import names
from abm_ros.meta.health import Health
from abm_ros.meta.signals.lag import slowness
from abm_ros.nodes.effectors.conductor import Conductor

# The numbers that an operator needs when a node misbehaves.
SHOWN: Mapping[str, tuple[str, ...]] = {
    names.SENSORY_GATE: ('described', 'observations', 'energy', 'effort_peak', 'clock_jumps',
                         'goals_refused', 'demonstrations'),
    names.SYSTEM_A: ('latents', 'prediction_error', 'uncertainty', 'dreamed', 'dream_error'),
    names.SYSTEM_A_LEARNER: ('updates', 'version', 'loss', 'effective_rank'),
    names.SYSTEM_B: ('episodes', 'success_rate', 'version', 'deliberation', 'action_spread'),
    names.SYSTEM_B_LEARNER: ('updates', 'version', 'critic_loss', 'actor_loss'),
    names.EPISODIC_MEMORY: ('recorded', 'transitions', 'acknowledged', 'pending', 'forgotten',
                            'damaged_chunks', 'imagined', 'shown'),
    names.MOTOR_GATE: ('open', 'held', 'commands', 'corrected', 'clock_jumps')}
SHOWN_OF_ALL = ('refused', 'faults')


def statuses(health: Health, conductor: Conductor | None, now_s: float) -> list[DiagnosticStatus]:
    """Return one status per wired node, and System M's own once it is configured."""
    found = [_status(health, node, now_s) for node in names.WIRED_NODES]
    return found if conductor is None else [*found, _own_status(conductor, now_s)]


def _status(health: Health, node: str, now_s: float) -> DiagnosticStatus:
    alive, told = health.alive(node, now_s), health.of(node)
    level, message = DiagnosticStatus.STALE, 'no telemetry'
    if alive:
        trouble = '; '.join(_trouble(health, node))
        level = (DiagnosticStatus.ERROR if told.faults > 0 else
                 DiagnosticStatus.WARN if trouble else DiagnosticStatus.OK)
        message = f'{told.state}: {trouble}' if trouble else told.state
    return DiagnosticStatus(level=level, name=f'abm_ros: {node}', hardware_id=node,
                            message=message, values=_values(_numbers(health, node)))


def _trouble(health: Health, node: str) -> Iterator[str]:
    """Yield the troubles of a node that is alive."""
    telemetry = health.telemetry
    if node == names.SENSORY_GATE:
        gate = telemetry.sensory_gate
        if gate.described == 0:
            yield 'no robot description yet'
        if gate.trouble:
            yield gate.trouble
    if node == names.SYSTEM_A and (trouble := telemetry.system_a.dream_trouble):
        yield f'nothing is dreamed: {trouble}'
    if node == names.MOTOR_GATE and (silent := telemetry.motor_gate.silent):
        yield f'nothing usable on {silent}'
    if node == names.EPISODIC_MEMORY:
        memory = telemetry.episodic_memory
        if memory.trouble > 0:
            yield memory.trouble_reason
        if memory.damaged_chunks > 0:
            yield f'{memory.damaged_chunks:.0f} chunks of the record are damaged'


def _numbers(health: Health, node: str) -> dict[str, float]:
    """Return the numbers of a node that are shown."""
    told = health.of(node)
    numbers = {name: getattr(told, name) for name in (*SHOWN[node], *SHOWN_OF_ALL)}
    if node == names.SENSORY_GATE:
        numbers |= health.telemetry.sensory_gate.findings
    return numbers


def _values(numbers: Mapping[str, float]) -> list[KeyValue]:
    """Return what is known of some numbers."""
    return [KeyValue(key=name, value=f'{value:.0f}' if value.is_integer() else f'{value:.6g}')
            for name, value in numbers.items() if not isnan(value)]


def _own_status(conductor: Conductor, now_s: float) -> DiagnosticStatus:
    guards, told = conductor.control.guards, conductor.telemetry()
    faults = conductor.faults
    news = faults.news(now_s)
    level = (DiagnosticStatus.ERROR if faults.fault and faults.waits_for_others else
             DiagnosticStatus.WARN if news else DiagnosticStatus.OK)
    message = news or conductor.mode or 'bringing up'
    if slow := slowness(told.signals.get('learning_lag', 0.0)):
        level, message = max(level, DiagnosticStatus.WARN), f'{message}: {slow}'
    if guards.tripped:
        level, message = DiagnosticStatus.ERROR, '; '.join(guards.tripped.values())
    numbers = {'somatic_budget': guards.budget, 'switches': told.switches,
               'degraded': told.degraded, 'gate_shut_ms': told.gate_shut_ms,
               'full_ms': told.full_ms, **told.signals}
    return DiagnosticStatus(
        level=level, name=f'abm_ros: {names.SYSTEM_M}', hardware_id=names.SYSTEM_M,
        message=message, values=_values(numbers))
