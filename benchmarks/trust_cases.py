"""The checks of `trust.py`: a function, its right gradient and a point, each determined by a seed and a number.

They are drawn as the strategies of `engine.check.strategies` draw them, but by plain random numbers: hypothesis takes
longer to generate a program than the checker takes to judge it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.calculus import grad
from engine.check.programs import KINKED, Program, apply
from engine.elementary import TABLE

Function = Callable[..., Any]


@dataclass(frozen=True)
class Check:
    """What is given to `check_gradient`; `expected` is the verdict where only one is right.

    `inside` is the function in a black box, which the oracles can run.
    """

    source: str
    f: Function
    gradient: Function
    at: Any
    words: str
    expected: str = ""
    inside: Function | None = None


SHARES = {
    "programs": 0.32,
    "programs, hard numbers": 0.22,
    "programs with kinks": 0.12,
    "kinks": 0.08,
    "kinks that meet": 0.08,
    "NumPy": 0.08,
    "networks": 0.02,
    "black boxes": 0.04,
    "black boxes, hard numbers": 0.04,
}
"""Source -> its share of all checks. Every THOUSANDTH check has 1,000 components."""

THOUSANDTH = 5_000


def check(seed: int, number: int) -> Check:
    """Return one check; the same for the same seed and number."""
    rng = random.Random(f"{seed} {number}")
    if number % THOUSANDTH == THOUSANDTH - 1:
        return _thousand(rng)
    return MAKERS[rng.choices(tuple(SHARES), tuple(SHARES.values()))[0]](rng)


# --- numbers ------------------------------------------------------------------------------------


def tame(rng: random.Random) -> float:
    """Return an ordinary number, a small integer now and then."""
    return rng.uniform(-3, 3) if rng.random() < 0.85 else float(rng.randint(-3, 3))


def hard(rng: random.Random) -> float:
    """Return a number of any size: exponent and mantissa as integers, the neighbours of 1, subnormals, zeros."""
    kind = rng.random()
    if kind < 0.4:
        return rng.uniform(-3, 3)
    sign = rng.choice((1.0, -1.0))
    if kind < 0.65:
        return sign * math.ldexp(rng.randrange(2**52, 2**53), rng.randint(-60, 60) - 52)
    if kind < 0.8:
        return sign * math.ldexp(rng.randrange(2**52, 2**53), rng.randint(-1074, 1022) - 52)
    if kind < 0.9:
        return sign * math.nextafter(1.0, rng.choice((0.0, 2.0)))
    return sign * rng.choice((0.0, 1.0, 2.0, 5e-324, 20.0, 37.0, 40.0, 300.0, 700.0, 745.0, 1e6, 1e300))


def near(rng: random.Random, kink: float = 0.0) -> float:
    """Return a number at, next to, 1e-12 from, or at any small distance from a kink."""
    distance = rng.choice((0.0, 5e-324, 1e-12, 10.0 ** -rng.randint(1, 320), 1e-12 * rng.random()))
    x = kink + rng.choice((1, -1)) * distance
    for _ in range(rng.randint(0, 2)):
        x = math.nextafter(x, rng.choice((-math.inf, math.inf)))
    return x


# --- scalar programs ----------------------------------------------------------------------------

ROWS = tuple(name for name in TABLE if name not in ("pos", "sum", "dot"))
AT_KINKS = (*KINKED, "elu", "hypot")
SMOOTH = tuple(name for name in ROWS if name not in AT_KINKS) + ("add", "mul", "sub", "mul") * 4
ANY = ROWS + KINKED * 2 + ("add", "mul", "sub", "mul") * 4


def _program(rng: random.Random, names: tuple[str, ...], number: Callable[[random.Random], float]) -> Program:
    """Return a straight-line program with shared values that has a finite value and a gradient at its point."""
    while True:
        point = tuple(number(rng) for _ in range(rng.randint(1, 3)))
        steps: list[tuple[Any, ...]] = []
        for _ in range(rng.randint(1, 8)):
            row = TABLE[rng.choice(names)]
            arity = 2 if row.arity is None else row.arity - len(row.defaults)
            values = len(point) + len(steps)
            steps.append((row.name, *[values - 1 - min(int(rng.expovariate(0.6)), values - 1) for _ in range(arity)]))
        program = Program(point, tuple(steps))
        try:
            value = program(*point)
            if type(value) is float and math.isfinite(value):
                grad(program, range(len(point)))(*point)
                return program
        except (ArithmeticError, ValueError, TypeError):
            continue


def _programs(source: str, names: tuple[str, ...], number: Callable[[random.Random], float]) -> Any:
    def make(rng: random.Random) -> Check:
        program = _program(rng, names, number)
        return Check(source, program, grad(program, range(len(program.point))), program.point, repr(program))

    return make


def _boxes(source: str, number: Callable[[random.Random], float]) -> Any:
    def make(rng: random.Random) -> Check:
        program = _program(rng, SMOOTH, number)

        def box(*xs: Any) -> float:
            if not all(isinstance(x, float) for x in xs):
                raise TypeError("a black box takes doubles only")
            return float(program(*xs))

        gradient = grad(program, range(len(program.point)))
        return Check(source, box, gradient, program.point, f"a black box, {program!r}", inside=program)

    return make


# --- kinks, one at a time ------------------------------------------------------------------------

ONE_KINK: dict[str, tuple[Function, Callable[[float], float]]] = {
    "abs": (abs, lambda x: math.copysign(1.0, x) if x else 0.0),
    "relu": (lambda x: np.maximum(x, 0), lambda x: float(x > 0)),
    "max": (lambda x: max(x, 3 * x), lambda x: 3.0 if x > 0 else 1.0 if x < 0 else 2.0),
    "min": (lambda x: np.minimum(2 * x, -x), lambda x: 2.0 if x < 0 else -1.0 if x > 0 else 0.5),
    "clip": (lambda x: np.clip(x, 0, 1), lambda x: float(0 < x < 1)),
    "where": (lambda x: np.where(x > 0, x, x / 8), lambda x: 1.0 if x > 0 else 0.125),
}


def _kinks(rng: random.Random) -> Check:
    name = rng.choice(tuple(ONE_KINK))
    f, slope = ONE_KINK[name]
    x = near(rng)
    return Check("kinks", f, slope, x, f"{name} at {x!r}", "kink" if x == 0 else "ok")


# --- kinks that meet ------------------------------------------------------------------------------

ROUND = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 0.1, 0.2, 0.3, 1e-12, 1e-300)
MEETING = (*KINKED * 3, *("add", "sub", "mul", "neg") * 2, "tanh", "exp", "softplus", "sqrt")
SIDES: dict[str, Callable[..., tuple[float, tuple[tuple[float, ...], tuple[float, ...]]]]] = {
    "abs": lambda x: (x, ((1.0,), (-1.0,))),
    "relu": lambda x: (x, ((1.0,), (0.0,))),
    "leaky_relu": lambda x: (x, ((1.0,), (0.01,))),
    "maximum": lambda a, b: (a - b, ((1.0, 0.0), (0.0, 1.0))),
    "minimum": lambda a, b: (a - b, ((0.0, 1.0), (1.0, 0.0))),
}
"""Row with a kink -> what is 0 at the kink, and the derivatives on the side where that is positive, and negative."""


def _meeting(rng: random.Random) -> Check:
    """Return a program with several kinks where they tie, and a gradient that takes any side, or half, at each."""
    while True:
        program = _program(rng, MEETING, lambda rng: rng.choice(ROUND))
        if rng.random() < 0.5:
            gradient = grad(program, range(len(program.point)))
        else:
            gradient = _by_any_convention(program, [rng.choice((0.0, 0.5, 1.0)) for _ in program.steps])
        if all(map(math.isfinite, gradient(*program.point))):
            return Check("kinks that meet", program, gradient, program.point, repr(program))


def _by_any_convention(program: Program, shares: list[float]) -> Function:
    """Return the gradient by reverse accumulation that gives a share to the first side of each tied comparison."""

    def partials(name: str, share: float, y: float, xs: list[float]) -> tuple[float, ...]:
        margin, sides = SIDES[name](*xs) if name in SIDES else (math.nan, ((), ()))
        if margin != 0:
            row = TABLE[name]
            return tuple(row.partials(y, *xs, *row.defaults))
        return tuple(share * a + (1 - share) * b for a, b in zip(*sides, strict=True))

    def gradient(*point: float) -> list[float]:
        values = list(point)
        for name, *which in program.steps:
            values.append(apply(name, *[values[i] for i in which]))
        adjoints = [0.0] * (len(values) - 1) + [1.0]
        for k in reversed(range(len(program.steps))):
            (name, *which), node = program.steps[k], len(point) + k
            slopes = partials(name, shares[k], values[node], [values[i] for i in which])
            for i, slope in zip(which, slopes, strict=False):  # a default argument has a slope, too
                adjoints[i] += adjoints[node] * slope
        return adjoints[: len(point)]

    return gradient


# --- NumPy ----------------------------------------------------------------------------------------


def _logistic(rng: np.random.Generator) -> tuple[Function, Function, Any]:
    X, t = rng.normal(size=(5, 3)), rng.integers(0, 2, size=5).astype(float)
    return (
        lambda w: np.mean(np.logaddexp(0, X @ w) - t * (X @ w)),
        lambda w: X.T @ (1 / (1 + np.exp(-X @ w)) - t) / 5,
        rng.normal(size=3),
    )


def _softmax(rng: np.random.Generator) -> tuple[Function, Function, Any]:
    X, T = rng.normal(size=(4, 3)), np.eye(3)[rng.integers(0, 3, size=4)]

    def f(W: Any) -> Any:
        Z = X @ W.T
        return (np.log(np.exp(Z).sum(axis=1)) - (Z * T).sum(axis=1)).sum()

    def g(W: Any) -> Any:
        E = np.exp(X @ W.T)
        return (E / E.sum(axis=1, keepdims=True) - T).T @ X

    return f, g, rng.normal(size=(3, 3))


def _ridge(rng: np.random.Generator) -> tuple[Function, Function, Any]:
    X, y = rng.normal(size=(6, 4)), rng.normal(size=6)
    return (
        lambda w: np.sum((X @ w - y) ** 2) + 0.1 * w @ w,
        lambda w: 2 * X.T @ (X @ w - y) + 0.2 * w,
        rng.normal(size=4),
    )


def _norm(rng: np.random.Generator) -> tuple[Function, Function, Any]:
    return lambda w: np.sqrt(w @ w), lambda w: w / np.sqrt(w @ w), rng.normal(size=4)


def _rosenbrock(rng: np.random.Generator) -> tuple[Function, Function, Any]:
    def g(x: Any) -> Any:
        inner = x[1:] - x[:-1] ** 2
        left = np.concatenate([-400 * inner * x[:-1] - 2 * (1 - x[:-1]), [0.0]])
        return left + np.concatenate([[0.0], 200 * inner])

    return lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), g, rng.normal(size=5)


def _trace(rng: np.random.Generator) -> tuple[Function, Function, Any]:
    A = rng.normal(size=(3, 3))
    return lambda W: np.trace(W @ A @ W.T), lambda W: W @ (A + A.T), rng.normal(size=(3, 3))


def _variance(rng: np.random.Generator) -> tuple[Function, Function, Any]:
    return lambda w: np.mean((w - np.mean(w)) ** 2), lambda w: 2 * (w - np.mean(w)) / 5, rng.normal(size=5)


FORMULAS = (_logistic, _softmax, _ridge, _norm, _rosenbrock, _trace, _variance)


def _numpy(rng: random.Random) -> Check:
    formula = rng.choice(FORMULAS)
    drawn = np.random.default_rng(rng.getrandbits(64))
    f, g, at = formula(drawn)
    at = at * 10.0 ** rng.choice((0, 0, 0, -3, 1))
    return Check("NumPy", f, g, at, f"{formula.__name__[1:]} at {at.tolist()}")


SLOPES: dict[str, tuple[Function, Function]] = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: 1.0 * (z > 0)),
    "softplus": (lambda z: np.logaddexp(0, z), lambda z: 1 / (1 + np.exp(-z))),
}


def _network(rng: random.Random) -> Check:
    """Return a network of two or three layers with squared errors, and back-propagation by hand."""
    drawn = np.random.default_rng(rng.getrandbits(64))
    sizes = [rng.randint(1, 4) for _ in range(rng.randint(3, 4))]
    names = [rng.choice(tuple(SLOPES)) for _ in sizes[2:]]
    X, Y = drawn.normal(size=(rng.randint(1, 4), sizes[0])), drawn.normal(size=(1, sizes[-1]))
    shapes = list(zip(sizes[1:], sizes, strict=False))
    point = tuple(a for shape in shapes for a in (drawn.normal(size=shape), drawn.normal(size=shape[0])))

    def forward(parameters: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
        zs, fs = [], [X]
        for k in range(len(shapes)):
            zs.append(fs[-1] @ parameters[2 * k].T + parameters[2 * k + 1])
            fs.append(SLOPES[names[k]][0](zs[-1]) if k < len(names) else zs[-1])
        return zs, fs

    def f(*parameters: Any) -> Any:
        return ((forward(parameters)[1][-1] - Y) ** 2).sum() / 2

    def g(*parameters: Any) -> Any:
        zs, fs = forward(parameters)
        delta, found = fs[-1] - Y, []
        for k in reversed(range(len(shapes))):
            found[:0] = [delta.T @ fs[k], delta.sum(axis=0)]
            if k:
                delta = delta @ parameters[2 * k] * SLOPES[names[k - 1]][1](zs[k - 1])
        return found

    return Check("networks", f, g, point, f"network {sizes}, {names}, {len(X)} samples")


def _thousand(rng: random.Random) -> Check:
    """Return a function of 1,000 numbers, each of which meets its neighbour."""
    drawn = np.random.default_rng(rng.getrandbits(64))
    name = rng.choice(("tanh", "sigmoid", "softplus"))
    s, slope = SLOPES[name]
    return Check(
        "1,000 components",
        lambda w: (s(w) * np.roll(w, 1)).sum(),
        lambda w: slope(w) * np.roll(w, 1) + np.roll(s(w), -1),
        drawn.normal(size=1000),
        f"1,000 components, {name}",
    )


MAKERS: dict[str, Callable[[random.Random], Check]] = {
    "programs": _programs("programs", SMOOTH, tame),
    "programs, hard numbers": _programs("programs, hard numbers", SMOOTH, hard),
    "programs with kinks": _programs("programs with kinks", ANY, lambda rng: rng.choice((tame, hard, near))(rng)),
    "kinks": _kinks,
    "kinks that meet": _meeting,
    "NumPy": _numpy,
    "networks": _network,
    "black boxes": _boxes("black boxes", tame),
    "black boxes, hard numbers": _boxes("black boxes, hard numbers", hard),
}
"""Source -> what draws a check of it."""
