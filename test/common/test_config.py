"""Settings are checked where they are made: type, bounds, choices, unknown keys."""

import math
from dataclasses import FrozenInstanceError, dataclass, field, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm_ros.common.config import check, check_value, from_mapping, section, setting, setting_of
from abm_ros.common.errors import AbmError, ConfigError


@dataclass(frozen=True)
class Arm:
    reach: float = setting(0.8, 'How far.', unit='m', low=0.1, high=2.0, runtime=True)
    joints: int = setting(7, 'How many.', low=1, high=20)
    name: str = setting('arm', 'Called.')
    kind: str = setting('a', 'Which.', choices=('a', 'b'))
    fixed: bool = setting(True, 'Bolted.')
    links: tuple[str, ...] = setting((), 'Links.')
    box: tuple[float, ...] = setting((0.0, 1.0), 'Corner.', low=-1.0, high=1.0)
    free: float = setting(0.0, 'Anything finite.')

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Part:
    joints: int = setting(3, 'How many.', low=1, high=20)
    name: str = setting('part', 'Called.')


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_float_passes_exactly_within_its_bounds(value) -> None:
    if 0.1 <= value <= 2.0:
        assert Arm(reach=value).reach == value
    else:
        with pytest.raises(ConfigError, match=r'Arm\.reach.*0\.1.*2.*m'):
            Arm(reach=value)


@given(st.integers())
def test_an_integer_passes_exactly_within_its_bounds(value) -> None:
    if 1 <= value <= 20:
        assert Arm(joints=value).joints == value
    else:
        with pytest.raises(ConfigError, match=r'Arm\.joints'):
            Arm(joints=value)


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_even_without_bounds(bad) -> None:
    with pytest.raises(ConfigError, match=r'Arm\.free'):
        Arm(free=bad)


@pytest.mark.parametrize(('name', 'value'), [
    ('reach', '1'), ('reach', None), ('reach', True), ('reach', [1.0]), ('joints', 1.0),
    ('joints', True), ('joints', '7'), ('name', 3), ('kind', 'c'), ('kind', ''), ('fixed', 1),
    ('fixed', 'true'), ('links', 'abc'), ('links', 3), ('links', (1,)), ('box', (0.0, 2.0)),
    ('box', (math.nan, 0.0)), ('box', ('a', 'b')), ('box', None)])
def test_wrong_types_and_values_are_refused_by_name(name, value) -> None:
    with pytest.raises(ConfigError, match=rf'Arm\.{name}'):
        Arm(**{name: value})


def test_an_integer_is_a_float_where_a_float_is_expected() -> None:
    assert isinstance(Arm(reach=1).reach, float)
    assert Arm(box=[0, 1]).box == (0.0, 1.0)


def test_lists_become_tuples_and_nothing_can_be_changed() -> None:
    arm = Arm(links=['a', 'b'])
    assert arm.links == ('a', 'b')
    with pytest.raises(FrozenInstanceError):
        arm.reach = 1.0


def test_unknown_keys_are_errors_that_name_the_known_ones() -> None:
    assert from_mapping(Arm, {'reach': 1.0}) == Arm(reach=1.0)
    with pytest.raises(ConfigError, match=r"(?s)'raech'.*reach"):
        from_mapping(Arm, {'raech': 1.0})


def test_a_section_takes_the_fields_of_the_whole() -> None:
    assert section(Part, Arm(joints=5, name='x')) == Part(5, 'x')


def test_a_setting_knows_what_was_declared() -> None:
    item = {f.name: f for f in fields(Arm)}['reach']
    info = setting_of(item)
    assert (info.description, info.unit, info.low, info.high, info.runtime) == (
        'How far.', 'm', 0.1, 2.0, True)
    assert check_value('anyone', item, 1) == 1.0
    with pytest.raises(ConfigError, match=r'anyone\.reach'):
        check_value('anyone', item, 3.0)


def test_a_field_without_a_declaration_is_refused() -> None:
    @dataclass(frozen=True)
    class Bare:
        x: int = field(default=1)

    with pytest.raises(ConfigError, match='x'):
        check(Bare())


def test_a_config_error_is_ours_and_a_value_error() -> None:
    assert issubclass(ConfigError, AbmError)
    assert issubclass(ConfigError, ValueError)
