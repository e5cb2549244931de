"""
`abm bench life`: one life through changes of the world, lived by several agents side by side.

Every agent has the same Systems A and B, the same settings and the same script of shifts
(config/lives/*.yaml), seed by seed: `abm` tells worlds apart; `always` learns on and tells none
apart; `reset` is told of each change and begins anew; `recent-N` replays the newest N steps alone;
`frozen` learns until the first change and is deployed unchanged. In process, exploration as in
mode task, without System M.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('a life in which the world changes: agents side by side, and how soon they recover',
              'abm_ros.bench.life.command')
