"""What cannot be lifted is refused at the line where it happens, and nothing stays watched afterwards."""

import math
import random
import re
import threading
import tracemalloc
from fractions import Fraction
from typing import Any

import pytest

from engine import Value, derivative, dot, sum_
from engine.lift import TraceError, lift


def branching(x: Value) -> Value:
    if x > 0:  # the line to be named
        return x
    return -x


def truthy(x: Value) -> Value:
    return x if x else x * 2


def reading(x: Value) -> Value:
    return x * x.data


def changing(x: Value) -> Value:
    x.data = 3.0
    return x * x


def exact(x: Value) -> Value:
    return x * Fraction(1, 3)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (branching, r"line \d+ of test_tracing.py \(`if x > 0:  # the line to be named`\) branches on a Value \(>\)"),
        (truthy, r"`return x if x else x \* 2`\) branches on a Value \(if\)"),
        (lambda x: max(x, x * 2), r"test_tracing.py .* branches on a Value \(>\)"),
        (lambda x: x if x == 1 else -x, r"branches on a Value \(==\).*relu, abs, maximum"),
        (reading, r"`return x \* x.data`\) reads the data of a Value.*without a derivative; calculate with the Value"),
        (changing, r"`x.data = 3.0`\) changes the data of a Value; make a new Value"),
        (exact, r"`return x \* Fraction\(1, 3\)`\) calculates with a number of type Fraction.*float\(...\)"),
        (lambda x: x * 1j, "calculates with a number of type complex"),
    ],
)
def test_what_a_program_could_not_repeat_is_refused_with_its_line_and_a_cure(f: Any, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        lift(f, 1.0)


@pytest.mark.parametrize(
    ("f", "kind", "message", "line"),
    [
        (
            lambda x: math.exp(x[0]),
            TypeError,
            "would lose its derivative: use engine",
            r"lambda x: math.exp\(x\[0\]\)",
        ),
        (lambda x: x[2] * 1.0, IndexError, "list index out of range", r"lambda x: x\[2\]"),
        (lambda x: x[int(x[0])], TypeError, "int", r"lambda x: x\[int\(x\[0\]\)\]"),
        (
            lambda x: (x[0] - 5).log(),
            ValueError,
            "log needs a positive number, got -4.0",
            r"lambda x: \(x\[0\] - 5\)",
        ),
        (lambda x: x[0] * [1.0], TypeError, "list", r"lambda x: x\[0\] \* \[1.0\]"),
    ],
)
def test_any_other_exception_gets_a_note_with_its_line_and_the_cure(f: Any, kind: Any, message: str, line: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        lift(f, [1.0, 2.0])
    (note,) = caught.value.__notes__
    assert re.search(rf"raised while lifting, at line \d+ of test_tracing.py \(`.*{line}", note)
    assert "each number of the examples is a Value" in note


def test_a_missing_example_is_told() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'") as caught:
        lift(lambda x, y: x * y, 1.0)
    assert caught.value.__notes__ == ["lift calls the function with one argument for each example, here 1"]


def test_after_a_refusal_values_are_themselves_again() -> None:
    with pytest.raises(TraceError):
        lift(branching, 1.0)
    x = Value(2.0)
    x.data = 3.0
    assert x > 2.5
    assert x.data == 3.0
    assert (x * Fraction(1, 2).__float__()).data == 1.5
    assert type(Value.__dict__["data"]).__name__ == "member_descriptor"


def test_another_thread_may_compare_while_one_traces() -> None:
    answers: list[bool] = []

    def slow(x: Value) -> Value:
        other = threading.Thread(target=lambda: answers.append(Value(1.0) < Value(2.0)))
        other.start()
        other.join()
        return x * x

    assert lift(slow, 1.0)([3.0]).tolist() == [9.0]
    assert answers == [True]


def test_a_parameter_or_an_example_that_is_no_float_is_named() -> None:
    w = Value(Fraction(1, 3), label="w")
    with pytest.raises(TraceError, match=r"parameter 0 \('w'\) holds Fraction\(1, 3\), a Fraction; arrays hold floats"):
        lift(lambda x: w * x, 1.0, parameters=[w])
    with pytest.raises(TraceError, match="the number of an example 1 holds 1j, a complex"):
        lift(lambda x: x[0], [1.0, 1j])


def test_a_trace_too_large_for_memory_is_stopped_with_its_size() -> None:
    def large(x: Value) -> Value:
        for _ in range(10_000):
            x = x * 2.0
        return x

    with pytest.raises(MemoryError, match=r"`x = x \* 2.0`\) made operation [\d,]+ of the trace.*0.001 GB.*limit="):
        lift(large, 1.0, limit=1e6)


def chain() -> Any:
    x = Value(1.0)
    for _ in range(600):
        x = x * 0.999 + 0.1
    return x


def layer() -> Any:
    return [dot(w, [Value(0.01 * i) for i in range(100)]) for w in WEIGHTS]


def many_points() -> Any:
    return sum_([dot(w, p) for p in POINTS for w in WEIGHTS])


def irregular() -> Any:
    v = [Value(0.1 * i) for i in range(5)]
    rng = random.Random(0)
    for _ in range(400):
        a, b = rng.choices(v[-50:], k=2)
        v.append(rng.choice([a.sin() * b, a + b.cos(), (a * b).tanh(), a - 0.5 * b.sigmoid()]))
    return sum_(v)


WEIGHTS = [[Value(0.001 * i + j) for i in range(100)] for j in range(30)]
POINTS = [[Value(0.1 * i + j) for i in range(100)] for j in range(6)]


@pytest.mark.parametrize("f", [chain, layer, many_points, irregular])
def test_the_memory_that_a_trace_will_take_is_estimated_in_operations_and_their_arguments(f: Any) -> None:
    lift(f)  # what is cached, is
    tracemalloc.start()
    lift(f)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with pytest.raises(MemoryError):
        lift(f, limit=peak)  # the estimate is on the safe side
    lift(f, limit=6 * peak)  # and not by far


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lift(lambda x: 3.0, 1.0), "must return a Value or a list of Values, got float 3.0"),
        (lambda: lift(lambda x: None, 1.0), "must return a Value .*, got NoneType None; end it with return"),
        (lambda: lift(lambda x: [x, [x]], 1.0), "must return a Value .*; put them all into one list"),
        (lambda: lift(3.0, 1.0), "lift needs a function of Values, such as a network or a loss, got float 3.0"),
        (lambda: lift(lambda x: [], 1.0), "returned nothing"),
        (lambda: lift(lambda x: x, 1.0, parameters=[1.0]), "parameters are Values, got float 1.0; make it Value"),
    ],
)
def test_results_and_parameters_of_another_type_are_refused(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_batches_that_do_not_fit_are_refused_with_the_shape_they_need() -> None:
    made = lift(lambda x, t: x[0] * t - x[1], [1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match=r"x needs one sample per row, shape \(m, 2\), got shape \(3,\)"):
        made([1.0, 2.0, 3.0], [1.0])
    with pytest.raises(ValueError, match="t has 1 samples, but x has 2"):
        made([[1.0, 2.0], [3.0, 4.0]], [1.0])
    with pytest.raises(ValueError, match=r"takes 2 batch\(es\), x, t, got 1"):
        made([[1.0, 2.0]])
    with pytest.raises(ValueError, match="reduction must be one of mean, sum, none, got 'max'"):
        made.value_and_grad([[1.0, 2.0]], [1.0], reduction="max")


def test_examples_without_numbers_are_refused() -> None:
    for example in ([], [[1.0], [2.0, 3.0]], {"a": 1.0}):
        with pytest.raises(ValueError, match="an example is one sample: a number, or rows of equal length, got"):
            lift(lambda x: x, example)


def test_batches_of_words_and_seeds_of_another_shape_are_refused() -> None:
    made = lift(lambda x: [x * x, -x], 1.0)
    with pytest.raises(ValueError, match="x needs one sample per row, all numbers: could not convert string"):
        made(["a"])
    with pytest.raises(ValueError, match=r"the seed has one number for each of the result, shape \(1, 2\), got \(2,\)"):
        made.pullback([1.0], seed=[1.0, 2.0])


def test_other_types_of_arrays_than_floats_are_refused() -> None:
    with pytest.raises(ValueError, match="dtype must be float32 or float64, got int64"):
        lift(lambda x: x, 1.0, dtype="int64")


def test_gradients_show_their_loss_and_shapes() -> None:
    w = Value(2.0)
    made = lift(lambda x: w * x, 1.0, parameters=[w])
    assert repr(made.gradients([1.0, 2.0])) == "Gradients: loss 3; p1 ()"
    assert repr(made.value_and_grad([1.0, 2.0], reduction="none")[1]) == "Gradients: losses of 2 samples; p1 (2,)"


def test_a_batch_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="x has no samples; give one row for each"):
        lift(lambda x: x * x, 1.0)([])


@pytest.mark.parametrize("inner", [lambda t: t.relu() * t, lambda t: t.sin() * t])
def test_a_derivative_inside_the_function_is_refused(inner: Any) -> None:
    with pytest.raises(TraceError, match="takes a derivative, whose recorded formula depends on the numbers"):
        lift(lambda x: derivative(inner, x), 1.0)


def test_parameters_are_by_default_all_values_that_the_function_uses() -> None:
    a, b = Value(2.0), Value(3.0)
    made = lift(lambda x: a * x * x + b, 1.0)
    assert made.value_and_grad([2.0])[1].nested == [4.0, 1.0]


def test_a_trace_of_20_000_operations_in_one_chain_needs_no_recursion() -> None:
    def deep(x: Value) -> Value:
        y = x
        for _ in range(10_000):
            y = y * 0.999 + x
        return y

    assert lift(deep, 1.0).passes["trace"].operations()["mul"] == 10_000


def test_lifting_needs_no_numpy_to_be_imported() -> None:
    import subprocess
    import sys

    code = "import sys, engine.lift; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
