"""One colour for each mode, in the window and in the pictures of a run alike."""

from collections.abc import Sequence

# The modes of the design: warm colours move, cool ones rest, red is stopped.
_KNOWN = {'play': '#9a5fd0', 'task': '#2f7de0', 'observe': '#c98a1b', 'imitate': '#b8612b',
          'rest': '#2fa084', 'sleep': '#535aa3', 'imagine': '#c0569a', 'freeze': '#d64545'}
_OTHERS = ('#6b8e23', '#008b9a', '#a0522d', '#7a6fb0', '#b08a00', '#4f7f6a')
UNKNOWN = '#8a93a0'


def mode_colour(mode: str, modes: Sequence[str] = ()) -> str:
    """
    Return a mode's colour.

    :param modes: all modes in their order, so that those of other wiring tables keep theirs.
    :return: '#rrggbb'.
    """
    if mode in _KNOWN:
        return _KNOWN[mode]
    if not mode:
        return UNKNOWN
    others = [name for name in modes if name not in _KNOWN]
    place = others.index(mode) if mode in others else sum(map(ord, mode))
    return _OTHERS[place % len(_OTHERS)]
