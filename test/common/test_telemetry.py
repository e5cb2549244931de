"""The schema of the telemetry: what a field may hold, and that every node has its place."""

from dataclasses import fields
from math import inf, isnan, nan

import numpy as np
import pytest

from abm_ros.common import names
from abm_ros.common.errors import SpecError
from abm_ros.common.telemetry import (
    KINDS,
    LEARNERS,
    GraphTelemetry,
    LearnerTelemetry,
    MotorGateTelemetry,
    SystemALearnerTelemetry,
    SystemMTelemetry,
)
from abm_ros.common.telemetry_fields import Telemetry, known, schema

CLASSES = [Telemetry, LearnerTelemetry, *KINDS.values()]


def test_every_node_that_system_m_wires_has_a_class_and_a_place() -> None:
    places = {f.name: f.default_factory for f in fields(GraphTelemetry)}
    assert places == {node: KINDS[node] for node in names.WIRED_NODES}
    assert set(KINDS) == {*names.WIRED_NODES, names.SYSTEM_M}
    assert [kind.node for kind in LEARNERS] == [names.SYSTEM_A_LEARNER, names.SYSTEM_B_LEARNER]


@pytest.mark.parametrize('kind', CLASSES)
def test_every_field_is_described_and_nothing_is_known_at_first(kind) -> None:
    told = kind()
    for item in schema(kind).items:
        assert item.description.endswith('.')
        assert item.low <= item.high
        value = getattr(told, item.name)
        assert (isnan(value) if item.type is float else not value), item.name


def test_a_nodes_own_fields_come_before_those_that_others_have_too() -> None:
    order = [item.name for item in schema(SystemALearnerTelemetry).items]
    assert order == ['effective_rank', 'observation_rank', 'loss', 'updates', 'received',
                     'rounds', 'asked', 'version', 'gain', 'refused', 'faults', 'state',
                     'incarnation', 'process']


@pytest.mark.parametrize(('value', 'kept'), [
    (True, 1.0), (3, 3.0), (np.float32(0.5), 0.5), (np.int64(7), 7.0), (2**40 + 1, 2**40 + 1)])
def test_any_kind_of_number_is_kept_as_a_float(value, kept) -> None:
    told = MotorGateTelemetry(commands=value)
    assert type(told.commands) is float
    assert told.commands == kept


@pytest.mark.parametrize('value', [nan, inf, -inf, np.float32(nan)])
def test_what_is_not_finite_is_not_known(value) -> None:
    assert isnan(MotorGateTelemetry(commands=value).commands)


@pytest.mark.parametrize(('field', 'value', 'says'), [
    ('open', 'yes', 'a number'), ('open', None, 'a number'), ('open', [1.0], 'a number'),
    ('open', np.zeros(1), 'a number'), ('shut', 1.0, 'words'), ('state', None, 'words')])
def test_another_type_is_refused_by_node_and_field(field, value, says) -> None:
    with pytest.raises(SpecError, match=rf"motor_gate.*'{field}'.*expected {says}"):
        MotorGateTelemetry(**{field: value})


@pytest.mark.parametrize('signals', [
    {'pain': 'much'}, [0.5], 'pain', {'pain': None}, {7: 0.5}, {'a b': 0.5}, {'pain;x=1': 0.5},
    {'switches': 0.5}, {'refused': 0.5}])
def test_signals_are_numbers_by_name(signals) -> None:
    with pytest.raises(SpecError, match=r"system_m.*'signals'.*numbers by name"):
        SystemMTelemetry(signals=signals)


def test_signals_that_are_not_finite_are_left_out() -> None:
    assert SystemMTelemetry(signals={'pain': nan, 'stress': inf, 'cue': 1}).signals == {'cue': 1.0}


def test_telemetry_does_not_change_once_it_is_told() -> None:
    given = {'pain': 0.5}
    told = SystemMTelemetry(signals=given)
    given['pain'] = 1.0
    assert told.signals == {'pain': 0.5}
    with pytest.raises(TypeError):
        told.signals['pain'] = 1.0    # type: ignore[index]


def test_what_is_not_known_may_be_replaced() -> None:
    assert (known(nan, 1.0), known(0.0, 1.0)) == (1.0, 0.0)
