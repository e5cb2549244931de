"""Describes the publishers of a topic and their QoS, for an operator who mends a wire."""

from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo

from abm_ros.common import names


def offered(node: Node, topic: str) -> str:
    """Return a text about the publishers of a topic, their QoS, and that of the motor gate."""
    publishers = node.get_publishers_info_by_topic(topic)
    told = ', '.join(f'{info.node_name} offers {_profile(info)}' for info in publishers)
    asked = [_profile(info) for info in node.get_subscriptions_info_by_topic(topic)
             if info.node_name == names.MOTOR_GATE]
    return (told or 'nobody publishes it') + (f'; asked for: {asked[0]}' if asked else '')


def _profile(info: TopicEndpointInfo) -> str:
    profile = info.qos_profile
    return (f'{info.topic_type}, {profile.reliability.name.lower()}, '
            f'{profile.durability.name.lower()}')
