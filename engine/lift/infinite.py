"""Which adjoints may be infinite: only there does the emitted program look for 0 * inf.

The scalar graph passes nothing on where the adjoint or the derivative is 0, so sqrt(x * x) at 0 has the gradient 0. An
array multiplies every cell, and inf * 0 is nan. A square root sends inf back at 0, and whatever is made of that may
be infinite too; in a program without such rows nothing is looked at.
"""

from __future__ import annotations

import functools
import itertools
import math

from engine.elementary import TABLE
from engine.lift.program import Program

_POLES = (0.0, 1.0, -1.0, 0.5)
"""A row with an infinite derivative anywhere has one where its arguments are among these: 0 ** 0.5 has."""


def infinite(program: Program) -> list[bool]:
    """Return, for each variable, whether it is an adjoint that may be infinite: made with such a slope, or of one.

    >>> from engine.lift.adjoint import adjoint
    >>> from engine.lift.program import Leaf, Statement
    >>> x = Leaf("parameter", (0,))
    >>> print(made := adjoint(Program((x,), (Statement("exp", (0,)), Statement("sqrt", (1,))), (2,))))
    v0 = parameter 0
    v1 = seed 0
    v2 = exp(v0)
    v3 = sqrt(v2)
    v4 = pullback(v1, v3, v2, ('sqrt', 0))
    v5 = pullback(v4, v2, v0, ('exp', 0))
    return v3, v5
    >>> [v for v, may_be in enumerate(infinite(made)) if may_be]
    [4, 5]
    """
    forward = program.forward if program.forward >= 0 else len(program.statements)
    found = [False] * (len(program.leaves) + forward)
    for s in program.statements[forward:]:
        is_pole = s.operation == "pullback" and has_pole(
            s.detail[0], tuple([program.number(a) for a in s.args[2:]]), s.detail[1]
        )
        found.append(is_pole or any(found[a] for a in s.args))
    return found


@functools.cache
def has_pole(name: str, constants: tuple[float | None, ...], position: int) -> bool:
    """Whether dy/dx_i of a row is infinite at numbers where the row has a value; None stands for any number.

    >>> has_pole("sqrt", (None,), 0), has_pole("pow", (None, 0.3), 0), has_pole("pow", (None, 2.0), 0)
    (True, True, False)
    >>> has_pole("log", (None,), 0)  # log(0) has no value
    False
    """
    row = TABLE[name]
    if row.arity is None:  # hypot and logsumexp: their slopes are at most 1
        return False
    for xs in itertools.product(*[_POLES if c is None else (c,) for c in constants]):
        try:
            slope = row.partials(row.value(*xs), *xs)[position]
        except (ArithmeticError, ValueError):
            continue
        if abs(slope) == math.inf:
            return True
    return False
