"""The QoS profiles of the graph, one per kind of traffic."""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

# Sensors: best effort matches every publisher, reliable or not; only the newest matters.
SENSOR = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=5,
                    reliability=ReliabilityPolicy.BEST_EFFORT)
# What a task tells: as sensors, but all of it matters.
EVENT = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=100,
                   reliability=ReliabilityPolicy.BEST_EFFORT)
# Topics of a body: reliable, so that any subscriber matches.
BODY = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=5,
                  reliability=ReliabilityPolicy.RELIABLE)
# Control path: in order, without loss between live nodes, few old messages.
CONTROL = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=5,
                     reliability=ReliabilityPolicy.RELIABLE)
# Records that must not be lost (observations and executed actions on their way to memory).
RECORD = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=200,
                    reliability=ReliabilityPolicy.RELIABLE)
# Replay: nothing is dropped; the consumers' credits bound what is in flight.
REPLAY = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)
# State that a late joiner must get: descriptions, specs, goals, models, the mode.
LATCHED = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1,
                     reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)
# The last few of a row of events, which a late joiner must get.
LATCHED_TAIL = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=50,
                          reliability=ReliabilityPolicy.RELIABLE,
                          durability=DurabilityPolicy.TRANSIENT_LOCAL)
# Telemetry and signals.
TELEMETRY = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=20,
                       reliability=ReliabilityPolicy.RELIABLE)


def newest(depth: int) -> QoSProfile:
    """Return the profile of sensors that are read when they are needed."""
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth,
                      reliability=ReliabilityPolicy.BEST_EFFORT)
