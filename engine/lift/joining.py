"""Joining: one formula for a rule that branches, which chooses cell by cell.

The choice is pushed down to where the two ways differ: exp(x) on one side and exp(-x) on the other become
exp(where(x < 0, x, -x)), so that every function is computed once, on the argument its rule chose for it, and nothing
overflows that would not overflow in the rule.
"""

from __future__ import annotations

import math
from typing import Any

from engine.lift.symbols import Choice, Paths, Symbol, Term, is_number, key_of


def join(paths: Paths, tree: Term) -> Term:
    """Return one formula for a tree of Choices, with each choice pushed down to where its two sides differ."""
    if not isinstance(tree, Choice):
        return tree
    yes, no = join(paths, tree.yes), join(paths, tree.no)
    if pole := _pole(paths, tree.asked, yes, no):
        return pole
    pairs: dict[tuple[Any, Any], Term] = {}
    _join(paths, tree.asked, yes, no, pairs, {})  # the first time, to see which parts meet
    joined = [(key_of(pair[0]), key_of(pair[1]), term) for pair, term in pairs.items()]
    instead: dict[Any, Term] = {}
    for a, b, term in joined:
        instead.setdefault((True, a), term)
        instead.setdefault((False, b), term)
    return _join(paths, tree.asked, yes, no, {}, instead)


def _pole(paths: Paths, asked: Symbol, yes: Term, no: Term) -> Term:
    """Return a / (u + 0.0) for a / u where u != 0, else a * inf: for floats they are the same, as -0.0 + 0.0 is 0.0."""
    if asked.operation == "!=" and is_number(asked.args[1], 0) and isinstance(yes, Symbol) and yes.operation == "*":
        a, quotient = yes.args
        u = asked.args[0]
        is_quotient = isinstance(quotient, Symbol) and quotient.operation == "/" and quotient.args[1] is u
        if is_quotient and isinstance(no, Symbol) and no.operation == "*" and no.args[0] is a:
            if is_number(no.args[1], math.inf) and not isinstance(quotient.args[0], Symbol) and quotient.args[0] > 0:
                return paths.make("*", a, paths.make("/", quotient.args[0], paths.make("+", u, 0.0)))
    return None


def _join(paths: Paths, asked: Symbol, a: Term, b: Term, pairs: dict[Any, Term], instead: dict[Any, Term]) -> Term:
    """Return a where asked, else b. `instead` says what a part of a side, met by one of the other, has become."""
    if key_of(a) == key_of(b):
        return a
    pair = (a if isinstance(a, Symbol) else key_of(a), b if isinstance(b, Symbol) else key_of(b))
    if pair in pairs:
        return pairs[pair]
    if (
        isinstance(a, Symbol)
        and isinstance(b, Symbol)
        and a.operation == b.operation
        and len(a.args) == len(b.args) > 0
        and a.operation != "where"
    ):
        args = [_join(paths, asked, x, y, pairs, instead) for x, y in zip(a.args, b.args, strict=True)]
        joined = paths.make(a.operation, *args)
        pairs[pair] = joined
        return joined
    a = _replaced(paths, a, True, instead)
    b = _replaced(paths, b, False, instead)
    return paths.make("where", asked, a, b)


def _replaced(paths: Paths, a: Term, side: bool, instead: dict[Any, Term]) -> Term:
    """Return a with its parts replaced by what was joined from them: the same there, and computed anyway."""
    if not isinstance(a, Symbol):
        return a
    if (side, key_of(a)) in instead:
        return instead[side, key_of(a)]
    if not a.args:
        return a
    return paths.make(a.operation, *[_replaced(paths, x, side, instead) for x in a.args])
