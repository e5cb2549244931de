"""
`abm bench life`: one life through changes of the world, lived by several agents side by side.

Every agent has the same script of shifts (config/lives/*.yaml), seed by seed; all but SAC and TQC
have the same Systems A and B and the same settings. `abm` tells worlds apart, `always` does not;
`reset` is told of each change and begins anew; `frozen` learns until the first one; `recent`
replays the newest steps alone; `fixed_schedule` and `random_switch` turn to another world by the
clock or by chance: those three are the best of a grid. Exploration is that of mode task. There is
no System M, hence no sleep.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('a life in which the world changes: agents side by side, and how soon they recover',
              'abm_ros.bench.life.command')
