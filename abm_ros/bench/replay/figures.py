"""The figures of the replay benchmark."""

from typing import Any

import numpy as np

from abm_ros.bench.common.figures import spread
from abm_ros.bench.common.records import SPEC


def summarise(turns: list[tuple[float, float]], lost: int) -> dict[str, Any]:
    """
    Return the figures of all turns.

    :param turns: transitions trained on a second, of the graph and of the process.
    :param lost: batches that were sent and never trained on.
    """
    dds, alone = (float(np.median(side)) for side in zip(*turns, strict=True))
    ratios = [round(a / b, 4) for a, b in turns]
    return {'dds_transitions_per_s': round(dds, 1), 'in_process_transitions_per_s':
            round(alone, 1), 'ratio': round(float(np.median(ratios)), 4),
            'times_real_time': round(dds * SPEC.control_period_s, 1), 'lost': lost,
            'ratios': spread(ratios)}
