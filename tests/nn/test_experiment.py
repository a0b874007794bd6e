import itertools
import math

import numpy as np
import pytest
from clock import Clock

from nn import experiment, ways
from nn.agreement import DisagreementError
from nn.counting import Counting, counted
from nn.experiment import Experiment
from nn.ways import WAYS, Case, Way, flat

SAMPLE = [0.5, 1.0, 0.25]


def _run(sample=SAMPLE, **options):
    settings = {"classes": 2, "widths": [1, 2], "depths": [1, 2]} | options
    return Experiment(sample, 1, **settings).run(show_progress=False)


@pytest.fixture(autouse=True)
def _few_repeats_by_a_clock_that_no_other_process_slows_down(monkeypatch):
    monkeypatch.setattr(experiment, "TIMING_SECONDS", 0.0)
    monkeypatch.setattr(experiment, "time", Clock())


def _count(key, sizes):
    case = Case.of(sizes, [0.5] * sizes[0], label=0, seed=0)
    with counted() as tally:
        WAYS[key].prepare(case, Counting)()
    return tally.multiplications, case.weights


def test_an_evaluation_multiplies_once_for_each_weight_and_differences_take_two_for_each_parameter():
    # 3-2-2: 3*2 + 2*2 products in an evaluation, none in tanh and logsumexp; W = 10 + 4 biases.
    # Two evaluations and one division for each of the 14 weights.
    assert _count("differences", (3, 2, 2)) == (14 * (2 * 10 + 1), 14)


def test_forward_accumulation_multiplies_once_for_each_edge_below_which_there_is_a_weight():
    one_more_input = _count("forward", (4, 1, 2))[0] - _count("forward", (3, 1, 2))[0]
    # 3-1-2 has W = 8. One input more: one product in the evaluation; one weight more, W = 9, so one sweep more, and one
    # edge more in every sweep. A sweep of 3-1-2 takes: in layer 1, 3 weights and a bias; tanh, 1; in layer 2, twice one
    # weight, one unit below and a bias; in the loss, 2 edges into logsumexp and 2 into the difference. That is 15.
    assert one_more_input == 1 + 9 * 16 - 8 * 15


def test_the_matrix_form_multiplies_as_theorem_1_says():
    # From 3-1-2 to 4-1-2: one product more in W f, one in delta f^T.
    assert _count("matrix", (4, 1, 2))[0] - _count("matrix", (3, 1, 2))[0] == 2
    # From 3-1-2 to 3-2-2, one unit more: 3 + 2 products in W f, as many in delta f^T, 2 in W^T delta, and the same for
    # the derivative of the activation whatever the sizes.
    by_unit = [_count("matrix", (3, h + 1, 2))[0] - _count("matrix", (3, h, 2))[0] for h in (1, 2, 3)]
    derivative = by_unit[1] - 2 * (3 + 2) - 2
    assert by_unit[1] == by_unit[2]
    assert 1 <= derivative <= 6


def test_reverse_mode_multiplies_by_a_constant_for_each_weight():
    counts = [_count("reverse", (8, h, 3)) for h in (4, 8, 16)]
    slopes = [(b[0] - a[0]) / (b[1] - a[1]) for a, b in itertools.pairwise(counts)]
    assert slopes[0] == slopes[1]


@pytest.mark.parametrize(("key", "exponent"), [("differences", 2), ("forward", 2), ("reverse", 1), ("matrix", 1)])
def test_exponents_by_count_are_two_for_the_naive_ways_and_one_for_the_others(key, exponent):
    results = _run([0.5] * 64, classes=10, widths=[6, 12], depths=[], methods=[key])
    line = results.exponent(key, lambda m: m.multiplications)
    assert line.slope == pytest.approx(exponent, abs=0.02)


