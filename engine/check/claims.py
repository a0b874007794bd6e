"""People's gradients: as they are used after f, and with 400 digits."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from engine.check.fields import RealField, guarded_context
from engine.check.likeness import Unlike, check_remembered
from engine.check.runs import NotRunnable, array_of, call, node_of
from engine.check.structure import Point, copied, flat_numbers
from engine.check.tape import Tape
from engine.check.traced import Traced

FORMULA_BITS = 1331
EXTREME_BITS = 4096  # where numbers are so small or large that 1/x - 1/x leaves nothing of 400 digits
EXTREME = 100  # the binary exponent from which they are


def after(f: Callable[..., Any], grad: Callable[..., Any]) -> Callable[..., Any]:
    """Return grad as it is used after f at the same arguments: it may need what f has remembered there."""

    def gradient(*arguments: Any) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                f(*map(copied, arguments))
        except Exception:  # f may take other numbers than grad does
            pass
        return grad(*arguments)

    return gradient


def exact_claims(grad: Callable[..., Any], point: Point, numbers: Sequence[float] | None = None) -> list[Any]:
    """Return what the user's gradient gives with 400 digits or more, its formula. Raises NotRunnable."""
    chosen = point.numbers if numbers is None else numbers
    bits = FORMULA_BITS if all(abs(math.frexp(x)[1]) <= EXTREME for x in chosen) else EXTREME_BITS
    field = RealField(bits)
    tape = Tape(field, recording=False)
    variables = [Traced(tape, tape.leaf(x)) for x in chosen]
    try:
        found = call(grad, point, variables, tape)
        if all(isinstance(x, (int, float)) for x in found):
            check_remembered(grad, point, found)
        results = [node_of(tape, x).value for x in found]
    except Unlike:
        raise
    except NotRunnable:
        # The engine's own gradients take mpmath's numbers.
        plain = [guarded_context(bits).mpf(x) for x in chosen]
        try:
            results = [node_of(tape, x).value for x in flat_numbers(grad(*point.arguments(plain, array_of)))]
        except Exception as error:
            raise NotRunnable(f"{type(error).__name__}: {error}") from None
    except (ArithmeticError, ValueError) as error:
        raise NotRunnable(f"{type(error).__name__}: {error}") from None
    return [field.undefined if x is None else x for x in results]
