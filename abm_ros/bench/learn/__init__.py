"""
`abm bench learn`: environment steps until a task is learned, against SAC or TQC with HER.

The agent runs in process with the classes of the nodes and with System M's settings of mode task.
Baseline and ablations are measured in the same run by the same evaluations: episodes on seeds of
their own, without learning and exploration. `steps_to_threshold` counts native success: the goal
was reached at any time of an episode. Strict success counts the last step of an episode that
success does not end.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('environment steps until a task is learned, against SAC or TQC with HER',
              'abm_ros.bench.learn.command')
