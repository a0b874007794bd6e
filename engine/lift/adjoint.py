"""The pass that adds back-propagation: each statement of the program gets its adjoint, in reverse order.

The adjoint of a variable v is d(outputs . seeds)/dv, the sum of what the statements that use v send back. A seed is the
adjoint of an output: 1 for a loss, or 1/m for the mean over m samples. What depends on no parameter gets none.

=========================  ==============================================================
statement                  what it sends back to each argument, for the adjoint g of its target
=========================  ==============================================================
z = W @ F + b              g @ F.T to W, W.T @ g to F, g, summed over the points, to b
y = f(x_1, ..., x_n)       g * dy/dx_i, from the row of the table
total, inner               g, repeated; g times the other factor
take, pack                 g, put back to the cells it came from; its parts
=========================  ==============================================================

As in the scalar graph nothing is passed on where the adjoint or the derivative is 0, even if the other is infinite (see
`infinite`). Only in matrix products 0 * inf stays nan: to look at each of their products would cost their speed.

A number that is used along an axis, or for every sample, gets the sum over this axis (reverse accumulation: Griewank
and Walther, Evaluating Derivatives, section 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.lift.naming import adjoint_name
from engine.lift.program import Leaf, Program, Shape, Statement, batched, size, sums_samples
from engine.lift.simplify import without_unused


def adjoint(program: Program, *, per_sample: bool = False) -> Program:
    """Return the program followed by its adjoint; its results are the outputs, then each parameter leaf's gradient.

    With per_sample the gradients are not summed over the samples.

    >>> x, w = Leaf("input", (0,)), Leaf("parameter", (0,))
    >>> print(adjoint(Program((x, w), (Statement("mul", (1, 0)),), (2,))))
    v0 = input 0
    v1 = parameter 0
    v2 = seed 0
    v3 = mul(v1, v0)
    v4 = mul(v2, v0)
    v5 = reduce(v4, (0, True))
    return v3, v5
    """
    return _Adjoint(program, per_sample).program()


class _Adjoint:
    """One run of the pass: the adjoints found so far, as lists of what was sent."""

    def __init__(self, program: Program, per_sample: bool) -> None:
        is_batched = batched(program)
        n, seeds = len(program.leaves), len(program.outputs)
        self.per_sample = per_sample
        leaves = list(program.leaves)
        for i, output in enumerate(program.outputs):
            shape = program.shape(output)
            used = any(output in s.args for s in program.statements)
            name = "seed" if used or not shape else adjoint_name(program.definition(output)) or "seed"
            leaves.append(Leaf("seed", (i,) * size(shape), shape, int(is_batched[output]), name))
        self.old = program
        self.leaves = tuple(leaves)
        shift = [*range(n), *(v + seeds for v in range(n, n + len(program.statements)))]
        self.statements = [s._replace(args=tuple([shift[a] for a in s.args])) for s in program.statements]
        self.forward = len(self.statements)
        self.outputs = tuple(shift[v] for v in program.outputs)
        self.batched = [*is_batched[:n], *(is_batched[v] for v in program.outputs), *is_batched[n:]]
        self.active = self._active()
        self.sent: dict[int, list[int]] = {}
        self.taken: dict[int, list[tuple[int, tuple[int, ...]]]] = {}

    def _active(self) -> list[bool]:
        found = [leaf.kind == "parameter" for leaf in self.leaves]
        for s in self.statements:
            found.append(any(found[a] for a in s.args))
        return found

    def program(self) -> Program:
        n = len(self.leaves)
        for i, v in enumerate(self.outputs):
            self.sent.setdefault(v, []).append(len(self.old.leaves) + i)
        for i in range(self.forward - 1, -1, -1):
            v = n + i
            if self.active[v] and (v in self.sent or v in self.taken):
                self._send_back(v, self.statements[i], self._gather(v))
        gradients = [self._gather(v) for v, leaf in enumerate(self.leaves) if leaf.kind == "parameter"]
        made = Program(self.leaves, tuple(self.statements), (*self.outputs, *gradients), self.forward, self.old.inputs)
        return without_unused(made)

    def _add(self, operation: str, args: Sequence[int], shape: Shape, detail: object = None) -> int:
        statement = Statement(operation, tuple(args), shape, detail)
        self.statements.append(statement)
        self.batched.append(not sums_samples(statement) and any(self.batched[a] for a in args))
        return len(self.leaves) + len(self.statements) - 1

    def _shape(self, v: int) -> Shape:
        n = len(self.leaves)
        return self.leaves[v].shape if v < n else self.statements[v - n].shape

    def _gather(self, v: int) -> int:
        """Return the adjoint of v: the sum of what was sent to it."""
        terms = self.sent.get(v, [])
        if v in self.taken:
            pieces, cells = zip(*self.taken[v], strict=True)
            terms = [*terms, self._add("scatter", pieces, self._shape(v), cells)]
        found = terms[0] if len(terms) == 1 else self._add("sum", terms, self._shape(v))
        self._name(found, v)
        return found

    def _name(self, found: int, v: int) -> None:
        n = len(self.leaves)
        i = found - n
        if i >= self.forward and not self.statements[i].name:
            definition = self.leaves[v] if v < n else self.statements[v - n]
            self.statements[i] = self.statements[i]._replace(name=adjoint_name(definition))

    def _send(self, v: int, message: int) -> None:
        """Send a message to v, summed over the axes, and over the samples, that v does not have."""
        axes = len(self._shape(message)) - len(self._shape(v))
        samples = self.batched[message] and not self.batched[v] and not self.per_sample
        if axes or samples:
            message = self._add("reduce", (message,), self._shape(v), (axes, samples))
        self.sent.setdefault(v, []).append(message)

    def _send_back(self, v: int, s: Statement, g: int) -> None:
        if s.operation == "matmul":
            self._matmul(s, g)
        elif s.operation in ("total", "inner"):
            self._total(s, g)
        elif s.operation == "take":
            self._take(s, g)
        elif s.operation == "pack":
            self._pack(s, g)
        elif s.operation in ("sum", "dot"):
            self._sum_or_dot(s, g)
        else:
            for i, a in enumerate(s.args):
                if self.active[a]:
                    self._send(a, self._local(v, s, i, g))

    def _local(self, v: int, s: Statement, i: int, g: int) -> int:
        """Return g * dy/dx_i; sums and products are written as such."""
        if s.operation in ("add", "pos") or (s.operation == "sub" and i == 0):
            return g
        if s.operation in ("sub", "neg"):
            return self._add("neg", (g,), s.shape)
        if s.operation == "mul":
            return self._add("mul", (self._unspread(g, s.args[1 - i :][:1]), s.args[1 - i]), s.shape)
        if s.operation not in ("hypot", "logsumexp"):
            g = self._unspread(g, [a for a in s.args if self.old.number(a) is None])
        shape = self._shape(s.args[i]) if s.operation in ("hypot", "logsumexp") else s.shape
        return self._add("pullback", (g, v, *s.args), shape, (s.operation, i))

    def _unspread(self, g: int, others: Sequence[int]) -> int:
        """Return what was spread to g: beside arrays of the full shape a product repeats it by itself."""
        i = g - len(self.leaves)
        if i < 0 or self.statements[i].operation != "spread":
            return g
        return self.statements[i].args[0] if all(self._shape(a) == self._shape(g) for a in others) else g

    def _matmul(self, s: Statement, g: int) -> None:
        W, F, *bias = s.args
        in_one = not self.per_sample  # products and sums over the points take the samples with them
        if self.active[W]:
            has_samples = self.batched[g] or self.batched[F]
            made = self._add("by_weights", (g, F), self._shape(W), in_one and has_samples)
            self.sent.setdefault(W, []).append(made)
        if self.active[F]:
            self._send(F, self._add("by_inputs", (W, g), self._shape(F)))
        if bias and self.active[bias[0]]:
            if len(s.shape) == 2:  # (n, p): the same bias for every point
                g = self._add("by_bias", (g,), s.shape[:1], in_one and self.batched[g])
            self._send(bias[0], g)

    def _total(self, s: Statement, g: int) -> None:
        args = [self._reshaped(a) for a in s.args] if not s.shape else list(s.args)
        if len({self._shape(a) for a in args}) > 1:
            args = list(s.args)
        shape = self._shape(args[0])
        if s.operation == "total":
            if self.active[args[0]]:
                self._send(args[0], self._add("spread", (g,), shape))
        elif args[0] == args[1]:  # a sum of squares
            twice = self._add("sum", (g, g), s.shape)
            self._send(args[0], self._add("mul", (twice, args[0]), shape))
        else:
            for a, other in (args, args[::-1]):
                if self.active[a]:
                    self._send(a, self._add("mul", (g, other), shape))

    def _reshaped(self, v: int) -> int:
        """Return the array that v is in another shape, all of it, else v: the sum of all cells is the same."""
        i = v - len(self.leaves)
        if i >= 0 and self.statements[i].operation == "take":
            (a,) = self.statements[i].args
            if self.statements[i].detail == tuple(range(size(self._shape(a)))) and self._shape(a):
                return a
        return v

    def _take(self, s: Statement, g: int) -> None:
        (a,) = s.args
        if self.batched[g] and not self.batched[a] and not self.per_sample:
            g = self._add("reduce", (g,), s.shape, (0, True))
        self.taken.setdefault(a, []).append((g, s.detail))

    def _pack(self, s: Statement, g: int) -> None:
        start = 0
        for a in s.args:
            end = start + size(self._shape(a))
            if self.active[a]:
                self._send(a, self._add("take", (g,), self._shape(a), tuple(range(start, end))))
            start = end

    def _sum_or_dot(self, s: Statement, g: int) -> None:
        half = len(s.args) // 2 if s.operation == "dot" else 0
        for i, a in enumerate(s.args):
            if self.active[a]:
                is_factor = i < 2 * half
                self._send(a, self._add("mul", (g, s.args[(i + half) % (2 * half)]), s.shape) if is_factor else g)
