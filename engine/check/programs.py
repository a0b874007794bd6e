"""Straight-line programs with shared values: the functions that find bugs in gradients, as data that can be shrunk.

A tree uses every value once and so finds no bug of accumulation or order; a straight-line program uses any earlier
value as often as it likes. Its repr is Python that makes it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.elementary import TABLE
from engine.value import Value

Step = tuple[Any, ...]  # the name of a row, then the numbers of the values it takes

SMOOTH = tuple(
    "add sub mul div exp log sqrt sin cos tanh sigmoid softplus atan sinh cosh expm1 log1p asinh erf".split()
)
KINKED = tuple("abs relu maximum minimum leaky_relu".split())


@dataclass(frozen=True)
class Program:
    """A function of several numbers, step by step, and a point to run it at.

    Parameters
    ----------
    point: the arguments to run it at; value number i is point[i] for the first of them.
    steps: (name, i, j, ...): the row of the table and the numbers of its arguments; each step makes the next value.

    >>> p = Program(point=(2.0, 3.0), steps=(("mul", 0, 1), ("add", 2, 0)))
    >>> p(*p.point)
    8.0
    >>> print(p.source)
    def f(x0, x1):
        v2 = mul(x0, x1)
        v3 = add(v2, x0)
        return v3
    >>> eval(repr(p)) == p
    True
    """

    point: tuple[float, ...]
    steps: tuple[Step, ...]

    def __call__(self, *xs: Any) -> Any:
        """Return the last value, over floats, Values, or any numbers that the table takes."""
        values = list(xs)
        for name, *which in self.steps:
            values.append(apply(name, *[values[i] for i in which]))
        return values[-1]

    @property
    def source(self) -> str:
        """The program as a Python function over `engine.elementary`."""
        names = [f"x{i}" for i in range(len(self.point))]
        lines = [f"def f({', '.join(names)}):"]
        for name, *which in self.steps:
            target = f"v{len(names)}"
            lines.append(f"    {target} = {name}({', '.join(names[i] for i in which)})")
            names.append(target)
        return "\n".join([*lines, f"    return {names[-1]}"])


def apply(name: str, *xs: Any) -> Any:
    """Return a row of the table for any numbers: a recorded Value if one of them is one.

    >>> apply("maximum", 1.0, 2.0), apply("mul", Value(2.0), 3.0).data
    (2.0, 6.0)
    """
    row = TABLE[name]
    xs = (*xs, *row.defaults[len(xs) - (row.arity or 0) + len(row.defaults) :]) if row.arity else xs
    return Value.apply(name, *xs) if any(isinstance(x, Value) for x in xs) else row.value(*xs)
