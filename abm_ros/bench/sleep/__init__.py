"""
`abm bench sleep`: what sleep alone is worth on a task that was interrupted early.

An agent lives so many steps, learning as they come, and is interrupted. Its success is measured;
it sleeps, without a step of the body; its success is measured again in the same episodes. Sleep
consolidates by the plan of `memory/replay/order.py` and ends as System M ends it: when it gains
nothing more, or when the quota is reached. Other orders of replay start from the same models and
take the same number of updates. The interval is of the paired differences over seeds.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('success before and after sleep, and how fast it replays',
              'abm_ros.bench.sleep.command')
