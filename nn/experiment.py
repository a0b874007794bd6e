"""The experiment: every way to one gradient on networks of growing width and of growing depth, counted and timed.

Within the time that is given, nothing is extrapolated: a network that would take a way too long is left out, and that
is said. Ctrl-C ends the measuring, and what was measured is kept.
"""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nn.agreement import check_agreement, difference_tolerance, rounding_tolerance
from nn.counting import Counting, counted
from nn.fitting import Line, fit_growth, fit_line, fit_power
from nn.naive_scalar import Paths, count_paths
from nn.progress import ProgressBar
from nn.ways import WAYS, Case, Floats, Way, flat

REPEATS = 3, 99  # at least, at most
TIMING_SECONDS = 0.2  # for the repeats of one way on one network, where the least number of repeats allows
LONG_ENOUGH = 0.02  # seconds: from a shorter run, nothing can be foretold but the cost of calls, or a hiccup
DEPTH_WIDTH = 2  # units in each hidden layer of the deep networks: few, so that there are depths to see


@dataclass(frozen=True)
class Measurement:
    """What one way cost on one network: multiplications, and the median time of some repeats in seconds."""

    way: str
    sizes: tuple[int, ...]
    weights: int
    multiplications: int
    seconds: float
    repeats: int

    @property
    def depth(self) -> int:
        """The number of hidden layers."""
        return len(self.sizes) - 2


@dataclass(frozen=True)
class LeftOut:
    """A network that a way was not run on, because it would have taken these seconds, more than were left."""

    way: str
    sizes: tuple[int, ...]
    seconds: float


@dataclass
class Results:
    """What was measured: `by_width` with one hidden layer, `by_depth` with several.

    `paths` has the number of paths for the sizes of each deep network. `worst` is the largest difference between two
    ways, as a share of what rounding explains; `checked` is the number of gradients that were compared;
    `allowed` is how many seconds there were, `seconds` how many were used.
    """

    sample: tuple[float, ...]
    label: int
    seed: int
    allowed: float
    by_width: list[Measurement] = field(default_factory=list)
    by_depth: list[Measurement] = field(default_factory=list)
    paths: dict[tuple[int, ...], int] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    checked: int = 0
    worst: float = 0.0
    seconds: float = 0.0
    interrupted: bool = False

    def of(self, way: str, *, deep: bool = False) -> list[Measurement]:
        """Return the measurements of one way, by growing width, or by growing depth."""
        found = [m for m in (self.by_depth if deep else self.by_width) if m.way == way]
        return sorted(found, key=lambda m: m.weights)

    def ways(self) -> list[Way]:
        """Return the ways that were measured by width, in the order of the table of ways."""
        return [way for way in WAYS.values() if self.of(way.key)]

    def exponent(self, way: str, of: Callable[[Measurement], float]) -> Line | None:
        """Return the fitted exponent of a cost against the number of weights."""
        points = self.of(way)
        return fit_power([m.weights for m in points], [of(m) for m in points])

    def growth_of_paths(self) -> Line | None:
        """Return the fit of log(number of paths) against the number of hidden layers."""
        return fit_growth([len(sizes) - 2 for sizes in self.paths], list(self.paths.values()))

    def steps_of_reverse(self) -> Line | None:
        """Return the fit of the multiplications of reverse mode against the number of hidden layers."""
        points = self.of("reverse", deep=True)
        return fit_line([m.depth for m in points], [m.multiplications for m in points])


