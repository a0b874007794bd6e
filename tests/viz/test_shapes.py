from engine import Value, sum_
from engine.record import record
from engine.value import Constant
from viz.shapes import Comparison


def shapes_of(value: Value, limit: int = 100) -> list[int]:
    """Return how many shapes there are in each comparison, from the finest to the coarsest."""
    graph = record(value)
    comparison = Comparison(graph, range(len(graph.nodes)), {}, {})
    return [len(set(shapes.values())) for shapes in (comparison.each(), *comparison.coarser(limit))]


def test_each_comparison_is_coarser_than_the_one_before() -> None:
    xs = [Value(float(i), label=f"x[{i}]") for i in range(4)]
    counts = shapes_of(sum_([x * x for x in xs]))
    assert counts == [9, 9, 3, 3, 3]


def test_constants_and_digits_of_names_do_not_make_a_shape() -> None:
    a, b = Value(1.0, label="w1"), Value(2.0, label="w2")
    counts = shapes_of(a * 2.0 + b * 3.0)
    assert counts[2] == 3


def test_other_powers_are_other_shapes() -> None:
    assert shapes_of(Value(1.0) ** 2 + Value(1.0) ** 3)[1] == 4


def test_a_long_chain_is_not_compared_as_a_whole() -> None:
    value = Value(1.0)
    for _ in range(50):
        value = value.tanh()
    assert shapes_of(value, limit=20) == [51, 4, 3]


def test_plain_numbers_have_no_shape() -> None:
    graph = record(Value(1.0) * 2.0)
    instances = Comparison(graph, range(3), {}, {}).instances
    assert [isinstance(graph.nodes[n], Constant) for n in instances] == [False, False]
