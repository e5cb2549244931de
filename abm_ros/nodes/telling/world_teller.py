"""Tells the world that System A believes to be in, step by step."""

from std_msgs.msg import Float32MultiArray

from abm_ros.nodes.telling.world_codec import WorldWriter
from abm_ros.world_model.worlds.count import WorldCount
from abm_ros.world_model.worlds.told import HeardWorld, ToldWorld

NOTHING = ToldWorld(0, 0, 0.0, 0.0, {})     # of a System A that tells no worlds apart


class WorldTeller(WorldCount):
    """As `WorldCount`, with the message for System B and memory."""

    def __init__(self, steps: int) -> None:
        super().__init__(steps)
        self._writer = WorldWriter()

    def tell(self, stamp_ns: int, told: ToldWorld) -> Float32MultiArray:
        """Return the message about the world after an observation."""
        self.take(stamp_ns, told)
        return self._writer.write(HeardWorld(stamp_ns, self.number, self.since_ns, told))