class Experiment:
    """Runs the ways on networks of growing size.

    Parameters
    ----------
    sample, label
        The one sample, numbers in [-1, 1], and its class.
    classes
        The number of outputs.
    widths, depths
        Units of the one hidden layer; numbers of hidden layers of two units each.
    methods
        Keys of `nn.ways.WAYS`. Depths are for "paths", with "reverse" beside it; widths for all but "paths".
    seconds
        About how long the whole may take.
    seed
        Of the networks' weights.

    Examples
    --------
    >>> experiment = Experiment([0.5, 1.0], 1, classes=2, widths=[1, 2, 4], depths=[1, 2], methods=["reverse", "paths"])
    >>> results = experiment.run(show_progress=False)
    >>> [(m.weights, m.multiplications) for m in results.of("reverse")]
    [(7, 18), (12, 32), (22, 60)]
    >>> results.paths  # from the loss to the weights, for the sizes of each deep network
    {(2, 2, 2): 27, (2, 2, 2, 2): 63}
    """

    def __init__(
        self,
        sample: Sequence[float],
        label: int,
        *,
        classes: int,
        widths: Sequence[int],
        depths: Sequence[int],
        methods: Sequence[str] = tuple(WAYS),
        seconds: float = 30.0,
        seed: int = 0,
    ) -> None:
        self.results = Results(tuple(sample), label, seed, seconds)
        self.seconds = seconds
        ends = len(sample), classes
        depths = depths if "paths" in methods else ()  # a depth shows something only beside the paths
        deep = [(ends[0], *[DEPTH_WIDTH] * depth, ends[1]) for depth in sorted(set(depths))]
        wide = [(ends[0], width, ends[1]) for width in sorted(set(widths))]
        ways = [way for way in WAYS.values() if way.key in methods]
        self._plan = [_Step(way, sizes, True) for sizes in deep for way in ways if way.key in ("reverse", "paths")]
        self._plan += [_Step(way, sizes, False) for sizes in wide for way in ways if way.key != "paths"]
        self._rates = {
            way.key: (way.seconds, 0.4 * way.seconds) for way in ways
        }  # to count, to run once; per unit work
        # The cheapest first: whenever the time is up, or Ctrl-C is pressed, the most is there.
        self._plan.sort(key=self._expected)
        self._cases: dict[tuple[int, ...], _CheckedCase] = {}

    def run(self, *, show_progress: bool | None = None) -> Results:
        """Measure, check, and return the results; Ctrl-C (KeyboardInterrupt) ends it early.

        Raises
        ------
        nn.agreement.DisagreementError
            If two ways disagree.
        """
        results, start = self.results, time.perf_counter()
        milliseconds = {step: self._milliseconds(step) for step in self._plan}
        with ProgressBar(sum(milliseconds.values()), "comparing", show=show_progress) as bar:
            try:
                for step in self._plan:
                    bar.write(step.way.name, describe(step.sizes))
                    self._do(step, left=self.seconds - (time.perf_counter() - start))
                    bar.update(milliseconds[step])
            except KeyboardInterrupt:
                results.interrupted = True
        results.seconds = time.perf_counter() - start
        return results

    def _milliseconds(self, step: _Step) -> int:
        """Return the length of a step on the progress bar, 0 where it will clearly be left out."""
        expected = self._expected(step)
        return round(1000 * expected) if expected <= self.seconds else 0

    def _do(self, step: _Step, left: float) -> None:
        """Measure one way on one network, or leave it out; enter the results only when they are checked."""
        way, sizes, deep = step
        case = self._checked_case(step)
        expected = self._expected(step)
        if expected > left:
            self.results.left_out.append(LeftOut(way.key, sizes, expected))
            return
        multiplications, counting_seconds, gradient = _count(way, case.case)
        if isinstance(gradient, Paths):
            self.results.paths[sizes] = gradient.walked  # not what `count_paths` says, but what was done
        shares = [case.check(way, flat(gradient))]
        times, gradient = _time(way, case.case)
        shares.append(case.check(way, gradient))
        if counting_seconds > LONG_ENOUGH:
            work = _work(way, sizes)
            self._rates[way.key] = counting_seconds / work, statistics.median(times) / work
        (self.results.by_depth if deep else self.results.by_width).append(
            Measurement(way.key, sizes, case.case.weights, multiplications, statistics.median(times), len(times))
        )
        self.results.checked += len(shares)
        self.results.worst = max(self.results.worst, *shares)

    def _checked_case(self, step: _Step) -> _CheckedCase:
        """Return the case of these sizes, made when it is first asked for; a deep one has its paths counted."""
        results = self.results
        if step.sizes not in self._cases:
            case = Case.of(step.sizes, results.sample, label=results.label, seed=results.seed)
            self._cases[step.sizes] = _CheckedCase(case)
        case = self._cases[step.sizes].case
        if step.deep:
            results.paths.setdefault(step.sizes, count_paths(*case.recorded))
        return self._cases[step.sizes]

    def _expected(self, step: _Step) -> float:
        """Return about how many seconds a step will take, from the way's last run."""
        counting, running = (rate * _work(step.way, step.sizes) for rate in self._rates[step.way.key])
        least, most = REPEATS
        return counting + max(least * running, min(TIMING_SECONDS, most * running))


class _Step(NamedTuple):
    """One way on one network, which belongs to the deep or to the wide ones."""

    way: Way
    sizes: tuple[int, ...]
    deep: bool


class _CheckedCase:
    """A case with its gradient in the two fast ways, against which every way is checked."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._references = {key: flat(WAYS[key].prepare(case, float)()) for key in ("reverse", "matrix")}
        loss, parameters = case.recorded
        self._tolerance = rounding_tolerance(case.network, case.X, loss, parameters, self._references["reverse"])

    def check(self, way: Way, gradient: Floats) -> float:
        """Return the largest difference from the reference as a share of the tolerance; raise if it is over 1."""
        reference = "matrix" if way.key == "reverse" else "reverse"
        tolerance = self._tolerance
        if way.key == "differences":
            tolerance = tolerance + difference_tolerance(self.case.network, self.case.recorded[0])
        return check_agreement(
            self.case.network, way.name, gradient, WAYS[reference].name, self._references[reference], tolerance
        )


def describe(sizes: Sequence[int]) -> str:
    """Return a network's sizes in short.

    >>> describe([64, 8, 10]), describe([64, 2, 2, 2, 2, 10])
    ('64-8-10', '64-(2 x 4)-10')
    """
    hidden = sizes[1:-1]
    return "-".join(map(str, sizes)) if len(hidden) < 3 else f"{sizes[0]}-({hidden[0]} x {len(hidden)})-{sizes[-1]}"


def _count(way: Way, case: Case) -> tuple[int, float, Any]:
    """Return the multiplications of one gradient, the seconds that it took to count them, and the gradient."""
    run = way.prepare(case, Counting)
    start = time.perf_counter()
    with counted() as tally:
        gradient = run()
    return tally.multiplications, time.perf_counter() - start, gradient


def _time(way: Way, case: Case) -> tuple[list[float], Floats]:
    """Return the times of some repeats in seconds, and the gradient."""
    run = way.prepare(case, float)
    times: list[float] = []
    least, most = REPEATS
    while len(times) < least or (sum(times) < TIMING_SECONDS and len(times) < most):
        start = time.perf_counter()
        gradient = run()
        times.append(time.perf_counter() - start)
    return times, flat(gradient)


def _work(way: Way, sizes: Sequence[int]) -> float:
    """Return a size that the time of a way grows in proportion to, roughly; it only plans what fits into the time."""
    if way.key == "paths":
        return float(math.prod(sizes))
    return float(sum(n * (below + 1) for below, n in itertools.pairwise(sizes)) ** way.power)
