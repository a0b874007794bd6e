import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Value
from engine.graph import Graph
from nn import naive_scalar
from nn.counting import Counting, counted

EXACT = (naive_scalar.forward_accumulation, lambda loss, ws: naive_scalar.sum_over_paths(loss, ws).gradient)


def _neuron(number=float):
    """Return tanh(w1 * 2 + w2 * 3 + b) * w1 as a function, in which w1 is used twice."""
    w1, w2, b = (Value(number(x)) for x in (0.5, -0.25, 0.125))
    return lambda: (w1 * 2.0 + w2 * 3.0 + b).tanh() * w1, [w1, w2, b]


@pytest.mark.parametrize("way", EXACT)
def test_the_exact_ways_agree_with_reverse_mode(way):
    loss, parameters = _neuron()
    assert way(loss, parameters) == pytest.approx(naive_scalar.reverse_mode(loss, parameters), rel=1e-14)


def test_finite_differences_agree_with_reverse_mode():
    loss, parameters = _neuron()
    expected = naive_scalar.reverse_mode(loss, parameters)
    assert naive_scalar.finite_differences(loss, parameters) == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.tuples(st.sampled_from("+*-"), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_all_ways_agree_on_programs_with_shared_nodes(program):
    leaves = [Value(0.5), Value(-1.25), Value(2.0)]

    def loss():
        nodes = [*leaves]
        for sign, i, j in program:
            a, b = nodes[i % len(nodes)], nodes[-1 - j % len(nodes)]
            nodes.append((a + b if sign == "+" else a - b if sign == "-" else a * b) * 0.5)
        return nodes[-1]

    expected = naive_scalar.reverse_mode(loss, leaves)
    paths = naive_scalar.sum_over_paths(loss, leaves)
    assert paths.walked == naive_scalar.count_paths(loss(), leaves)
    # The three multiply and add the same numbers in another order. Each product along a path meets at most as many
    # roundings as there are edges on it and sums that it goes into: for every way, fewer than all edges and all paths.
    graph = Graph(loss())
    roundings = 2.0**-53 * (2 * len(graph.edges) + paths.walked)
    sizes = sums_of_sizes(graph)
    for x, *ways in zip(leaves, expected, naive_scalar.forward_accumulation(loss, leaves), paths.gradient, strict=True):
        assert max(ways) - min(ways) <= 2 * roundings * sizes.get(x, 0.0)


def sums_of_sizes(graph: Graph) -> dict[Value, float]:
    """Return for every node the sum over all paths to the output of the products' sizes."""
    sizes = [0.0] * (len(graph) - 1) + [1.0]
    for edge, local in reversed(list(zip(graph.edges, graph.partials(), strict=True))):
        sizes[edge.source] += sizes[edge.target] * abs(local)
    return dict(zip(graph.nodes, sizes, strict=True))


def test_multiplications_of_finite_differences_counted_by_hand():
    # Each evaluation: 2 w1, 3 w2, tanh * w1 = 3. Twice for each of 3 weights, and one division for each: 2*3*3 + 3.
    loss, parameters = _neuron(Counting)
    with counted() as tally:
        naive_scalar.finite_differences(loss, parameters)
    assert tally.multiplications == 2 * 3 * 3 + 3


def test_multiplications_of_sweeps_and_paths_counted_by_hand():
    # y = (w1 * w2) * w1: a graph of two products, that is four edges.
    def product(number):
        w1, w2 = Value(number(3.0)), Value(number(5.0))
        return lambda: (w1 * w2) * w1, [w1, w2]

    loss, parameters = product(Counting)
    with counted() as tally:
        naive_scalar.forward_accumulation(loss, parameters)
    assert tally.multiplications == 2 + 2 * 4  # the evaluation; four edges in each of two sweeps
    with counted() as tally:
        paths = naive_scalar.sum_over_paths(loss, parameters)
    assert tally.multiplications == 2 + 4  # the evaluation; here no edge is on two paths
    assert paths.walked == 3
    with counted() as tally:
        naive_scalar.reverse_mode(loss, parameters)
    assert tally.multiplications == 2 + 4  # the evaluation; each edge once


def test_the_paths_of_a_ladder_double_with_each_rung_and_reverse_mode_does_not_notice():
    def ladder(rungs, number=float):
        w = Value(number(1.0))

        def loss():
            v = w
            for _ in range(rungs):
                v = v + v
            return v

        return loss, [w]

    for rungs in (1, 5, 10):
        assert naive_scalar.sum_over_paths(*ladder(rungs)) == ([2.0**rungs], 2**rungs)
    loss, parameters = ladder(1000)
    assert naive_scalar.count_paths(loss(), parameters) == 2**1000


def test_a_parameter_that_is_not_used_has_gradient_zero():
    w, unused = Value(2.0), Value(3.0)
    for way in (*EXACT, naive_scalar.reverse_mode):
        assert way(lambda: w * w, [w, unused]) == [4.0, 0.0]


def test_a_constant_and_another_leaf_cost_no_multiplication_in_a_sweep():
    w, x = Value(Counting(2.0)), Value(Counting(3.0))
    with counted() as tally:
        naive_scalar.forward_accumulation(lambda: w * x + 5.0 * w, [w])
    assert tally.multiplications == 2 + 4  # two products; the edges w -> w*x -> sum <- 5*w <- w


def test_data_is_put_back_after_an_interruption():
    w = Value(2.0)

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        naive_scalar.finite_differences(interrupt, [w])
    assert w.data == 2.0


def test_a_deep_chain_is_swept_and_walked_without_recursion():
    w = Value(1.0)

    def loss():
        v = w
        for _ in range(20_000):
            v = v * 1.0
        return v

    assert naive_scalar.forward_accumulation(loss, [w]) == [1.0]
    assert naive_scalar.sum_over_paths(loss, [w]) == ([1.0], 1)
    assert len(Graph(loss())) == 40_001
