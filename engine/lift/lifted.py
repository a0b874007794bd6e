"""`lift`: trace a function once, rewrite its graph to a program of arrays, and run that on batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

from engine.lift import grouping, memory, simplify, tracing
from engine.lift.adjoint import adjoint
from engine.lift.batches import as_batch, as_batches
from engine.lift.emission import Function, module
from engine.lift.gradients import Array, Gradients
from engine.lift.naming import named
from engine.lift.program import Program
from engine.lift.reading import readable
from engine.lift.structure import argument_names, example_values, flat_values, outputs_of, parameter_structure
from engine.value import Value

REDUCTIONS = ("mean", "sum", "none")


class Lifted:
    """A function of Values, lifted to arrays: call it on batches, one sample per row.

    Made by `lift`, which describes what it takes. A loss of a sample and its target is a model that `nn.training.train`
    and `nn.lbfgs.lbfgs` take, as they take an `nn.matrix.Network`.

    Attributes
    ----------
    passes: name of each pass -> the program after it; print one, or count its statements.
    arrays: W1, b1, ... -> the parameters as arrays; change them in place, or put those of another library (PyTorch,
        JAX, CuPy) in their place and call the program on such batches; `write_back` to the Values.
    arguments: the names of the batches.
    dtype: the arrays' type.
    reduction: "mean": `loss` and `gradients` are of the mean over a batch.
    """

    reduction = "mean"

    def __init__(
        self, passes: dict[str, Program], structure: Any, values: Sequence[Value], arguments: Sequence[str], dtype: Any
    ) -> None:
        import numpy as np

        self.passes = passes
        self.arguments = tuple(arguments)
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise ValueError(f"dtype must be float32 or float64, got {self.dtype}")
        self._structure = structure
        self._forward = passes["names"]
        self._uses_samples = any(leaf.kind == "input" for leaf in self._forward.leaves)
        self._functions: dict[str, Callable[..., Any]] = {}
        self.arrays: dict[str, Array] = {}
        self._places: dict[Value, tuple[str, int]] = {v: ("", 0) for v in values}
        for leaf in self._forward.leaves:
            if leaf.kind == "parameter":
                numbers = [values[i].data for i in leaf.cells]
                self.arrays[leaf.name] = np.array(numbers, self.dtype).reshape(leaf.shape)
                self._places |= {values[i]: (leaf.name, at) for at, i in enumerate(leaf.cells)}

    @property
    def parameters(self) -> list[Array]:
        """The parameter arrays themselves, to be changed in place: [W1, b1, ...]."""
        return list(self.arrays.values())

    def __call__(self, *batches: Any) -> Array:
        """Return the function's result for every sample: shape (m,), or (m, n) for a list of n Values.

        A function that uses no input is computed once: then the result has no axis for the samples. Where scalar code
        raises, as for the logarithm of a negative number, a sample has nan or inf.
        """
        return self._run("value", self._checked(batches))

    def value_and_grad(self, *batches: Any, reduction: str = "mean") -> tuple[Any, Gradients]:
        """Return the loss of a batch and its gradients: of the mean over the samples, of the sum, or for each ("none").

        Raises ValueError where the function returns no single number, or the batches do not fit.
        """
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction must be one of {', '.join(REDUCTIONS)}, got {reduction!r}")
        self._require_number("a gradient")
        arrays = self._checked(batches)
        m = len(arrays[0]) if arrays else 1
        if reduction == "none":
            loss, gradients = self._run("gradients_of_samples", arrays, 1.0)
            return loss, self._gradients(loss, gradients)
        count = m if self._uses_samples else 1  # a function of parameters alone is computed once, not for each sample
        scale = 1.0 / count if reduction == "mean" else float(m // count)
        loss, gradients = self._run("value_and_grad", arrays, scale)
        total = float(loss.sum()) if getattr(loss, "ndim", 0) else float(loss)
        loss = total / count if reduction == "mean" else total * (m // count)
        return loss, self._gradients(loss, gradients)

    def pullback(self, *batches: Any, seed: Any) -> tuple[Array, Gradients]:
        """Return the result of shape (m, n), and the gradients of sum(seed * result), for a seed of the same shape."""
        import numpy as np

        arrays = self._checked(batches)
        seed = np.asarray(seed, self.dtype) if isinstance(seed, (list, tuple, float, int)) else seed
        shape = (
            *([len(arrays[0])] if arrays and self._uses_samples else []),
            *self._forward.shape(self._forward.outputs[0]),
        )
        if tuple(seed.shape) != shape:
            raise ValueError(f"the seed has one number for each of the result, shape {shape}, got {tuple(seed.shape)}")
        value, gradients = self._run("pullback", arrays, seed)
        return value, self._gradients(0.0, gradients)

    def gradients(self, *batches: Any) -> Gradients:
        """Return the gradients of the mean loss over a batch, for an optimizer's step on `parameters`."""
        return self.value_and_grad(*batches)[1]

    def loss(self, *batches: Any) -> float:
        """Return the mean of the function's results over a batch."""
        self._require_number("a mean loss")
        return float(self(*batches).mean())

    def samples(self, X: Any) -> Array:
        """Return a batch for the first argument of a loss of a sample and its target, as an array, checked."""
        return self._argument(0, X)

    def targets(self, Y: Any) -> Array:
        """Return a batch for the second argument of a loss of a sample and its target, as an array, checked."""
        return self._argument(1, Y)

    def stepper(self, samples: int) -> Callable[..., Gradients]:
        """Return what makes the gradients of a batch, whatever the number of its samples."""
        return self.gradients

    def write_back(self) -> None:
        """Write the numbers of the arrays into the Values that they came from."""
        for v, (name, i) in self._places.items():
            if name:
                v.data = float(self.arrays[name].reshape(-1)[i])

    def source(self) -> str:
        """Return the program as a self-contained NumPy module; saved and imported, it runs with nothing of ours."""
        return self._module(*self._names())

    def adjoint(self, *, per_sample: bool = False) -> Program:
        """Return the program with its adjoint."""
        return adjoint(self._forward, per_sample=per_sample)

    def __str__(self) -> str:
        return readable(self.passes.get("adjoint", self._forward))

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(p.statements):,}" for name, p in self.passes.items())
        arrays = ", ".join(f"{name} {array.shape}" for name, array in self.arrays.items())
        return f"Lifted: {arrays or 'no parameters'}; statements: {counts}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show the scalar graph and the program in a notebook; viz draws it, and is imported only here."""
        from viz.notebook import program_bundle

        return program_bundle(self, include, exclude)

    def _gradients(self, loss: Any, gradients: Sequence[Array]) -> Gradients:
        return Gradients(loss, dict(zip(self.arrays, gradients, strict=True)), self._structure, self._places)

    def _require_number(self, what: str) -> None:
        if shape := self._forward.shape(self._forward.outputs[0]):
            cure = "lift a loss of them, or use pullback"
            raise ValueError(f"{what} needs one number, but the function returns {shape[0]}: {cure}")

    def _argument(self, i: int, given: Any) -> Array:
        if len(self.arguments) != 2:
            takes = ", ".join(self.arguments) or "none"
            raise ValueError(
                f"training takes a loss of a sample and its target; this program has the arguments {takes}"
            )
        return as_batch(given, self.arguments[i], self._forward.inputs[i], self.dtype)

    def _names(self) -> list[str]:
        if not self.arrays:
            return ["value"]
        is_vector = bool(self._forward.shape(self._forward.outputs[0]))
        return ["value", "pullback"] if is_vector else ["value", "value_and_grad", "gradients_of_samples"]

    def _module(self, *names: str) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self.arrays.items())
        title = f"A lifted program. Parameters, in this order: {shapes or 'none'}; one sample per row."
        return module(title, [self._function(name) for name in names], self.arguments)

    def _function(self, name: str) -> Function:
        arguments = ", ".join(self.arguments)
        if name == "value":
            return Function(name, f"Return the result for every sample of {arguments or 'nothing'}.", self._forward)
        if name == "pullback":
            seeds = "seed.T" if self._forward.inputs else "seed"
            return Function(name, "Return the result and the gradients of sum(seed * result).", self.adjoint(), seeds)
        title = "Return the loss of every sample and the gradients of scale * "
        title += "their sum." if name == "value_and_grad" else "each."
        program = self.adjoint(per_sample=name == "gradients_of_samples")
        return Function(
            name,
            title,
            program,
            "xp.full_like(OUTPUT, scale)" if self._uses_samples else "xp.asarray(scale, dtype=LIKE.dtype)[()]",
        )

    def _run(self, name: str, arrays: list[Array], *more: Any) -> Any:
        if name not in self._functions:
            namespace: dict[str, Any] = {}
            code: CodeType = compile(self._module(name), f"<lifted {name}>", "exec")
            exec(code, namespace)
            self._functions[name] = namespace[name]
        return self._functions[name](self.parameters, *arrays, *more)

    def _checked(self, batches: Sequence[Any]) -> list[Array]:
        return as_batches(batches, self.arguments, self._forward.inputs, self.dtype)


