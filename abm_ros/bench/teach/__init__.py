"""
`abm bench teach`: what one demonstration is worth, and what a teacher who lies does.

The body is `bullet:button`: a place that only a button knows, drawn at random for each seed. After
a short life that taught the body and not the place, one demonstration ends there: with actions,
without them (a joint trajectory), or as the tool's way of another arm. Both sides of each pair
take the same number of updates and no further step. In a second, longer life honest teachers and
one who lies show now and then; it is compared with the same life without teachers. In a third, a
person corrects the robot on its way, now and then for 0.3 s; it is compared with as many steps
without. In process, exploration as in mode task; trust is System M's.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('one demonstration of a place that only a teacher knows, and teachers who lie',
              'abm_ros.bench.teach.command')
