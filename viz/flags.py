"""What deserves a second look in a graph: dead ReLUs, and gradients that are zero, huge, infinite or nan."""

from __future__ import annotations

import math
from typing import Any

from engine.elementary import TABLE
from engine.value import NO_GRAD, Value

HUGE = 1e6
RELU = TABLE["relu"]
ALARMS = frozenset({"huge", "infinite", "nan"})


def flag(adjoint: Any) -> str:
    """Return what is remarkable about a gradient: zero, huge, infinite or nan; nothing for all others.

    Parameters
    ----------
    adjoint : number or Value
        Huge is more than a million; before backward() nothing is remarkable.

    Examples
    --------
    >>> flag(0.0), flag(-3e7), flag(math.nan), flag(0.5), flag(NO_GRAD)
    ('zero', 'huge', 'nan', '', '')
    """
    if adjoint is NO_GRAD:
        return ""
    number = adjoint.data if isinstance(adjoint, Value) else adjoint
    try:
        if number != number:
            return "nan"
        size = abs(number)
        return "zero" if size == 0 else "infinite" if size == math.inf else "huge" if size > HUGE else ""
    except (TypeError, ArithmeticError):  # a number without a size, or a signalling nan
        return ""


def is_dead(node: Value) -> bool:
    """Whether a node is a ReLU that is shut: its argument is not positive, so no gradient gets through.

    Examples
    --------
    >>> is_dead(Value(-1.0).relu()), is_dead(Value(1.0).relu()), is_dead(Value(0.0))
    (True, False, False)
    """
    return node.row is RELU and bool(node.args[0].data <= 0)
