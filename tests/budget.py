"""How many examples a property gets that needs more or fewer than others: a hundred times as many in the nightly."""

from hypothesis import settings

USUAL = 100  # examples in the ci profile, see conftest.py


def examples(count: int) -> settings:
    """Return settings for this many examples in the ci profile, and as many times more as another profile has."""
    return settings(max_examples=max(1, count * settings().max_examples // USUAL))
