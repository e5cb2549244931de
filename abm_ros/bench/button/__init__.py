"""
`abm bench button`: a task that only a button knows, learned from its presses.

The body is `bullet:button`: the tool is to come within 0.1 m of a place that stays the same for a
life, drawn at random for each seed; an episode begins with the arm elsewhere. `abm` is told
success alone, `distance` is the same agent with the place as its goal, an upper line, and `random`
babbles. All meet the same evaluations: episodes on seeds of their own, without learning and
exploration. In process, exploration as in mode task, without System M.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('a task that only a button knows: success over steps, against chance and against '
              'an agent that is told the place', 'abm_ros.bench.button.command')
