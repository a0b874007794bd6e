import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from budget import examples
from duals import exact_gradient
from hypothesis import Phase, assume, given, reject, settings
from programs import EXACT, Instruction, Program, floats, fractions, on_numbers, programs
from rounding import UNIT, gradient_bounds

from engine import Graph, Value, dot, maximum, relu, sqrt, sum_
from engine import backward as reverse_mode
from engine.backward import propagate, topological_order
from engine.elementary import TABLE
from engine.graph import adjoints

exact_programs = programs(fractions(), EXACT)


def reverse(program: Program) -> list[Any]:
    output, inputs = program.record()
    output.backward()
    return [x.grad for x in inputs]


# --- exact numbers: nothing may differ -----------------------------------------------------------


def reverse_equals_forward(program: Program) -> None:
    assert reverse(program) == exact_gradient(program)


@given(exact_programs)
def test_reverse_mode_is_forward_mode_exactly_over_fractions(program: Program) -> None:
    reverse_equals_forward(program)


@given(programs(fractions(), EXACT, largest=6))
def test_reverse_mode_is_the_sum_over_all_paths_exactly_over_fractions(program: Program) -> None:
    output, inputs = program.record()
    graph = Graph(output)
    uses: dict[int, list[tuple[int, Any]]] = {}
    for edge, partial in zip(graph.edges, graph.partials(), strict=True):
        uses.setdefault(edge.source, []).append((edge.target, partial))

    def paths(node: int) -> Any:
        if node == len(graph) - 1:
            return 1
        return sum(partial * paths(target) for target, partial in uses.get(node, ()))

    output.backward()
    assert [x.grad for x in inputs] == [paths(graph.index[x]) if x in graph.index else 0 for x in inputs]


@given(exact_programs)
def test_adjoints_with_and_without_a_record_are_what_backward_finds(program: Program) -> None:
    output, inputs = program.record()
    plain, recorded = adjoints(output), adjoints(output, recorded=True)
    assert all(v.grad == 0 for v in Graph(output).nodes)
    output.backward()
    for x in inputs:
        found = recorded.get(x, 0)
        assert plain.get(x, 0) == x.grad
        assert (found.data if isinstance(found, Value) else found) == x.grad


@given(exact_programs)
def test_order_puts_arguments_before_uses_and_is_the_same_each_time(program: Program) -> None:
    output, _ = program.record()
    order = topological_order(output)
    position = {v: i for i, v in enumerate(order)}
    assert len(position) == len(order)
    assert set(order) == {v for v in Graph(output).nodes if v.row is not None}
    assert all(position[a] < position[v] for v in order for a in v.args if a.row is not None)
    assert list(map(id, topological_order(output))) == list(map(id, order))


# --- the properties are able to fail -------------------------------------------------------------


def overwriting(order: list[Value], output: Value) -> None:
    """Reverse mode with = in place of +=."""
    output.grad = 1
    for v in reversed(order):
        assert v.row is not None
        for a, partial in zip(v.args, v.row.partials(v.data, *[a.data for a in v.args]), strict=True):
            a.grad = v.grad * partial


def in_breadth_first_order(order: list[Value], output: Value) -> None:
    """Reverse mode over the order in which the nodes are met, level by level, as a naive walk would have it."""
    met = [output]
    for v in met:
        met += [a for a in v.args if a.row is not None and not any(a is m for m in met)]
    propagate([v for v in reversed(met) if v.row is not None], output)


def once_for_each_argument(order: list[Value], output: Value) -> None:
    """Reverse mode that forgets that x * x uses x twice: micrograd's _prev is a set."""
    output.grad = 1
    for v in reversed(order):
        assert v.row is not None
        partials = v.row.partials(v.data, *[a.data for a in v.args])
        for a, partial in dict(zip(v.args, partials, strict=True)).items():
            a.grad += v.grad * partial


