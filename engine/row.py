"""What a row of the table in `engine.elementary` holds, and how it is entered."""

from __future__ import annotations

from collections.abc import Callable

from engine.functions import Number, dispatching

Edge = tuple[tuple[float, ...], float | type[Exception], tuple[float, ...]]
"""A documented edge case: the arguments, the value there (or the exception), and the partial derivatives."""


class Row:
    r"""One elementary function y = f(x_1, ..., x_n).

    Attributes
    ----------
    name: the name of the function and of Value's method.
    symbol: what pictures and `_op` show; for an operator its sign.
    latex: a template for str.format, `{0}` is the first argument; `{args}` all of them, with commas.
    arity: the number of arguments, or None for any number.
    value: value(*xs) -> y for plain numbers.
    partials: partials(y, *xs) -> one derivative per argument, for plain numbers and for Values.
    domain: the condition on the arguments a real result needs, in words; "" if there is none.
    kink: kink(*xs) is 0 exactly where the function has no derivative; None if it is smooth on its domain.
    edges: documented edge cases as (arguments, value or exception, partials); every one is a test.
    aliases: the names NumPy uses for this function, if they differ.
    defaults: values of the last arguments where a caller leaves them out.

    >>> from engine.elementary import TABLE
    >>> TABLE["log1p"].latex.format("x", args="x")
    '\\log\\left(1 + x\\right)'
    """

    # A plain class: the dataclasses module alone would take a third of the time of `import engine`.
    __slots__ = (
        "aliases",
        "arity",
        "defaults",
        "domain",
        "edges",
        "kink",
        "latex",
        "name",
        "partials",
        "symbol",
        "value",
    )

    def __init__(
        self,
        name: str,
        value: Callable[..., Number],
        partials: Callable[..., tuple[Number, ...]],
        *,
        symbol: str,
        latex: str,
        arity: int | None,
        domain: str,
        kink: Callable[..., Number] | None,
        edges: tuple[Edge, ...],
        aliases: tuple[str, ...],
        defaults: tuple[float, ...],
    ) -> None:
        self.name = name
        self.value = value
        self.partials = partials
        self.symbol = symbol
        self.latex = latex
        self.arity = arity
        self.domain = domain
        self.kink = kink
        self.edges = edges
        self.aliases = aliases
        self.defaults = defaults

    def __repr__(self) -> str:
        return f"<row {self.name!r} of the table>"


TABLE: dict[str, Row] = {}
"""Name -> row, in the order in which they are entered."""


def add_row(
    name: str,
    value: Callable[..., Number],
    partials: Callable[..., tuple[Number, ...]],
    *,
    symbol: str = "",
    latex: str = "",
    arity: int | None = 1,
    domain: str = "",
    kink: Callable[..., Number] | None = None,
    edges: tuple[Edge, ...] = (),
    aliases: tuple[str, ...] = (),
    defaults: tuple[float, ...] = (),
) -> Callable[..., Number]:
    r"""Enter a row; return the function, which takes numbers and Values alike.

    latex may be the function's name alone, such as `\sin`: the arguments follow in parentheses. Without it the name is
    set upright.
    """
    latex = latex or r"\operatorname{{" + name.replace("_", r"\_") + "}}"
    if "{0}" not in latex and "{args}" not in latex:
        latex += r"\left({args}\right)"
    TABLE[name] = Row(
        name,
        value,
        partials,
        symbol=symbol or name,
        latex=latex,
        arity=arity,
        domain=domain,
        kink=kink,
        edges=edges,
        aliases=aliases,
        defaults=defaults,
    )
    return dispatching(name, value)
