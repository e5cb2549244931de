"""The layout of observations: where fields lie, what is refused, and that JSON keeps it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.errors import NonFiniteError, SpecError
from abm_ros.common.spec import FieldSpec, ObservationSpec, check_array

SPEC = ObservationSpec((FieldSpec('q', 2), FieldSpec('goal', 3), FieldSpec('x', 1)), 'goal', 0.05,
                       2, 0.05, 50)


def test_fields_lie_one_after_another() -> None:
    assert (SPEC.size, SPEC.goal_size) == (6, 3)
    assert (SPEC.slice_of('q'), SPEC.goal_slice, SPEC.slice_of('x')) == (
        slice(0, 2), slice(2, 5), slice(5, 6))
    with pytest.raises(SpecError, match='y'):
        SPEC.slice_of('y')


def test_images_come_last_and_what_is_hidden_is_known() -> None:
    spec = ObservationSpec((FieldSpec('q', 2), FieldSpec('error', 1, hidden=True),
                            FieldSpec('camera', 12, (3, 2, 2))), 'error', 0.05, 2, 0.05, 50)
    assert (spec.size, spec.numbers, spec.perceived) == (15, 3, (1.0, 1.0, 0.0))
    assert [f.name for f in spec.images] == ['camera']
    assert spec.slice_of('camera') == slice(3, 15)
    assert ObservationSpec.from_json(spec.to_json()) == spec


def test_a_goal_is_reached_within_its_tolerance_of_every_number_together() -> None:
    goal = np.array([0.0, 0.0, 1.0])
    achieved = goal + np.array([[0.03, 0.0, 0.0], [0.03, 0.03, 0.0], [0.03, 0.03, 0.03]])
    assert SPEC.reached(achieved, goal).tolist() == [True, True, False]
    assert SPEC.reached(achieved, goal, 0.7).tolist() == [True, False, False]
    assert SPEC.reached(achieved[:, np.newaxis], achieved).shape == (3, 3)


IMAGE = FieldSpec('camera', 12, (3, 2, 2))


@pytest.mark.parametrize('change', [
    {'fields': ()}, {'fields': (FieldSpec('goal', 1), FieldSpec('goal', 1))},
    {'goal_field': 'nowhere'}, {'action_size': 0}, {'horizon': 0},
    {'fields': (FieldSpec('goal', 0),)}, {'fields': (IMAGE, FieldSpec('goal', 1))},
    {'fields': (FieldSpec('goal', 1), replace(IMAGE, shape=(3, 4)))},
    {'fields': (FieldSpec('goal', 1), replace(IMAGE, size=11))},
    {'fields': (FieldSpec('goal', 1), replace(IMAGE, hidden=True))},
    {'fields': (FieldSpec('goal', 1, hidden=True),)}, {'fields': (replace(IMAGE, name='goal'),)}])
def test_an_impossible_layout_is_refused(change) -> None:
    values = {'fields': SPEC.fields, 'goal_field': 'goal', 'goal_tolerance': 0.05,
              'action_size': 2, 'control_period_s': 0.05, 'horizon': 50}
    with pytest.raises(SpecError):
        ObservationSpec(**{**values, **change})


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 9),
       st.floats(1e-6, 10), st.integers(1, 1000), st.data())
def test_json_keeps_every_layout(sizes, actions, tolerance, horizon, data) -> None:
    names = [f'f{i}' for i in range(len(sizes))]
    spec = ObservationSpec(tuple(map(FieldSpec, names, sizes)), data.draw(st.sampled_from(names)),
                           tolerance, actions, 0.05, horizon)
    assert ObservationSpec.from_json(spec.to_json()) == spec
    assert spec.size == sum(sizes)


@pytest.mark.parametrize('text', [
    '{"fields": ["a"]}',
    '', 'null', '[]', '{}', '7', '"spec"', '{"fields": 3}', '{"fields": [{"name": "a"}]}',
    json.dumps({**json.loads(SPEC.to_json()), 'extra': 1}),
    json.dumps({**json.loads(SPEC.to_json()), 'goal_field': 'nowhere'}),
    json.dumps({**json.loads(SPEC.to_json()), 'fields': []}),
    json.dumps({**json.loads(SPEC.to_json()), 'fields': None}),
    json.dumps({**json.loads(SPEC.to_json()), 'action_size': 'two'}),
    json.dumps({**json.loads(SPEC.to_json()), 'horizon': None})])
def test_other_json_is_refused(text) -> None:
    with pytest.raises(SpecError):
        ObservationSpec.from_json(text)


@pytest.mark.parametrize(('field', 'value'), [
    ('action_size', 2.5), ('horizon', 1.5), ('goal_tolerance', float('nan')),
    ('goal_tolerance', -1.0), ('goal_tolerance', 'near'), ('control_period_s', 0.0),
    ('control_period_s', float('inf')), ('goal_field', ['goal'])])
def test_a_foreign_spec_with_impossible_numbers_is_refused(field, value) -> None:
    """Specs come by topic and from files: what they say sizes buffers and sets success."""
    raw = json.loads(SPEC.to_json())
    with pytest.raises(SpecError):
        ObservationSpec.from_json(json.dumps({**raw, field: value}))


def test_check_array_counts_what_is_not_finite() -> None:
    with pytest.raises(NonFiniteError, match='2 of 3'):
        check_array('a', [np.inf, 1.0, -np.inf], (3,))
    # Refused before it would overflow to infinity in float32.
    with pytest.raises(NonFiniteError), np.errstate(over='ignore'):
        check_array('a', [1e300], (1,))
    assert check_array('a', [[1, 2]], (1, 2)).dtype == np.float32


def test_what_counts_as_an_event_is_told_by_the_spec_and_makes_no_other_kind() -> None:
    spec = ObservationSpec((FieldSpec('object', 2),), 'object', 0.1, 1, 0.05, 50)
    coarse = replace(spec, event_share=0.5)
    before, after = np.zeros((2, 2)), np.array([[0.004, 0.0], [0.06, 0.0]])
    assert spec.moved(before, after).tolist() == [True, True]
    assert coarse.moved(before, after).tolist() == [False, True]
    assert ObservationSpec.from_json(coarse.to_json()).event_share == 0.5
    assert coarse == spec
    old = json.loads(spec.to_json())
    del old['event_share']                      # a record of an earlier version
    assert ObservationSpec.from_json(json.dumps(old)) == spec
    with pytest.raises(SpecError, match='event_share'):
        ObservationSpec.from_json(json.dumps({**old, 'event_share': -1.0}))
