import dataclasses

import pytest

from nn.comparison_text import depth_table, report, seconds, width_table
from nn.experiment import LeftOut, Measurement, Results


def _results():
    """Return results of pure power laws: W^2 and 2 W multiplications, at 1 microsecond each."""
    results = Results((0.5,) * 64, 7, seed=0, allowed=30.0, checked=12, worst=0.25, seconds=2.0)
    for h in (1, 10, 100):
        w = 75 * h + 10
        for way, count in (("differences", w**2), ("matrix", 2 * w)):
            results.by_width.append(Measurement(way, (64, h, 10), w, count, 1e-6 * count, 3))
    for depth in (1, 2, 3):
        sizes = (64, *[2] * depth, 10)
        results.paths[sizes] = 100 * 2**depth
        results.by_depth.append(Measurement("paths", sizes, 150, 110 * 2**depth, 1e-3, 3))
        results.by_depth.append(Measurement("reverse", sizes, 150, 400 + 16 * depth, 1e-4, 3))
    return results


def test_no_line_is_wider_than_a_terminal():
    results = _results()
    results.left_out = [LeftOut("differences", (64, 1024, 10), 12345.0), LeftOut("forward", (64, 1024, 10), 1234.0)]
    results.interrupted = True
    assert max(map(len, report(results).splitlines())) <= 79


def test_the_width_table_has_counts_times_and_exponents_with_uncertainty():
    differences = next(line for line in width_table(_results()).splitlines() if line.startswith("finite"))
    assert differences.split() == [
        "finite",
        "differences",
        "56,400,100",
        "56.4",
        "s",
        *("2.00 ± 0.00 " * 2).split(),
        "7,510",
    ]


def test_the_depth_table_has_a_row_for_each_depth():
    rows = depth_table(_results()).splitlines()[3:]
    assert [row.split()[0] for row in rows] == ["64-2-10", "64-2-2-10", "64-(2"]
    assert "800" in rows[-1]


def test_the_reading_says_the_ratios_of_the_numbers_in_the_table():
    text = " ".join(report(_results()).split())
    assert (
        "the gradient of 7,510 weights takes 15,020 multiplications; by finite differences 3,755 times as many" in text
    )
    assert "Twice the weights cost 4.0 times as much by finite differences, 2.0 times as much by matrix form" in text
    assert "multiplies the number of paths by 2.00 ± 0.00; it adds 16 multiplications to reverse mode" in text
    assert "12 gradients agree; the largest difference is 25% of what rounding explains" in text


def test_a_time_that_hardly_grows_is_explained():
    results = _results()
    assert "hardly grows" not in report(results)
    results.by_width = [dataclasses.replace(m, seconds=1e-5) if m.way == "matrix" else m for m in results.by_width]
    assert "The time of the matrix form hardly grows yet" in " ".join(report(results).split())


def test_what_was_left_out_is_said_with_the_time_it_would_have_taken():
    results = _results()
    results.left_out = [LeftOut("differences", (64, 1024, 10), 9000.0), LeftOut("differences", (64, 512, 10), 40.0)]
    text = " ".join(report(results).split())
    assert "Left out, for --seconds 30 to suffice: finite differences from 64-512-10 on (about 40.0 s more)." in text


def test_an_early_interruption_leaves_a_sentence():
    results = Results((0.5,), 7, seed=0, allowed=30.0, interrupted=True)
    assert report(results).endswith("Interrupted before anything was measured.")


def test_ways_that_share_no_network_have_no_common_cost():
    results = _results()
    results.by_width = [m for m in results.by_width if (m.way == "matrix") == (m.weights > 100)]
    assert "  -  " in width_table(results)


@pytest.mark.parametrize(("duration", "text"), [(9.996e-4, "1.00 ms"), (0.01, "10.0 ms"), (90, "90.0 s")])
def test_durations_have_the_unit_that_fits(duration, text):
    assert seconds(duration) == text


def test_a_wild_exponent_keeps_to_its_column():
    results = _results()
    wild = {1: 1e-6, 10: 1e3, 100: 1e-6}
    results.by_width = [dataclasses.replace(m, seconds=wild[m.sizes[1]]) for m in results.by_width]
    assert max(map(len, width_table(results).splitlines())) <= 79


def test_more_paths_than_a_column_holds_are_given_in_size():
    results = _results()
    results.paths[(64, *[2] * 80, 10)] = 904_276_513_071_742_622_680_219_615
    assert "about 9e+26" in depth_table(results)
    assert max(map(len, depth_table(results).splitlines())) <= 79