def lift(
    f: Callable[..., Any], *examples: Any, parameters: Any = None, dtype: Any = "float64", limit: float | None = None
) -> Lifted:
    """Return f, a function of Values, as a program of arrays with its gradient; f is called once.

    Parameters
    ----------
    f: the function, written over single numbers: a network such as `nn.scalar.MLP`, a loss, any formula. It returns a
        Value, or a list of Values. It is called once: what it calculates from other things than Values, random numbers
        for one, is a constant of the program.
    examples: one sample for each argument of f: a number, or (nested) lists of equal lengths, or an array. Their
        numbers only have to be possible; the program does not depend on them.
    parameters: the Values to differentiate by, nested in any way, or a network. By default the network's own, or all
        Values that f uses; other Values are constants of the program.
    dtype: float64 or float32.
    limit: the bytes that tracing and lifting may take, by an estimate; by default all that are free.

    Raises
    ------
    TraceError: where f branches on a Value, reads or changes its data, or calculates with other numbers than floats;
        the message names the line.
    MemoryError: before the trace outgrows the memory, with its size.

    >>> w, b = [Value(2.0), Value(-1.0)], Value(0.5)
    >>> neuron = lift(lambda x: sum((wi * xi for wi, xi in zip(w, x)), b).tanh(), [0.0, 0.0], parameters=[w, b])
    >>> print(neuron)
    # input: x (2,)
    # parameters: W1 (1, 2), b1 (1,)
    # forward
    z1 = W1 @ x + b1     # (1,)
    value = tanh(z1[0])  # a number
    # adjoint
    d1 = [tanh'(z1[0])]  # (1,)
    dW1 = outer(d1, x)   # (1, 2)
    db1 = d1             # (1,)
    return value, dW1, db1
    >>> lift(lambda x: x if x > 0 else -x, 1.0)
    Traceback (most recent call last):
    ...
    engine.lift.tracing.TraceError: line 1 of <doctest engine.lift.lifted.lift[3]> \
(`lift(lambda x: x if x > 0 else -x, 1.0)`) branches on a Value (>), so the program would always go the way of the \
example; write the choice as an operation: relu, abs, maximum, minimum, leaky_relu
    """
    if not callable(f):
        raise TypeError(f"lift needs a function of Values, such as a network or a loss, got {type(f).__name__} {f!r}")
    nested = [example_values(example) for example in examples]
    structure = parameter_structure(f, parameters)
    values = flat_values(structure) if structure is not None else []
    inputs = [flat for _, flat, _ in nested]
    tracing.check_float(values, "parameter")
    for flat in inputs:
        tracing.check_float(flat, "the number of an example")
    meter = memory.Meter(memory.available() if limit is None else limit)
    result = tracing.run(f, [argument for argument, _, _ in nested], meter)
    outputs = outputs_of(result)
    if structure is None:
        structure = values = tracing.free_leaves(outputs, [v for flat in inputs for v in flat])
    program = tracing.read(outputs, values, inputs)._replace(inputs=tuple(shape for _, _, shape in nested))
    arguments = argument_names(f, len(examples))
    return Lifted(_all_passes(program, arguments), structure, values, arguments, dtype)


def _all_passes(program: Program, arguments: Sequence[str]) -> dict[str, Program]:
    """Return the program after each pass."""
    passes = {"trace": program}
    for rewrite in (simplify.sums, simplify.dots, simplify.constants, simplify.common, grouping.arrays):
        program = passes[rewrite.__name__] = rewrite(program)
    program = passes["names"] = named(program, arguments)
    if any(leaf.kind == "parameter" for leaf in program.leaves):
        passes["adjoint"] = adjoint(program)
    return passes