def test_paths_double_with_each_layer_of_two_units_and_reverse_mode_adds_the_same():
    results = _run(widths=[], depths=[1, 2, 3, 4, 5, 6, 7])
    assert math.exp(results.growth_of_paths().slope) == pytest.approx(2, abs=0.1)
    steps = results.steps_of_reverse()
    assert steps.slope > 0
    assert steps.error < 1e-9
    for m in results.of("paths", deep=True):
        assert m.multiplications > results.paths[m.sizes]


def test_paths_too_many_to_walk_are_counted_and_left_out():
    results = _run(widths=[], depths=[1, 60], seconds=5.0)
    assert [m.depth for m in results.of("paths", deep=True)] == [1]
    assert [len(item.sizes) - 2 for item in results.left_out] == [60]
    assert results.paths[(3, *[2] * 60, 2)] > 2**60


def test_what_would_take_too_long_is_left_out_and_said():
    results = _run(widths=[1, 2, 4000], depths=[], methods=["differences", "matrix"], seconds=5.0)
    assert [m.sizes[1] for m in results.of("differences")] == [1, 2]
    assert [m.sizes[1] for m in results.of("matrix")] == [1, 2, 4000]
    (item,) = results.left_out
    assert (item.way, item.sizes) == ("differences", (3, 4000, 2))
    assert item.seconds > 5


def test_a_wrong_way_is_an_error_that_names_the_weight_and_both_values(monkeypatch):
    def prepare(case, number):
        run = WAYS["matrix"].prepare(case, number)

        def wrong():
            gradient = flat(run())
            gradient[4] *= 1 + 1e-9
            return [gradient]

        return wrong

    monkeypatch.setitem(ways.WAYS, "forward", Way("forward", "forward accumulation", prepare, 2, 1e-6))
    with pytest.raises(DisagreementError, match=r"forward accumulation and reverse mode disagree on dC/dW1\[1, 1\]"):
        _run(widths=[2], depths=[])


def test_ctrl_c_keeps_what_was_measured(monkeypatch):
    plain = WAYS["matrix"].prepare

    def prepare(case, number):
        def interrupt():
            raise KeyboardInterrupt

        return interrupt if number is Counting and case.network.sizes[1] == 8 else plain(case, number)

    monkeypatch.setitem(ways.WAYS, "matrix", Way("matrix", "matrix form", prepare, 1, 1e-6))
    results = _run(widths=[2, 4, 8], depths=[], methods=["matrix"])
    assert results.interrupted
    assert [m.sizes[1] for m in results.by_width] == [2, 4]
    assert results.checked == 4


def test_the_cheapest_come_first_so_that_an_early_end_leaves_the_most():
    results = _run([0.5] * 8, classes=3, widths=[4, 64], depths=[], methods=["differences", "matrix"], seconds=2.0)
    order = [(m.way, m.sizes[1]) for m in results.by_width]
    assert order[:3] == [("matrix", 4), ("matrix", 64), ("differences", 4)]


def test_the_same_seed_gives_the_same_counts_and_another_gives_other_weights():
    first, second = _run(seed=3), _run(seed=3)
    assert [m.multiplications for m in first.by_width] == [m.multiplications for m in second.by_width]
    a, b = (Case.of((3, 2, 2), SAMPLE, label=0, seed=seed).network.weights[0] for seed in (0, 1))
    assert not np.array_equal(a, b)


def test_the_scalar_loss_is_that_of_the_network():
    case = Case.of((3, 4, 4, 2), SAMPLE, label=1, seed=0)
    loss, parameters = case.scalar(float)
    assert loss().data == pytest.approx(case.network.loss(case.X, np.array([1])), rel=1e-14)
    assert [p.data for p in parameters] == flat(case.network.parameters).tolist()


def test_depths_are_measured_only_where_paths_are_asked_for():
    assert _run(methods=["reverse", "matrix"]).by_depth == []
    assert {m.way for m in _run(methods=["reverse", "paths"]).by_depth} == {"reverse", "paths"}
    assert {m.way for m in _run(methods=["paths"]).by_depth} == {"paths"}
