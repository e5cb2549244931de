"""Start one node by name: `python -m abm_ros.nodes <node> --ros-args ...`."""

import importlib
import os
import signal
import sys

from abm_ros.common import names

NODES = (*names.BODIES, names.BODY, names.SENSORY_GATE, names.SYSTEM_A, names.SYSTEM_A_LEARNER,
         names.SYSTEM_B, names.SYSTEM_B_LEARNER, names.EPISODIC_MEMORY, names.MOTOR_GATE,
         names.SYSTEM_M)


def run(name: str) -> int:
    """Run a node and return its exit code; of `body`, the first argument is the kind."""
    # Imports take a second; a signal meanwhile ends the process at once. An exception would not:
    # extension modules make an ImportError of it, with a traceback.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    if _asks_for_help(sys.argv[1:]):
        from abm_ros.nodes.usage import usage
        sys.stdout.write(usage(name))
        return 0
    try:
        return _run(name)
    finally:
        # A terminal and ros2 launch both send SIGINT; the second must not kill what has ended.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(name: str) -> int:
    if name in names.BODIES or name == names.BODY:
        from abm_ros.nodes.body import main
        return main(names.BODIES.get(name) or _kind())
    from abm_ros.ros.spin import begin
    twins = begin(name)    # other nodes are discovered while the import below takes its time
    code: int = importlib.import_module(f'abm_ros.nodes.{name}').main(twins)
    return code


def _asks_for_help(arguments: list[str]) -> bool:
    """Tell whether the words before `--ros-args` ask for help."""
    own = arguments[:arguments.index('--ros-args')] if '--ros-args' in arguments else arguments
    return '--help' in own or '-h' in own


def _kind() -> str:
    if len(sys.argv) < 2 or sys.argv[1].startswith('-'):
        sys.exit('error: body: expected a kind of body, e.g. `body bullet --ros-args ...`')
    return sys.argv.pop(1)


if __name__ == '__main__':
    if len(sys.argv) < 2 or sys.argv[1] not in NODES:
        sys.exit(f'error: expected one of {", ".join(NODES)}')
    sys.exit(run(sys.argv.pop(1)))
