"""System M's decision for a tick: operator, constraints, faults and the baseline before phi."""

from dataclasses import replace
from pathlib import Path

import pytest

from abm_ros.common.errors import ConfigError, PhiError, WiringError
from abm_ros.common.telemetry import EpisodicMemoryTelemetry, GraphTelemetry, SystemBTelemetry
from abm_ros.meta.constraints import Constraints
from abm_ros.meta.decision import choose
from abm_ros.meta.meta_control import MetaControl, SystemMConfig
from abm_ros.meta.modes import DESIGN
from abm_ros.meta.phi import ModePolicy, Modulation, Override, Phi
from abm_ros.meta.wiring import NodeRow, Row, Wiring

OWN = Path(__file__).resolve().parents[2] / 'config'
SHUT = {'observe', 'imitate', 'rest', 'sleep', 'imagine', 'freeze'}
WIRING = Wiring([
    Row(mode, roles, mode not in SHUT, True,
        {'motor_gate': NodeRow(mode not in SHUT, {}, {})},
        'not built' if mode in {'observe', 'imitate'} else '')
    for mode, roles in DESIGN.items()])
MODES = WIRING.modes
PHI = Phi({'play': ModePolicy(1.0, {}, 0.0, 0.0, Modulation(exploration=0.5)),
           'task': ModePolicy(0.5, {'competence': 1.0}, 0.0, 0.0),
           'rest': ModePolicy(0.1), 'sleep': ModePolicy(0.0)},
          (Override('pain', 'freeze', above=0.5, until=0.1),
           Override('energy', 'rest', below=0.2, until=0.5)))
NOTHING = GraphTelemetry()
FINE = {'competence': 0.0, 'pain': 0.0, 'energy': 1.0}


def acted(episodes: float) -> GraphTelemetry:
    return GraphTelemetry(system_b=SystemBTelemetry(episodes=episodes))


def memory(trouble: float, reason: str = '') -> GraphTelemetry:
    return GraphTelemetry(episodic_memory=EpisodicMemoryTelemetry(
        trouble=trouble, trouble_reason=reason))


def control(constraints: Constraints | None = None, **settings) -> MetaControl:
    return MetaControl(SystemMConfig(**settings), PHI, WIRING, constraints or Constraints(MODES))


def modes_of(made: MetaControl, *signals, telemetry=NOTHING, fault: str = '',
             start_s: float = 0.0):
    return [made.decide(s, telemetry, fault, start_s + i).mode for i, s in enumerate(signals)]


def test_phi_decides_when_nothing_is_in_its_way() -> None:
    made = control()
    assert made.begin(0.0).mode == 'task'
    assert modes_of(made, FINE, {**FINE, 'competence': 1.0}, FINE) == ['play', 'task', 'play']


@pytest.mark.parametrize('mode', ['play', 'task', 'rest', 'sleep', 'freeze'])
def test_a_pin_holds_in_every_working_mode_and_pain_goes_before_it(mode) -> None:
    made = control(pin_mode=mode)
    assert made.begin(0.0).mode == mode
    assert modes_of(made, FINE, FINE, {**FINE, 'pain': 0.9}, {**FINE, 'pain': 0.2}, FINE) == [
        mode, mode, 'freeze', 'freeze', mode]


def test_an_override_goes_before_a_pin_and_takes_its_own_mode() -> None:
    made = control(pin_mode='play')
    made.begin(0.0)
    assert modes_of(made, FINE, {**FINE, 'energy': 0.1}, {**FINE, 'energy': 0.4}, FINE) == [
        'play', 'rest', 'rest', 'play']


@pytest.mark.parametrize('pin', ['', 'play', 'rest'])
def test_an_override_whose_mode_is_barred_freezes_and_is_logged(pin) -> None:
    made = control(pin_mode=pin, veto_modes=('rest',))
    made.begin(0.0)
    tired = {**FINE, 'energy': 0.1}
    assert modes_of(made, tired, {**FINE, 'energy': 0.4}, tired) == ['freeze'] * 3
    assert made.state.override == 1
    assert (made.refused.wanted, made.refused.rule) == ('rest', 'the operator vetoes it')
    made.config = SystemMConfig(pin_mode=pin)
    assert modes_of(made, tired) == ['rest']


