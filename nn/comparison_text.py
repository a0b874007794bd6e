"""What the comparison found, for the terminal: tables of at most 80 columns, and what they say in plain words."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from nn.experiment import Measurement, Results, describe
from nn.fitting import Line
from nn.ways import WAYS

WIDTH = 80
TITLE = "The cost of one gradient"


def report(results: Results) -> str:
    """Return the whole report: what is compared, the tables, their reading, what was checked and what was left out."""
    parts = [f"{TITLE}\n{'=' * len(TITLE)}"]
    if results.by_width:
        parts += [_introduction(results), width_table(results), _fill(" ".join(_width_reading(results)))]
    if results.by_depth:
        parts += [depth_table(results), _fill(" ".join(_depth_reading(results)))]
    parts.append("\n".join(_remarks(results)))
    return "\n\n".join(part for part in parts if part)


def width_table(results: Results) -> str:
    """Return the costs on the largest network that every way was run on, and the fitted exponents."""
    common = _largest_common(results)
    head = f"one gradient, W = {common:,}" if common else "one gradient"
    lines = [
        f"{'':20} {head:>24}   {'grows as W to the power':>23}",
        f"{'way':20} {'multiplications':>15} {'time':>8}  {'by count':>11} {'by time':>12} {'up to W':>7}",
        "-" * 79,
    ]
    for way in results.ways():
        points = results.of(way.key)
        at = next((m for m in points if m.weights == common), None)
        cost = f"{at.multiplications:>15,} {seconds(at.seconds):>8}" if at else f"{'-':>15} {'-':>8}"
        by_count = _exponent(results.exponent(way.key, multiplications))
        by_time = _exponent(results.exponent(way.key, time))
        lines.append(f"{way.name:20} {cost}  {by_count:>11} {by_time:>12} {points[-1].weights:>7,}")
    return "\n".join(lines)


def depth_table(results: Results) -> str:
    """Return the paths, and the costs of walking them and of reverse mode, for each number of hidden layers."""
    lines = [
        f"{'':28}{'path enumeration':>24}   {'reverse mode':>24}",
        f"{'network':14} {'paths':>12} {'multiplications':>15} {'time':>8}   {'multiplications':>15} {'time':>8}",
        "-" * 79,
    ]
    for sizes, paths in sorted(results.paths.items(), key=lambda item: len(item[0])):
        by_paths, by_reverse = (
            next((m for m in results.of(key, deep=True) if m.sizes == sizes), None) for key in ("paths", "reverse")
        )
        walked = (
            f"{by_paths.multiplications:>15,} {seconds(by_paths.seconds):>8}" if by_paths else f"{'-':>15} {'-':>8}"
        )
        swept = f"{by_reverse.multiplications:>15,} {seconds(by_reverse.seconds):>8}" if by_reverse else ""
        lines.append(f"{describe(sizes):14} {_count(paths):>12} {walked}   {swept}".rstrip())
    return "\n".join(lines)


def _introduction(results: Results) -> str:
    sizes = results.by_width[0].sizes
    return _fill(
        f"Networks {sizes[0]}-h-{sizes[-1]} (tanh, softmax, cross-entropy) look at one handwritten digit, a "
        f"{results.label}. Each way finds the derivative of the loss by every one of the W weights, biases included; "
        "multiplications are counted by running it on numbers that count them."
    )


def _largest_common(results: Results) -> int | None:
    """Return the number of weights of the largest network that every way was run on."""
    common = set.intersection(*({m.weights for m in results.of(way.key)} for way in results.ways()))
    return max(common, default=None)


def _width_reading(results: Results) -> Iterator[str]:
    """Yield sentences: what the ways took on one network, and what twice the weights cost."""
    common = _largest_common(results)
    at = {m.way: m.multiplications for m in results.by_width if m.weights == common}
    cheapest = min(at, key=lambda key: at[key], default="")
    ratios = [f"{WAYS[key].name} {three_digits(n / at[cheapest])} times" for key, n in at.items() if key != cheapest]
    if ratios:
        ratios[0] += " as many"
        yield (
            f"By the {WAYS[cheapest].name} the gradient of {common:,} weights takes {at[cheapest]:,} multiplications; "
            f"by {_join(ratios)}."
        )
    doubled: dict[str, list[str]] = {}
    for way in results.ways():
        if line := results.exponent(way.key, multiplications):
            doubled.setdefault(f"{2**line.slope:.1f}", []).append(way.name)
    if doubled:
        costs = [f"{factor} times as much by {_join(names)}" for factor, names in doubled.items()]
        yield f"Twice the weights cost {', '.join(costs)}."
    for way in results.ways():
        counted, timed = results.exponent(way.key, multiplications), results.exponent(way.key, time)
        if counted and timed and timed.slope < counted.slope / 2:
            yield (
                f"(The time of the {way.name} hardly grows yet: up to some thousand weights, the fixed cost of its few "
                "calls outweighs the arithmetic.)"
            )


def _depth_reading(results: Results) -> Iterator[str]:
    """Yield sentences: how the paths and the work of reverse mode grow with each layer."""
    paths, reverse = results.growth_of_paths(), results.steps_of_reverse()
    if paths:
        factor = math.exp(paths.slope)
        error = f" ± {factor * paths.error:.2f}" if math.isfinite(paths.error) else ""
        end = f"; it adds {reverse.slope:.0f} multiplications to reverse mode" if reverse else ""
        yield f"Each further layer of 2 units multiplies the number of paths by {factor:.2f}{error}{end}."
    both = [
        (a, b) for a in results.of("paths", deep=True) for b in results.of("reverse", deep=True) if a.sizes == b.sizes
    ]
    if both:
        a, b = both[-1]
        yield (
            f"At {a.depth} hidden layers, with only {a.weights} weights, that is {a.multiplications:,} multiplications "
            f"against {b.multiplications:,}."
        )


def _remarks(results: Results) -> Iterator[str]:
    """Yield lines: what was checked, what was left out, and whether it was interrupted."""
    if results.checked:
        share = f"{100 * results.worst:.0f}%" if results.worst > 0.01 else "less than 1%"
        yield _fill(
            f"Checked: {results.checked} gradients agree; the largest difference is {share} of what "
            f"rounding explains. Measured in {results.seconds:.0f} s, seed {results.seed}."
        )
    left_out = []
    for key in dict.fromkeys(item.way for item in results.left_out):
        first = min((item for item in results.left_out if item.way == key), key=lambda item: item.seconds)
        left_out.append(f"{WAYS[key].name} from {describe(first.sizes)} on (about {seconds(first.seconds)} more)")
    if left_out:
        yield _fill(f"Left out, for --seconds {results.allowed:g} to suffice: {_join(left_out)}.")
    if results.interrupted:
        yield (
            "Interrupted: this is what was measured."
            if results.checked
            else "Interrupted before anything was measured."
        )


def _exponent(line: Line | None) -> str:
    if line is None:
        return "-"
    # An uncertainty this large needs no second decimal, and the column has no room for one.
    return f"{line.slope:.1f} ± {line.error:.1f}" if line.error >= 1 else str(line)


def _count(n: int) -> str:
    """Return an exact number where it fits into its column, else its size (the data have all its digits)."""
    return f"{n:,}" if n < 10**9 else f"about {n:.0e}"


def _join(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _fill(text: str) -> str:
    return textwrap.fill(text, WIDTH - 1)


def seconds(duration: float) -> str:
    """Return a duration in three digits with its unit.

    >>> [seconds(x) for x in (0.0000468, 0.01, 0.9999, 1.08, 75.2, 4000.0)]
    ['46.8 µs', '10.0 ms', '1.00 s', '1.08 s', '75.2 s', '4,000 s']
    """
    for unit, factor in (("µs", 1e6), ("ms", 1e3), ("s", 1.0)):
        digits = three_digits(duration * factor)
        if unit == "s" or float(digits.replace(",", "")) < 1000:
            return f"{digits} {unit}"
    raise AssertionError("seconds are the last unit")


def three_digits(x: float) -> str:
    """Return a positive number in at least three digits.

    >>> [three_digits(x) for x in (1.385, 12.345, 999.7, 2203.4, 5e21)]
    ['1.39', '12.3', '1,000', '2,203', '5.00e+21']
    """
    if x >= 1e6:
        return f"{x:.2e}"
    return f"{x:.2f}" if x < 9.995 else f"{x:.1f}" if x < 99.95 else f"{x:,.0f}"


def multiplications(m: Measurement) -> float:
    """Return the count of a measurement."""
    return m.multiplications


def time(m: Measurement) -> float:
    """Return the seconds of a measurement."""
    return m.seconds
