import math
from decimal import Decimal
from fractions import Fraction

import pytest

from engine import Value
from engine.value import NO_GRAD
from viz.flags import flag, is_dead


@pytest.mark.parametrize(
    ("adjoint", "expected"),
    [
        (NO_GRAD, ""),
        (0.5, ""),
        (-1e6, ""),
        (-1.1e6, "huge"),
        (0.0, "zero"),
        (Fraction(0), "zero"),
        (complex(0, 2), ""),
        (-math.inf, "infinite"),
        (Decimal("NaN"), "nan"),
        (Decimal("sNaN"), ""),
        (Value(math.nan), "nan"),
    ],
)
def test_what_is_remarkable_about_a_gradient_is_one_word(adjoint: object, expected: str) -> None:
    assert flag(adjoint) == expected


def test_a_relu_at_its_kink_is_dead_because_it_passes_nothing_on() -> None:
    assert is_dead(Value(0.0).relu())
    assert not is_dead(Value(-1.0).leaky_relu(0.1))
    assert not is_dead(Value(math.nan).relu())