def test_a_battery_that_never_charges_never_moves_the_arm() -> None:
    """Rest ends at its longest dwell; the arm must not work meanwhile."""
    made = control(Constraints(MODES, (), {'rest': 120.0}, recover_s=3.0))
    made.begin(0.0)
    tired = {**FINE, 'energy': 0.05}
    seen = [made.decide(tired, NOTHING, '', 0.1 * i).mode for i in range(1, 2000)]
    assert set(seen) == {'rest', 'freeze'}
    assert seen.count('freeze') == pytest.approx(3.0 / 0.1, abs=1)


def test_a_pinned_mode_needs_no_row_in_phi() -> None:
    made = MetaControl(SystemMConfig(pin_mode='rest'), Phi({'play': ModePolicy(1.0)}), WIRING,
                       Constraints(MODES))
    made.begin(0.0)
    assert modes_of(made, FINE, FINE) == ['rest', 'rest']


def test_a_pin_that_comes_later_is_followed_at_once() -> None:
    made = control()
    made.begin(0.0)
    for mode in ('sleep', 'freeze', 'task'):
        made.config = SystemMConfig(pin_mode=mode)
        assert modes_of(made, FINE) == [mode]


@pytest.mark.parametrize('mode', ['observe', 'imitate'])
def test_unavailable_modes_are_refused_with_the_reason(mode) -> None:
    assert 'not built' in control().refusal(mode)
    with pytest.raises(WiringError, match='not built'):
        control(pin_mode=mode)
    with pytest.raises(WiringError, match='not built'):
        control(initial_mode=mode)


def test_unknown_and_forbidden_modes_are_refused() -> None:
    assert 'dance' in control().refusal('dance')
    assert 'constraints' in control(Constraints(MODES, ('play',))).refusal('play')
    with pytest.raises(WiringError, match='forbidden'):
        control(Constraints(MODES, ('play',)), pin_mode='play')
    for setting in ('pin_mode', 'initial_mode'):
        with pytest.raises(ConfigError, match=f"{setting}: unknown mode 'dance'"):
            control(**{setting: 'dance'})


def test_a_new_mode_is_chosen_pinned_and_vetoed_like_any_other() -> None:
    wiring = Wiring([*WIRING.values(), replace(WIRING['play'], mode='exercise')], 'exercise')
    phi = replace(PHI, modes={**PHI.modes, 'exercise': ModePolicy(1.5, {}, 0.0, 0.0)})

    def made(**settings) -> MetaControl:
        return MetaControl(SystemMConfig(**settings), phi, wiring, Constraints(wiring.modes))

    life = made()
    assert life.begin(0.0).mode == 'exercise', 'the initial mode of the table'
    assert modes_of(life, FINE) == ['exercise']
    assert modes_of(made(pin_mode='exercise'), FINE) == ['exercise']
    assert modes_of(made(veto_modes=('exercise',), initial_mode='task'), FINE) == ['play']
    with pytest.raises(PhiError, match="unknown mode 'exercise'"):
        MetaControl(SystemMConfig(), phi, WIRING, Constraints(MODES))


def test_what_the_constraints_forbid_phi_cannot_choose() -> None:
    made = control(Constraints(MODES, ('play',)))
    assert modes_of(made, FINE, FINE) == ['task', 'task']


def test_a_mode_ends_at_its_longest_dwell() -> None:
    made = control(Constraints(MODES, (), {'play': 3.0}))
    made.begin(0.0)
    seen = modes_of(made, *[FINE] * 12)
    longest = max(len(run) for run in ''.join(m[0] for m in seen).replace('t', ' ').split())
    assert longest <= 4
    assert 'task' in seen