@pytest.mark.parametrize("wrong", [overwriting, in_breadth_first_order, once_for_each_argument])
def test_a_planted_error_is_found_within_200_examples(
    wrong: Callable[[list[Value], Value], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reverse_mode, "propagate", wrong)
    search = settings(max_examples=200, database=None, phases=[Phase.generate, Phase.shrink], derandomize=True)
    smallest: list[Program] = []

    @search
    @given(exact_programs)
    def property_(program: Program) -> None:
        try:
            reverse_equals_forward(program)
        except AssertionError:
            smallest.append(program)
            raise

    with pytest.raises(AssertionError):
        property_()
    assert len(smallest[-1].instructions) <= 4  # the example that is shown is small


def test_repr_of_a_program_is_python_that_runs() -> None:
    program = Program((2.0,), (Instruction("mul", (0, 0)), Instruction("add", (1, 0))))
    scope: dict[str, Any] = {"Value": Value}
    exec(repr(program), scope)
    assert scope["x2"].data == 6.0


# --- floats: as right as rounding allows ----------------------------------------------------------

TINY = mpmath.mpf(10) ** -100  # differencing with h = 1e-60 truncates at about h^2, and results below 1e-308 underflow


def bounds(program: Program) -> list[Any]:
    output, inputs = program.record()
    found = gradient_bounds(output)
    return [found.get(x, 0) for x in inputs]


def is_far_from_kinks(program: Program) -> bool:
    """Tell whether rounding and small steps stay on one side of every kink, and of the cut of atan2 (y = 0, x < 0)."""
    values = program.values(on_numbers, program.point)
    for name, args in program.instructions:
        xs = [values[a] for a in args]
        kink = TABLE[name].kink
        distance = kink(*xs) if kink else xs[0] if name == "atan2" and xs[1] < 0 else 1.0
        if not abs(distance) > 1e-6:
            return False
    return True


def differenced(program: Program, i: int) -> Any:
    """Return the derivative by input i from two runs at 200 digits: no rule of the table takes part."""
    with mpmath.workdps(200):
        h = mpmath.mpf(10) ** -60
        low, high = (
            program.on_numbers(*[mpmath.mpf(x) + (shift if j == i else 0) for j, x in enumerate(program.point)])
            for shift in (-h, h)
        )
        return (high - low) / (2 * h)


@examples(500)
@given(programs(floats(), largest=7).map(Program.without_unused))
def test_reverse_mode_over_floats_is_the_truth_within_the_bound_of_its_error_analysis(program: Program) -> None:
    assume(is_far_from_kinks(program))
    try:
        truth = [differenced(program, i) for i in range(len(program.point))]
        allowed = bounds(program)
    except (TypeError, ValueError, ZeroDivisionError):
        reject()  # at the edge of a domain, such as acosh(1): a step to the side has no real value
    assume(all(map(mpmath.isfinite, allowed)))
    for found, true, most in zip(reverse(program), truth, allowed, strict=True):
        assert abs(found - true) <= most + TINY


def test_the_bound_is_tight_enough_to_see_a_derivative_wrong_by_1e_12(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program((0.7, -1.3), (Instruction("mul", (0, 1)), Instruction("tanh", (2,)), Instruction("mul", (3, 0))))
    allowed = bounds(program)
    for i, (found, most) in enumerate(zip(reverse(program), allowed, strict=True)):
        assert abs(found - differenced(program, i)) <= most < abs(found) * 1e-13
        assert abs(found * (1 + 1e-12) - differenced(program, i)) > most


# --- zeros, infinities, life of the grads ---------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: sqrt(relu(x)), -1.0),
        (lambda x: sqrt(maximum(x, 0.0)), -1.0),
        (lambda x: sqrt(x * 0.0), 1.0),
        (lambda x: sqrt(dot([x], [0.0], 0.0)), 1.0),
        (lambda x: sqrt(x) * 0.0, 0.0),
        (lambda x: 0.0 * x.log() + 0.0 * x.cbrt(), 1e-300),
    ],
)
def test_a_zero_passes_nothing_on_so_that_zero_times_infinity_is_not_nan(f: Callable[[Any], Value], at: float) -> None:
    x = Value(at)
    f(x).backward()
    assert x.grad == 0
    assert adjoints(f(x)).get(x, 0) == 0
    x.grad = 0
    f(x).backward(create_graph=True)
    assert (x.grad.data if isinstance(x.grad, Value) else x.grad) == 0


def test_an_infinite_derivative_keeps_its_sign_and_nan_stays_nan() -> None:
    x, y, z = Value(0.0), Value(float("nan")), Value(3.0)
    (-sqrt(x) + y * z).backward()
    assert x.grad == float("-inf")
    assert y.grad == 3.0
    assert z.grad != z.grad


def test_leaves_add_up_over_backward_passes_and_inner_nodes_start_anew() -> None:
    x = Value(3.0)
    y = x * x
    z = y * 2
    for times in (1, 2, 3):
        z.backward()
        assert (x.grad, y.grad, z.grad) == (12.0 * times, 2.0, 1.0)


def test_inner_nodes_start_anew_after_create_graph_too_even_where_nothing_reaches_them() -> None:
    x = Value(-1.0)
    inner = x * 2
    (inner * 3).backward()
    assert inner.grad == 3.0
    inner.relu().backward(create_graph=True)
    assert inner.grad == 0
    assert x.grad == 6.0


