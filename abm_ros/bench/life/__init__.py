"""
`abm bench life`: one life through changes of the world, lived by several agents side by side.

Every agent has the same script of shifts (config/lives/*.yaml), seed by seed, and all but the
foreign ones have the same Systems A and B and the same settings:

- `abm` tells worlds apart; `always` learns on and tells none apart;
- `reset` is told of each change and begins anew: the line to beat;
- `frozen` learns until the first change and is deployed unchanged;
- `recent` replays the newest steps alone, `fixed_schedule` turns to a new world by the clock,
  `random_switch` to any at random: each is the best of a grid, `NAME-N` is one size;
- `sb3_sac` and `sb3_tqc` learn online, with HER and the settings of `abm bench learn`.

In process, exploration as in mode task, without System M, hence without sleep: what an agent
loses that never sleeps is a matter of the graph.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('a life in which the world changes: agents side by side, and how soon they recover',
              'abm_ros.bench.life.command')
