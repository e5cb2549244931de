"""The settings of the durable record."""

from dataclasses import dataclass

from abm_ros.common.config import check, setting
from abm_ros.common.errors import ConfigError


@dataclass(frozen=True)
class StoreConfig:
    """When the durable record commits, and how many steps it buffers while commits fail."""

    commit_count: int = setting(50, 'steps after which a commit is due', low=1, high=100_000)
    commit_age_s: float = setting(0.5, 'age of the oldest step at which a commit is due',
                                  unit='s', low=0.0, high=60.0)
    buffer_limit: int = setting(10_000, 'steps held in RAM while commits fail, then refused',
                                low=1, high=10_000_000)
    busy_timeout_s: float = setting(0.2, 'how long to wait for the lock of another process',
                                    unit='s', low=0.0, high=10.0)

    def __post_init__(self) -> None:
        check(self)
        if self.commit_count > self.buffer_limit:
            raise ConfigError(f'StoreConfig.commit_count: {self.commit_count} exceeds '
                              f'buffer_limit {self.buffer_limit}')
