"""Nodes that do not answer: what is done, in which order, and told before it is done."""

import pytest

pytest.importorskip('rclpy')

from abm_ros.nodes.effectors.silent_nodes import GIVE_UP_S, RENEW_S, RESTART_S, SilentNodes


class Cures:
    """Writes down what is told and done."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.heard = ['system_a', 'system_b']
        self.silent = SilentNodes(lambda node, what: self.log.append((node, what)),
                                  lambda node: self.log.append((node, 'restart')),
                                  lambda node: self.log.append((node, 'give up')),
                                  lambda: self.heard)


def test_the_cures_follow_one_another_and_each_is_told_before_it_is_done() -> None:
    made = Cures()
    renewed = [made.silent.look(['system_b'], now_s)
               for now_s in (0.0, RENEW_S - 0.1, RENEW_S, RENEW_S + 1.0)]
    assert renewed == [[], [], ['system_b'], []]
    for now_s in (RESTART_S, RESTART_S + 1.0, GIVE_UP_S, 10.0 * GIVE_UP_S):
        assert made.silent.look(['system_b'], now_s) == []
    assert made.log == [('system_b', 'clients made anew'), ('system_b', 'restarted'),
                        ('system_b', 'restart'), ('system_b', 'System M restarts'),
                        ('system_b', 'give up')]


def test_a_node_that_answered_or_left_begins_at_the_first_cure_again() -> None:
    made = Cures()
    assert made.silent.look(['system_a', 'system_b'], 0.0) == []
    assert made.silent.look(['system_a'], RENEW_S) == ['system_a']
    assert made.silent.look(['system_a', 'system_b'], RENEW_S + 1.0) == []
    assert made.silent.look(['system_b'], 2 * RENEW_S + 1.0) == ['system_b']
    assert ('system_b', 'restart') not in made.log


def test_a_process_that_is_in_the_graph_and_still_starting_is_left_alone() -> None:
    made = Cures()
    made.heard = []
    assert [made.silent.look(['system_b'], now_s) for now_s in (0.0, 10.0, 100.0)] == [[], [], []]
    made.heard = ['system_b']
    assert made.silent.look(['system_b'], 101.0) == []
    assert made.silent.look(['system_b'], 101.0 + RENEW_S) == ['system_b']
