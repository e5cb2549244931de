"""
`abm bench noisy-tv`: whether an unpredictable television holds System M in play.

The agent, System M and a body run in one process, in lock-step, with the classes of the nodes.
There are four lives per seed: with and without the television, and with phi as it is or with raw
prediction error in place of the reducible one. Only play and task are allowed. Each life begins in
play, which the shipped constraints end after its longest dwell. After that System M's own choice
shows, so the figure is the share of play in the second half.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('time in play beside a television, against raw prediction error as drive',
              'abm_ros.bench.noisy_tv.command')
