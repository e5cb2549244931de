"""Trust in a teacher: the mean of a Beta posterior over what the teacher shows holding good."""

from collections.abc import Mapping

# Of a teacher of whom nothing is known, and below which nothing is learned from a teacher.
PRIOR, DISTRUST = 0.5, 0.22


def trust(held: float, refuted: float) -> float:
    """
    Return trust in (0, 1), from a uniform prior.

    :param held: demonstrations that raised what can be done or foreseen.
    :param refuted: those that proved wrong.
    """
    return (1.0 + held) / (2.0 + held + refuted)


def trust_text(trusted: Mapping[str, float]) -> str:
    """Return trust in teachers as the text of a setting: 'ann=0.667 bob=0.25'."""
    return ' '.join(f'{name}={value:.4g}' for name, value in sorted(trusted.items()))


def read_trust(text: str) -> dict[str, float]:
    """Return the trust that `trust_text` wrote; what cannot be read is left out."""
    found = {}
    for word in text.split():
        name, _, value = word.partition('=')
        try:
            found[name] = min(max(float(value), 0.0), 1.0)
        except ValueError:
            continue
    return found
