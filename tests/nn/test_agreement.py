import numpy as np
import pytest

from engine import Value
from engine.graph import Graph
from nn import naive_scalar
from nn.agreement import (
    DisagreementError,
    check_agreement,
    difference_tolerance,
    magnitudes,
    place,
    rounding_tolerance,
)
from nn.matrix import Network
from nn.ways import WAYS, Case, flat


def _case(sizes=(5, 4, 3), seed=0):
    x = np.random.default_rng(seed).uniform(0, 1, sizes[0])
    return Case.of(sizes, x, label=1, seed=seed)


def _rounding(case):
    gradient = flat(WAYS["reverse"].prepare(case, float)())
    return gradient, rounding_tolerance(case.network, case.X, *case.recorded, gradient)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("sizes", [(5, 4, 3), (3, 2, 2, 2, 2, 2), (20, 1, 10), (2, 30, 2)])
def test_correct_ways_always_agree(sizes, seed):
    case = _case(sizes, seed)
    reference, tolerance = _rounding(case)
    for key in ("forward", "matrix", "paths"):
        if key != "paths" or len(sizes) > 3:
            gradient = flat(WAYS[key].prepare(case, float)())
            assert check_agreement(case.network, key, gradient, "reverse mode", reference, tolerance) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_differences_agree_within_their_own_bound(seed):
    case = _case(seed=seed)
    reference, tolerance = _rounding(case)
    loss, parameters = case.scalar(float)
    gradient = flat(naive_scalar.finite_differences(loss, parameters))
    bound = difference_tolerance(case.network, case.recorded[0])
    assert check_agreement(case.network, "differences", gradient, "reverse", reference, bound + tolerance) <= 1
    assert bound.max() < 1e-6  # or it would accept anything


@pytest.mark.parametrize("i", range(0, 39, 5))
def test_one_weight_that_is_off_by_1e_11_is_found_and_named(i):
    case = _case()
    reference, tolerance = _rounding(case)
    wrong = reference.copy()
    wrong[i] *= 1 + 1e-11
    with pytest.raises(DisagreementError) as found:
        check_agreement(case.network, "a wrong way", wrong, "reverse mode", reference, tolerance)
    message = str(found.value)
    assert f"dC/d{place(case.network, i)} of the network 5-4-3" in message
    assert repr(float(wrong[i])) in message
    assert repr(float(reference[i])) in message


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_agree_with_no_number(bad):
    network = Network([1, 1], rng=0)
    with pytest.raises(DisagreementError, match="b1"):
        check_agreement(network, "a", np.array([1.0, bad]), "b", np.array([1.0, 2.0]), np.array([1.0, 1.0]))


def test_a_zero_derivative_has_tolerance_zero_and_agrees_with_zero_alone():
    network, zero = Network([1, 1], rng=0), np.zeros(2)
    assert check_agreement(network, "a", zero, "b", zero, zero) == 0
    with pytest.raises(DisagreementError, match="W1"):
        check_agreement(network, "a", np.array([5e-324, 0]), "b", zero, zero)


def test_a_gradient_of_another_length_is_refused():
    with pytest.raises(DisagreementError, match="3 derivatives, b 2"):
        check_agreement(Network([1, 1], rng=0), "a", np.zeros(3), "b", np.zeros(2), np.ones(2))


def test_magnitudes_add_the_absolute_values_of_paths():
    x, y = Value(2.0), Value(-3.0)
    graph = Graph(x * y - x * 4.0)  # paths to x: -3 and -4, to y: 2
    m = magnitudes(graph)
    assert m[graph.index[x]] == 7
    assert m[graph.index[y]] == 2


def test_every_parameter_has_its_own_name():
    network = Network([3, 4, 2], rng=0)
    names = [place(network, i) for i in range(26)]
    assert len(set(names)) == 26
    assert (names[0], names[11], names[12], names[16], names[25]) == (
        "W1[0, 0]",
        "W1[3, 2]",
        "b1[0]",
        "W2[0, 0]",
        "b2[1]",
    )
    with pytest.raises(IndexError, match="parameter 26"):
        place(network, 26)
