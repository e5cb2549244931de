"""The order in which the modes are visited."""

import random
from collections.abc import Sequence


def tour(modes: Sequence[str], rng: random.Random) -> list[str]:
    """
    Return modes in an order that takes every ordered pair once, beginning and ending alike.

    An Eulerian circuit of the complete directed graph (Hierholzer 1873), edges drawn at random.
    """
    left = {mode: rng.sample([m for m in modes if m != mode], len(modes) - 1) for mode in modes}
    stack, circuit = [modes[0]], []
    while stack:
        if left[stack[-1]]:
            stack.append(left[stack[-1]].pop())
        else:
            circuit.append(stack.pop())
    return circuit[::-1]
