"""
`abm bench learn`: environment steps until a task is learned, against SAC or TQC with HER.

The agent runs in process, in the very classes that the nodes run, with what System M sets in
mode task. Baseline and ablations are measured in the same run by the same evaluations: episodes
on seeds of their own, nothing learned and nothing explored. `steps_to_threshold` is native: the
goal reached at any time of an episode; strict counts success at the last step, success ending
nothing.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('environment steps until a task is learned, against SAC or TQC with HER',
              'abm_ros.bench.learn.command')
