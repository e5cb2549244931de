"""A ROS domain for each test module or node, so that no test hears another one."""

import os
from itertools import count

_DOMAINS = 50    # for each of two test workers
_taken = count()


def new_domain() -> int:
    """Return a domain that nothing else of this run uses now, and probably no other run."""
    worker = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw')) % 2
    return 100 + worker * _DOMAINS + (os.getppid() * 7 + next(_taken)) % _DOMAINS
