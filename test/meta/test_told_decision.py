"""What an operator is told of a decision, and how often."""

import json

from abm_ros.meta.decision import Refusal, Situation, choose
from abm_ros.meta.phi import PolicyState, load_phi
from abm_ros.meta.told_decision import DecisionTeller, told_decision

PHI = load_phi("""
version: 1
modes:
  play: {bias: 0.2, weights: {uncertainty: 1.0}, hysteresis: 0.25, min_dwell_s: 2.0}
  task: {bias: 0.5}
""")


def told(now_s: float, *, held: bool = False, uncertainty: float = 0.5) -> dict:
    situation = Situation({'uncertainty': uncertainty}, PolicyState('play', 4.0), now_s,
                          ('play', 'task', 'freeze'), 'freeze', {'task': 'vetoed'}, held=held)
    return told_decision(choose(situation, PHI), situation, PHI, ('task',),
                         {'actions': 'collapsed'}, Refusal('task', 'vetoed'))


def test_a_decision_is_told_with_what_made_and_bound_it() -> None:
    one = json.loads(json.dumps(told(10.0)))
    assert one['mode'] == 'play'
    assert one['stayed_s'] == 6.0
    assert one['drives'] == {'play': 0.7}            # a forbidden mode has no drive
    assert (one['hysteresis'], one['min_dwell_s']) == (0.25, 2.0)
    assert one['forbidden'] == {'task': 'vetoed'}
    assert one['vetoed'] == ['task']
    assert one['guards'] == {'actions': 'collapsed'}
    assert one['refused'] == {'wanted': 'task', 'rule': 'vetoed'}
    assert one['modes'] == ['play', 'task', 'freeze']


def test_drives_are_told_once_a_second_and_a_hold_at_once() -> None:
    teller = DecisionTeller()
    times = [0.0, 0.1, 0.9, 1.0, 1.1, 1.2, 2.2]
    held = [False, False, False, False, True, True, True]
    due = [t for t, hold in zip(times, held, strict=True)
           if teller.due(told(t, held=hold, uncertainty=t / 3), t)]
    assert due == [0.0, 1.0, 1.1, 2.2]
