"""
The order in which a learner's requests draw, where replay is `planned`: consolidation with a plan.

System A learns forward windows: any, those that taught something lately, and every world alike.
System B sweeps values backwards from where episodes ended, most of them in success, and then
learns its policy from the same mixture. Each request asks for the next kind of the order, so the
graph and the in-process agent need no common clock.

Sources: reverse replay after a success and forward replay, Foster & Wilson 2006; Ambrose et al.
2016; prioritised mixing, Schaul et al. 2016.
"""

from collections.abc import Mapping

from abm_ros.common import names
from abm_ros.memory.replay.draw import PICKS, REVERSE, UNIFORM, WORLDS

PLANNED = 'planned'
# What replay may prefer, as phi names it.
PREFERENCES = (*PICKS, PLANNED)
_ORDERS: Mapping[str, tuple[str, ...]] = {
    names.SYSTEM_A_LEARNER: (UNIFORM, 'gain', UNIFORM, WORLDS),
    names.SYSTEM_B_LEARNER: (REVERSE, UNIFORM, 'rarity', WORLDS)}


def kind_of(preference: str, learner: str, request: int) -> str:
    """
    Return the kind of the draws of a request.

    :param preference: of PREFERENCES.
    :param learner: name of the node that asks.
    :param request: its number, from 0.
    """
    if preference != PLANNED:
        return preference
    order = _ORDERS[learner]
    return order[request % len(order)]
