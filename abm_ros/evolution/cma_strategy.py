"""CMA-ES of the library pycma as a `strategy.Strategy`. Source: Hansen 2016, arXiv:1604.00772."""

from typing import Any

import numpy as np

from abm_ros.common.errors import EvolutionError
from abm_ros.common.seeds import generator


class CmaStrategy:
    """
    Wraps `cma.CMAEvolutionStrategy`, with a random generator of its own.

    :param diagonal: adapt the variances alone: for many genes and few lives.
    :raises EvolutionError: the library is not installed, or the population is too small.
    """

    def __init__(self, start: np.ndarray, population: int, spread: float, seed: int, *,
                 diagonal: bool) -> None:
        try:
            import cma
        except ImportError as error:
            raise EvolutionError("the strategy needs the package 'cma': pip install "
                                 "'abm_ros[evolve]'") from error
        if population < 2:
            raise EvolutionError(f'population: expected at least 2, got {population}')
        self._rng = generator(seed, 'evolution/strategy')
        self._es: Any = cma.CMAEvolutionStrategy(start.tolist(), spread, {
            'bounds': [0.0, 1.0], 'popsize': population, 'randn': self._draw, 'seed': np.nan,
            'CMA_diagonal': diagonal, 'verbose': -9, 'verb_log': 0})

    def _draw(self, *shape: int) -> np.ndarray:
        return self._rng.standard_normal(shape)

    @property
    def mean(self) -> np.ndarray:
        place = self._es.boundary_handler.repair(np.array(self._es.mean))
        return np.clip(np.asarray(place, float), 0.0, 1.0)

    @property
    def spread(self) -> float:
        return float(self._es.sigma * np.mean(np.sqrt(self._es.sm.variances)))

    def ask(self) -> np.ndarray:
        return np.clip(np.array(self._es.ask()), 0.0, 1.0)

    def tell(self, places: np.ndarray, costs: np.ndarray) -> None:
        self._es.tell(list(places), costs.tolist())


def cma_es(start: np.ndarray, population: int, spread: float, seed: int) -> CmaStrategy:
    """Return CMA-ES with the whole covariance."""
    return CmaStrategy(start, population, spread, seed, diagonal=False)


def sep_cma(start: np.ndarray, population: int, spread: float, seed: int) -> CmaStrategy:
    """Return CMA-ES with a diagonal covariance."""
    return CmaStrategy(start, population, spread, seed, diagonal=True)