def test_a_veto_ends_a_mode_and_vetoing_all_freezes() -> None:
    made = control(veto_modes=('play',))
    assert modes_of(made, FINE) == ['task']
    made.config = SystemMConfig(veto_modes=('play', 'task', 'rest', 'sleep'))
    assert modes_of(made, FINE) == ['freeze']


@pytest.mark.parametrize(('veto', 'says'), [
    (('play', 'freeze'), 'freeze cannot be vetoed, for pain'),
    (('dance',), "unknown mode 'dance'")])
def test_the_safe_mode_cannot_be_vetoed_nor_what_does_not_exist(veto, says) -> None:
    """Else pain could no longer stop the arm."""
    with pytest.raises(ConfigError, match=says):
        control(veto_modes=veto)


def test_a_life_begins_frozen_where_a_rule_or_the_operator_bars_its_first_mode() -> None:
    for made, rule in ((control(veto_modes=('task',)), 'the operator vetoes it'),
                       (control(Constraints(MODES, quotas={'task': 0.0})), 'quotas.task'),
                       (control(pin_mode='play', veto_modes=('play',)), 'the operator vetoes')):
        decision = made.begin(0.0)
        assert decision.mode == 'freeze'
        assert rule in decision.reason
        assert rule in made.situation.forbidden[made.situation.begin]
        assert choose(made.situation, PHI) == decision
        assert modes_of(made, FINE, start_s=1.0)[0] not in (made.situation.begin, 'freeze')
    made = control()
    made.held = True
    decision = made.begin(0.0)
    assert (decision.mode, decision.reason, made.situation.held) == (
        'freeze', 'operator holds', True)


def test_hold_and_fault_freeze_before_everything_and_learn_nothing() -> None:
    made = control(pin_mode='play')
    made.held = True
    decision = made.decide(FINE, NOTHING, '', 1.0)
    assert (decision.mode, decision.modulation.plasticity_a) == ('freeze', 0.0)
    assert 'operator' in decision.reason
    made.held = False
    decision = made.decide(FINE, NOTHING, 'lost system_b', 2.0)
    assert decision.mode == 'freeze'
    assert 'lost system_b' in decision.reason
    assert modes_of(made, FINE, start_s=3.0) == ['play']


def test_the_baseline_acts_without_learning_and_only_overrides_interrupt_it() -> None:
    made = control(baseline_episodes=20)
    first = made.begin(0.0)
    assert (first.mode, first.modulation.plasticity_a, first.modulation.plasticity_b) == (
        'task', 0.0, 0.0)
    acting = acted(19)
    decision = made.decide(FINE, acting, '', 1.0)
    assert (decision.mode, decision.modulation.plasticity_a) == ('task', 0.0)
    seen = modes_of(made, {**FINE, 'pain': 1.0}, FINE, {**FINE, 'energy': 0.1},
                    {**FINE, 'energy': 0.3}, FINE, telemetry=acting, start_s=2.0)
    assert seen == ['freeze', 'task', 'rest', 'rest', 'task']
    done = made.decide(FINE, acted(20), '', 9.0)
    assert (done.mode, done.modulation.plasticity_a) == ('play', 1.0)


def test_a_system_b_that_restarts_does_not_start_the_baseline_anew() -> None:
    """It counts its episodes from 0 again; what was learned is learned."""
    made = control(baseline_episodes=20)
    made.begin(0.0)
    assert made.decide(FINE, acted(25), '', 1.0).mode == 'play'
    assert made.decide(FINE, acted(0), '', 2.0).mode == 'play'


def test_a_memory_that_cannot_write_freezes_with_that_reason() -> None:
    made = control(pin_mode='play')
    made.begin(0.0)
    decision = made.decide(FINE, memory(1.0, 'disk full'), '', 1.0)
    assert decision.mode == 'freeze'
    assert 'memory cannot write: disk full' in decision.reason
    assert made.decide(FINE, memory(0.0), '', 2.0).mode == 'play'