def test_backward_of_a_leaf_is_1_each_time() -> None:
    x = Value(5.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_two_outputs_may_share_a_graph() -> None:
    x = Value(2.0)
    shared = x * x
    first, second = shared * 3, shared + x
    first.backward()
    second.backward()
    assert x.grad == 12.0 + 5.0
    assert shared.grad == 1.0


def test_an_output_that_is_a_constant_of_the_formula_still_finds_all_its_nodes() -> None:
    x = Value(2.0)
    y = maximum(4, x * x)  # a tie: the data is the number 4, half the derivative goes to x * x
    assert type(y.data) is float
    y.backward()
    assert x.grad == 2.0


def test_a_tie_of_a_value_with_itself_gets_both_halves() -> None:
    x = Value(2.0)
    maximum(x, x).backward()
    assert x.grad == 1.0


def test_create_graph_three_times_gives_the_third_derivative() -> None:
    x = Value(Fraction(2))
    y = x**5
    for expected in (80, 160, 240):
        x.grad = 0
        y.backward(create_graph=True)
        y = x.grad
        assert y.data == expected


@given(programs(fractions(), ("add", "mul", "sub", "dot", "sum"), largest=6))
def test_second_derivatives_by_create_graph_are_those_of_exact_differences(program: Program) -> None:
    # A polynomial p in t along the first axis: its second derivative at 0, from nested duals written as exact limits.
    output, inputs = program.record()
    output.backward(create_graph=True)
    slope, inputs[0].grad = inputs[0].grad, 0
    second = 0
    if isinstance(slope, Value):
        slope.backward()
        second = inputs[0].grad

    def first(t: Fraction) -> Fraction:
        moved = Program((program.point[0] + t, *program.point[1:]), program.instructions)
        return exact_gradient(moved)[0]

    # The first derivative is a polynomial in t of degree below 2^6; Richardson's extrapolation on 0 < h <= 1 is exact
    # for it once there are as many points as its degree: Lagrange's derivative formula over the points -k, ..., k.
    assert second == _derivative_at_zero(first, 33)


def _derivative_at_zero(p: Callable[[Fraction], Fraction], k: int) -> Fraction:
    """Return p'(0) exactly for a polynomial of degree at most 2 k, by central differences of every order."""
    total, weight = Fraction(0), Fraction(1)
    for j in range(1, k + 1):
        weight = weight * (k - j + 1) / (k + j)
        total += (-1) ** (j + 1) * weight * (p(Fraction(j)) - p(Fraction(-j))) / j
    return total


# --- size, interruption, threads ------------------------------------------------------------------


def test_a_chain_of_a_million_operations_is_built_differentiated_replayed_and_freed() -> None:
    x = Value(1.0)
    y = x
    for _ in range(500_000):
        y = -(y + x)
    y.backward()
    assert x.grad == 1.0
    graph = Graph(y)
    x.data = 3.0
    assert graph.forward() == 3.0
    graph.backward()
    assert x.grad == 2.0
    del y, graph


def test_create_graph_of_a_deep_chain_needs_no_recursion() -> None:
    x = Value(1.0)
    y = x
    for _ in range(20_000):
        y = y * x
    y.backward(create_graph=True)
    slope, x.grad = x.grad, 0
    slope.backward()
    assert (slope.data, x.grad) == (20_001.0, 20_001.0 * 20_000.0)


def test_sums_of_a_hundred_thousand_arguments_are_one_node() -> None:
    xs = [Value(float(i)) for i in range(100_000)]
    total = sum_(xs) + dot(xs, xs)
    total.backward()
    assert [xs[i].grad for i in (0, 1, 99_999)] == [1.0, 3.0, 199_999.0]
    assert len(topological_order(total)) == 3


def test_after_an_interruption_the_next_backward_is_right() -> None:
    class Interrupting(float):
        armed = True

        def __mul__(self, other: float) -> float:
            if Interrupting.armed:
                raise KeyboardInterrupt
            return float(self) * other

        __rmul__ = __mul__

    x, w = Value(2.0), Value(3.0)
    y = x * w + x.exp() * 0.5
    w.data = Interrupting(3.0)
    with pytest.raises(KeyboardInterrupt):
        y.backward()
    Interrupting.armed = False
    x.grad = w.grad = 0
    y.backward()
    assert w.grad == 2.0
    assert x.grad == pytest.approx(3.0 + 0.5 * y.args[1].args[0].data, rel=4 * UNIT)


def test_threads_may_differentiate_separate_graphs_at_once() -> None:
    found: dict[int, float] = {}

    def work(k: int) -> None:
        for _ in range(20):
            x = Value(float(k))
            y = x
            for _ in range(500):
                y = y + x * 2
            y.backward()
            found[k] = x.grad

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(4), 1001.0)
