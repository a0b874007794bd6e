"""Classical mistakes of back-propagation, planted into a sweep over f's own tape to see what they would give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine.check.rules import ACTIVATIONS, RULES
from engine.check.runs import NotRunnable, Run, run
from engine.check.structure import Point
from engine.check.tape import CONSTANT, Node

Hypothesis = tuple[str, Sequence[float]]

SMALL = 300  # nodes; on a tape of this size every single use is left out in turn
LINES = 6  # activations in more places than this are tried together only


class Mistakes:
    """The mistakes that can be planted into one tape; each method yields words, and the gradient they would explain."""

    def __init__(self, found: Run, point: Point) -> None:
        self.run = found
        self.point = point
        self.outputs = range(len(found.outputs))

    def _gradient(self, **sweep: Any) -> list[float]:
        return [_float(d) for k in self.outputs for d in self.run.gradient(k, **sweep)]

    def overwritten(self) -> Iterator[Hypothesis]:
        """Yield = where += is needed: only one use of a variable, or of an inner node, counts."""
        words = "= where += is needed: of several uses of one number only the {} counts"
        for which, place in (("last", 0), ("first", -1)):
            predicted = []
            for k in self.outputs:
                uses: dict[int, list[Any]] = {}
                self.run.gradient(k, contributions=uses)
                given = [uses.get(leaf.index) for leaf in self.run.leaves]
                predicted += [_float(of_leaf[place]) if of_leaf else 0.0 for of_leaf in given]
            yield words.format(which), predicted
        yield words.format("last written"), self._gradient(overwrite=True)
        yield from self._wrong_axis()

    def _wrong_axis(self) -> Iterator[Hypothesis]:
        """Yield a bias whose sum runs over the units instead of the samples, where there are as many of both."""
        if len(self.outputs) != 1:
            return
        uses: dict[int, list[Any]] = {}
        truth = [_float(d) for d in self.run.gradient(0, contributions=uses)]
        for b in self.point.blocks:
            parts = [uses.get(self.run.leaves[i].index, []) for i in range(b.start, b.start + b.size)]
            if b.size > 1 and all(len(part) == b.size for part in parts):
                sums = [sum(_float(part[-1 - s]) for part in parts) for s in range(b.size)]
                yield f"the sum in the gradient by {b.name} runs over the wrong axis", [
                    *truth[: b.start],
                    *sums,
                    *truth[b.start + b.size :],
                ]

    def activations(self) -> Iterator[Hypothesis]:
        """Yield a missing derivative D_k of an activation, or one taken at the activation instead of before it."""
        places = sorted({(n.name, n.line) for n in self.run.tape.nodes if n.name in ACTIVATIONS})
        names = sorted({name for name, _ in places})
        chosen = places if len(places) <= LINES else []
        for name, line in [*chosen, *((name, "") for name in names)]:
            where = f"{name} ({line})" if line else name
            one = self.run.tape.field.one

            def left_out(node: Node, name: str = name, line: str = line, one: Any = one) -> Sequence[Any]:
                here = node.name == name and (not line or node.line == line)
                return (one,) if here else self.run.tape.partials_of(node)

            def at_output(node: Node, name: str = name, line: str = line) -> Sequence[Any]:
                if node.name == name and (not line or node.line == line):
                    return self._partial_at_output(node)
                return self.run.tape.partials_of(node)

            yield f"the derivative of {where} is missing: no D_k", self._gradient(partials_of=left_out)
            if name in RULES:
                words = f"the derivative of {where} is taken at the wrong point: at its value, not at its argument"
                yield words, self._gradient(partials_of=at_output)

    def _partial_at_output(self, node: Node) -> Sequence[Any]:
        F, rule = self.run.tape.field, RULES[node.name]
        try:
            return rule.partials(F, rule.value(F, node.value), node.value)
        except (ArithmeticError, ValueError):
            return (F.undefined,) * len(node.parents)

    def not_transposed(self) -> Iterator[Hypothesis]:
        """Yield W where W^T is needed, on the way down through a square matrix."""
        for b in self.point.blocks:
            if len(b.shape) == 2 and b.shape[0] == b.shape[1] > 1:
                n = b.shape[0]
                leaves = self.run.leaves[b.start : b.start + b.size]
                mirrored = {leaf.index: leaves[(k % n) * n + k // n].value for k, leaf in enumerate(leaves)}

                def other(node: Node, mirrored: dict[int, Any] = mirrored) -> Sequence[Any]:
                    partials = self.run.tape.partials_of(node)
                    if node.name != "mul":
                        return partials
                    a, c = node.parents
                    # What goes down through `a` is the weight `c`, and the other way round.
                    return (mirrored.get(c.index, partials[0]), mirrored.get(a.index, partials[1]))

                yield f"{b.name} where its transpose is needed, on the way back", self._gradient(partials_of=other)

    def uses(self) -> Iterator[Hypothesis]:
        """Yield a missing term: one use of one number is left out."""
        nodes = self.run.tape.nodes
        if len(nodes) > SMALL:
            return
        zero = self.run.tape.field.zero
        for target in nodes:
            for position, parent in enumerate(target.parents):
                if parent.index == CONSTANT:
                    continue

                def without(node: Node, target: Node = target, position: int = position) -> Sequence[Any]:
                    partials = self.run.tape.partials_of(node)
                    if node is not target:
                        return partials
                    return [zero if k == position else p for k, p in enumerate(partials)]

                yield f"a term is missing: {self._use(target, position)}", self._gradient(partials_of=without)

    def _use(self, node: Node, position: int) -> str:
        names = {leaf.index: name for leaf, name in zip(self.run.leaves, self.point.names, strict=True)}
        parent = node.parents[position]
        what = names.get(parent.index) or f"the result of {parent.name}"
        return f"the one that comes from {what} as argument {position + 1} of {node.name}"

    def other_points(self, f: Callable[..., Any]) -> Iterator[Hypothesis]:
        """Yield the derivative at another point: 0, the mirrored one, or with the arguments swapped."""
        x = self.point.numbers
        points: list[tuple[str, list[float]]] = [("-x", [-v for v in x]), ("0", [0.0] * len(x)), ("1", [1.0] * len(x))]
        if len(x) <= 16:
            points += [
                (f"x with {self.point.names[i]} and {self.point.names[j]} swapped", _swapped(x, i, j))
                for i in range(len(x))
                for j in range(i + 1, len(x))
            ]
        for words, numbers in points:
            try:
                other = run(f, self.point, self.run.tape.field, numbers=numbers)
            except (NotRunnable, ArithmeticError, ValueError):
                continue
            predicted = [_float(d) for d in other.jacobian()]
            yield f"it is the derivative at the wrong point, at {words}", predicted


def _swapped(x: Sequence[float], i: int, j: int) -> list[float]:
    result = list(x)
    result[i], result[j] = x[j], x[i]
    return result


def _float(d: Any) -> float:
    """Return the middle of an enclosure as a double, nan where it is unbounded."""
    try:
        return float((d.low + d.high) / 2)
    except OverflowError:
        return math.nan
