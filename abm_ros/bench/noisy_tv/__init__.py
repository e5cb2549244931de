"""
`abm bench noisy-tv`: whether an unpredictable television holds System M in play.

The agent, System M and a body live in one process, in lock-step, in the very classes that the
nodes run. Four lives per seed: with and without the television, and with phi as it is or with
raw prediction error in place of the reducible one. Play and task alone are open: rest and sleep
are left out of all four. Each life begins in play, which the shipped constraints end after its
longest dwell; from then on System M's own choice shows, which is the second half's share.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('time in play beside a television, against raw prediction error as drive',
              'abm_ros.bench.noisy_tv.command')
