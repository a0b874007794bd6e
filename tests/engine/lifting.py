"""What tests of lifting share: a network's loss over single numbers, and what a lifted program has to agree with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rounding import bounds

from engine import Value, logsumexp
from engine.elementary import TABLE
from engine.lift import Lifted, lift
from engine.lift.emission import Function, body, module
from engine.lift.program import Program
from engine.lift.reading import Reading, without_reshaping
from nn.bridge import to_scalar
from nn.matrix import Network

SCALAR_PASSES = ("trace", "sums", "dots", "constants", "common")
ARRAY_PASSES = ("arrays", "names")
TINY = 1e-290  # below, products underflow, and no relative bound holds

_OF_A_UNIT: dict[str, Callable[[Value, Any], Any]] = {
    "squared_error": lambda f, t: 0.5 * (f - t) ** 2,
    "absolute_error": lambda f, t: abs(f - t),
    "hinge": lambda f, t: (1 - t * f).relu(),
    "binary_cross_entropy": lambda z, t: (1 - t) * z.softplus() + t * (-z).softplus(),
}


def scalar_loss(network: Network) -> tuple[Callable[[Any, Any], Value], list[Value]]:
    """Return the loss of one sample and its target over Values, and its parameters in the order W_1, b_1, W_2, ...

    For cross-entropy the target is a row with a single 1.
    """
    model, cost = to_scalar(network), network.cost

    def loss(x: Any, y: Any) -> Value:
        found = model(list(x))
        units = found if isinstance(found, list) else [found]
        if cost.name == "cross_entropy":
            logits = [*units, Value(0.0)] if network.activations[-1].name == "modified_softmax" else units
            terms = [
                t * logsumexp(0.0, *(other - z for other in logits if other is not z))
                for z, t in zip(logits, y, strict=True)
            ]
        else:
            ends = [unit.args[0] for unit in units] if cost.fused else units
            terms = [_OF_A_UNIT[cost.name](end, t) for end, t in zip(ends, y, strict=True)]
        total: Value = sum(terms[1:], terms[0])
        return total

    parameters = [
        p
        for layer in model.layers
        for p in (*[w for neuron in layer.neurons for w in neuron.w], *[neuron.b for neuron in layer.neurons])
    ]
    return loss, parameters


def truth(
    f: Callable[..., Value], parameters: Sequence[Value], samples: Sequence[Sequence[Any]]
) -> tuple[float, list[float], list[float]]:
    """Return the mean of f over samples, its gradients, and how far two ways to the value and to each may be apart."""
    terms = [f(*[as_values(argument) for argument in sample]) for sample in samples]
    output = sum(terms[1:], terms[0]) * (1.0 / len(terms))
    for p in parameters:
        p.grad = 0.0
    output.backward()
    found = bounds(output)
    allowed = [2 * float(found.gradients.get(p, 0)) + TINY for p in parameters]
    return output.data, [float(p.grad) for p in parameters], [2 * float(found.data[output]) + TINY, *allowed]


def as_values(argument: Any) -> Any:
    """Return nested lists of numbers as nested lists of Values."""
    return [as_values(part) for part in argument] if np.ndim(argument) else Value(float(argument))


def assert_agrees(f: Callable[..., Value], parameters: Sequence[Value], *batches: Any) -> Lifted:
    """Lift f, and hold its value and gradients, on the batch and on each sample, against the scalar graph's."""
    samples = list(zip(*[np.asarray(batch).tolist() for batch in batches], strict=True)) if batches else [()]
    made = lift(f, *samples[0], parameters=list(parameters))
    value, gradients = made.value_and_grad(*batches)
    _assert_close(value, gradients.nested, truth(f, parameters, samples))
    values, each = made.value_and_grad(*batches, reduction="none")
    for i, sample in enumerate(samples):
        nested = [g[i] if np.ndim(g) else g for g in each.nested]
        _assert_close(np.broadcast_to(values, len(samples))[i], nested, truth(f, parameters, [sample]))
    assert_source_is_the_same_to_the_bit(made, batches)
    return made


def _assert_close(value: Any, gradients: Sequence[Any], expected: tuple[float, list[float], list[float]]) -> None:
    true_value, true_gradients, (of_value, *allowed) = expected
    assert abs(value - true_value) <= of_value
    for found, true, most in zip(gradients, true_gradients, allowed, strict=True):
        assert abs(found - true) <= most


def assert_source_is_the_same_to_the_bit(made: Lifted, batches: Sequence[Any]) -> None:
    """Run the emitted module as a file would run, and hold it against the object."""
    namespace: dict[str, Any] = {}
    exec(made.source(), namespace)
    arrays = [np.asarray(batch, float) for batch in batches]
    m = len(arrays[0]) if arrays else 1
    assert_same(namespace["value"](made.parameters, *arrays), made(*batches))
    if made.parameters:
        losses, each = namespace["gradients_of_samples"](made.parameters, *arrays, 1.0)
        expected, expected_each = made.value_and_grad(*batches, reduction="none")
        assert_same(losses, expected)
        for a, b in zip(each, expected_each.parameters, strict=True):
            assert_same(a, b)
        scale = 1.0 / m if np.ndim(losses) else 1.0
        _, gradients = namespace["value_and_grad"](made.parameters, *arrays, scale)
        for a, b in zip(gradients, made.gradients(*batches).parameters, strict=True):
            assert_same(a, b)


