"""
`abm bench imagine`: what imagining is worth to System B's policy, and how fast the graph dreams.

Success. An agent lives so many steps and learns from them; then some more, from which it does not
learn, so that its model is judged by steps that it has not seen. This is all that is ever lived.
System B then takes the same number of updates twice from the same models: on lived experience
alone, and in mode `imagine` on lived and imagined experience in turn. Both policies act without
planning in the same episodes, which nobody learns from. A pair of each seed is a difference; its
mean has a bootstrap interval over seeds. `damaged`: System A's weights are disturbed by noise
before imagining; `unguarded` is the same without the guard of the model.

Speed. Nodes `episodic_memory`, `system_a` and `system_b`, one process each, wired as in mode
`imagine`, against the same dreams in one process; they take turns.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('success of the policy with and without imagining, and dreams a second',
              'abm_ros.bench.imagine.command')
