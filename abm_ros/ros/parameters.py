"""ROS parameters declared from configuration dataclasses."""

from dataclasses import fields
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from abm_ros.common.config import check_value, deprecation, from_mapping, setting_of
from abm_ros.common.errors import ConfigError
from abm_ros.ros.rclpy_internals import parameter_names, parameter_overrides

T = TypeVar('T')


def declare(node: Node, cls: type[T]) -> T:
    """
    Declare one parameter per field of a configuration and return the configuration.

    :raises ConfigError: an override is of the wrong type or out of bounds.
    """
    values: dict[str, Any] = {}
    overrides = parameter_overrides(node)
    for item in fields(cls):  # type: ignore[arg-type]
        default = list(item.default) if isinstance(item.default, tuple) else item.default
        _take_former_name(node, item, overrides)
        override = overrides.get(item.name)
        if override is not None:
            # Checked here first: rclpy's own refusal names neither the unit nor the fix.
            check_value(node.get_name(), item, plain(override))
        # rclpy takes an empty list for bytes; an empty name in a list of names means none.
        node.declare_parameter(item.name, [''] if default == [] else default, _descriptor(item))
        values[item.name] = plain(node.get_parameter(item.name))
    return from_mapping(cls, values)


def given(node: Node, name: str, default: Any) -> Any:
    """Return what a parameter that is not declared yet was set to from outside."""
    override = parameter_overrides(node).get(name)
    return default if override is None else plain(override)


def _take_former_name(node: Node, item: Any, overrides: dict[str, Parameter]) -> None:
    """Let an override by a setting's former name count, with a warning."""
    former = setting_of(item).formerly
    if former and former in overrides:
        given = overrides.pop(former)
        overrides.setdefault(item.name, Parameter(item.name, given.type_, given.value))
        node.get_logger().warning(deprecation(node.get_name(), item))


def names(node: Node, cls: type) -> set[str]:
    """Return the names by which a node's parameters may be given, former ones among them."""
    return parameter_names(node) | {
        former for item in fields(cls) if (former := setting_of(item).formerly)}


def with_empty_lists(cls: type, changes: list[Parameter]) -> list[Parameter]:
    """
    Return the changes with an empty list of any type as the declared one.

    Clients cannot know of what an empty list is: `ros2 param set` makes bytes or nothing of '[]'.
    """
    lists = {item.name for item in fields(cls) if isinstance(item.default, tuple)}
    return [Parameter(change.name, value=['']) if change.name in lists and not change.value
            else change for change in changes]


def refuse(cls: type, owner: str, changes: list[Parameter]) -> str:
    """Return why a change of parameters must be refused, '' when it may pass."""
    known = {item.name: item for item in fields(cls)}
    for change in changes:
        item = known.get(change.name)
        if item is None:
            continue
        if not setting_of(item).runtime:
            return f'{change.name} is fixed at start-up: restart {owner} with the new value'
        try:
            check_value(owner, item, plain(change))
        except ConfigError as error:
            return str(error)
    return ''


def plain(parameter: Parameter) -> Any:
    """Return a parameter's value as configurations hold it: lists as tuples, no empty names."""
    value = parameter.value
    if parameter.type_.name.endswith('_ARRAY'):
        return tuple(element for element in value if element != '')
    return value


def _descriptor(item: Any) -> ParameterDescriptor:
    info, default = setting_of(item), item.default
    unit = f' [{info.unit}]' if info.unit else ''
    choices = f' One of: {", ".join(info.choices)}.' if info.choices else ''
    descriptor = ParameterDescriptor(description=info.description + unit + choices)
    if isinstance(default, bool) or info.low is None or info.high is None:
        return descriptor
    if isinstance(default, int):
        descriptor.integer_range = [
            IntegerRange(from_value=int(info.low), to_value=int(info.high), step=0)]
    elif isinstance(default, float):
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(info.low), to_value=float(info.high), step=0.0)]
    return descriptor
