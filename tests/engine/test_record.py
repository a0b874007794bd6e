from networks import lecture_neuron

from engine import Graph, Value
from engine.elementary import ADD
from engine.record import record


def test_a_record_has_the_ids_and_edges_of_the_graph() -> None:
    neuron = lecture_neuron()
    found, graph = record(neuron), Graph(neuron)
    assert found.nodes == graph.nodes
    edges = [(a, n, p) for n, arguments in enumerate(found.arguments) for p, a in enumerate(arguments)]
    assert edges == [tuple(edge) for edge in graph.edges]
    assert sum(found.uses) == len(edges)


def test_the_terms_of_a_sum_keep_their_order_and_stop_at_what_is_used_elsewhere() -> None:
    a, b, c, d = (Value(float(i), label=name) for i, name in enumerate("abcd"))
    shared = b + c
    found = record((a + shared + d) * shared)
    root = found.arguments[-1][0]
    terms, inner = found.sum_terms(root, frozenset({ADD}), labelled=True)
    assert [found.label(term) for term in terms] == ["a", "", "d"]
    assert len(inner) == 2


def test_a_named_partial_sum_is_a_term_of_its_own_unless_names_do_not_count() -> None:
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    part = a + b
    part.label = "part"
    found = record(part + c)
    root = len(found.nodes) - 1
    assert len(found.sum_terms(root, frozenset({ADD}), labelled=False)[0]) == 2
    assert len(found.sum_terms(root, frozenset({ADD}), labelled=True)[0]) == 3
