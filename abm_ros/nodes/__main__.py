"""Start one node by name: `python -m abm_ros.nodes <node> --ros-args ...`."""

import importlib
import signal
import sys

NODES = ('bullet_arm', 'gym_body', 'sensory_gate', 'system_a', 'system_a_learner', 'system_b',
         'system_b_learner', 'episodic_memory', 'motor_gate', 'system_m')


def run(name: str) -> int:
    """Run a node and return its exit code."""
    # Imports take a second: a signal in that time ends the process without a traceback.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    module = importlib.import_module(f'abm_ros.nodes.{name}')
    code: int = module.main()
    return code


if __name__ == '__main__':
    if len(sys.argv) < 2 or sys.argv[1] not in NODES:
        sys.exit(f'error: expected one of {", ".join(NODES)}')
    sys.exit(run(sys.argv.pop(1)))