def assert_same(a: Any, b: Any) -> None:
    """Hold two results against each other, bit by bit."""
    assert np.shape(a) == np.shape(b)
    assert np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def values_after_each_pass(made: Lifted, parameters: Sequence[float], sample: Sequence[Any]) -> dict[str, float]:
    """Return the value of f at one sample, computed from the program after each pass up to the names."""
    flat = [np.ravel(argument).tolist() for argument in sample]
    found = {name: _on_numbers(made.passes[name], parameters, flat) for name in SCALAR_PASSES}
    for name in ARRAY_PASSES:
        lowered, namespace = made.passes["names"], dict[str, Any]()
        if name == "arrays":  # it has no names yet, and text needs some
            named = zip(made.passes[name].leaves, lowered.leaves, strict=True)
            leaves = tuple(a._replace(name=b.name) for a, b in named)
            lowered = made.passes[name]._replace(leaves=leaves)
        exec(module("one pass", [Function("f", "Return f.", lowered)], made.arguments), namespace)
        arrays = [
            np.array([parameters[c] for c in leaf.cells]).reshape(leaf.shape)
            for leaf in lowered.leaves
            if leaf.kind == "parameter"
        ]
        batches = [np.array([argument], float) for argument in sample]
        found[name] = float(np.ravel(namespace["f"](arrays, *batches))[0])
    return found


def _on_numbers(lowered: Program, parameters: Sequence[float], inputs: Sequence[Sequence[float]]) -> float:
    """Run a program of scalars by the rows of the table."""
    given = {"constant": lambda leaf: leaf.cells[0], "parameter": lambda leaf: parameters[leaf.cells[0]]}
    given["input"] = lambda leaf: inputs[leaf.number][leaf.cells[0]]
    values = [given[leaf.kind](leaf) for leaf in lowered.leaves]
    for s in lowered.statements:
        values.append(TABLE[s.operation].value(*[values[a] for a in s.args]))
    return float(values[lowered.outputs[0]])


def lines(text: object) -> list[str]:
    """Return the lines without the shapes."""
    return [line.split("  #")[0].rstrip() for line in str(text).splitlines()]


def add_at(zeros: Any, cells: Any, numbers: Any) -> Any:
    np.add.at(zeros, cells, numbers)
    return zeros


def derivative(name: str, position: str, *xs: Any) -> Any:
    """Return the derivative of a row that the printed text calls name', or name'2 by its second argument."""
    row = TABLE[name]
    if row.arity is None:  # of one array, by each of its cells
        return np.array(row.partials(row.value(*xs[0].tolist()), *xs[0].tolist()))
    i = int(position or 1) - 1
    return np.vectorize(lambda *a: float(row.partials(row.value(*a), *a)[i]))(*xs)


def run_text(made: Lifted, sample: list[Any]) -> list[Any]:
    """Run the printed text, line by line, as a reader would by hand; return what it returns."""
    names: dict[str, Any] = {
        "outer": np.outer, "concatenate": np.concatenate, "reshape": np.reshape, "zeros": np.zeros, "sum": np.sum,
        "broadcast_to": np.broadcast_to, "add_at": add_at, "derivative": derivative,
        "softmax": lambda z: np.exp(z - TABLE["logsumexp"].value(*z.tolist())),
        "logsumexp": lambda z: TABLE["logsumexp"].value(*z.tolist()), "hypot": lambda z: np.linalg.norm(z),
    }  # fmt: skip
    names |= {name: np.vectorize(row.value) for name, row in TABLE.items() if row.arity and name not in names}
    program = without_reshaping(made.passes.get("adjoint", made.passes["names"]))
    wording = Reading(program)
    body(program, wording)
    names |= {name: np.reshape(cells, wording.index_shapes[name]) for cells, name in wording.indices.items()}
    names |= {x.name: np.reshape(x.cells, x.shape) for x in program.leaves if x.kind == "constant" and x.shape}
    names |= made.arrays | {name: np.array(x) for name, x in zip(made.arguments, sample, strict=True)}
    for line in lines(made):
        code = re.sub(r"(\w+)'(\d?)\(", r"derivative('\1', '\2', ", line.removeprefix("return "))
        if line.startswith("return"):
            return [eval(part, {}, names) for part in code.split(", ")]
        if not line.startswith("#"):
            name, _, expression = code.partition(" = ")
            value = eval(expression, {}, names)
            names[name] = np.array(value) if isinstance(value, list) else value
    raise AssertionError("the text returns nothing")
