"""The contract of a strategy, and how to add another: entry points of group abm_ros.strategies."""

from typing import Protocol

import numpy as np

from abm_ros.common.registry import Registry

_CMA = 'abm_ros.evolution.cma_strategy'
STRATEGIES = Registry('abm_ros.strategies', {
    'cma': f'{_CMA}:cma_es', 'sep-cma': f'{_CMA}:sep_cma'})


class Strategy(Protocol):
    """
    Proposes vectors in [0, 1] and learns from their ranks.

    An entry is a function of a start (n,), a population P, a first spread and a seed. The same
    seed and the same answers give the same proposals, so an evolution is resumed by telling anew
    what it was told.
    """

    @property
    def mean(self) -> np.ndarray:
        """What it takes for the best now, (n,) in [0, 1]."""

    @property
    def spread(self) -> float:
        """The mean standard deviation of its proposals."""

    def ask(self) -> np.ndarray:
        """Return proposals (P, n) in [0, 1]."""

    def tell(self, places: np.ndarray, costs: np.ndarray) -> None:
        """
        Take what proposals cost.

        :param places: (P, n) as `ask` returned them.
        :param costs: (P,), only their order counts: less is better.
        """


def make_strategy(name: str, start: np.ndarray, population: int, spread: float, seed: int
                  ) -> Strategy:
    """
    Make a strategy by name.

    :raises ConfigError: the name is unknown, or its library is not installed.
    """
    made: Strategy = STRATEGIES.get(name)(start, population, spread, seed)
    return made
