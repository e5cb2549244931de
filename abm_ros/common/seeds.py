"""One seed reproduces a run: every component derives its own generator from it by name."""

import hashlib

import numpy as np


def derive_seed(seed: int, name: str) -> int:
    """
    Derive an independent 63-bit seed for a named component.

    :param seed: the run's seed.
    :param name: the component, e.g. 'system_b'.
    """
    digest = hashlib.sha256(f'{seed}/{name}'.encode()).digest()
    return int.from_bytes(digest[:8], 'big') >> 1


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the numpy generator of a named component."""
    return np.random.default_rng(derive_seed(seed, name))
