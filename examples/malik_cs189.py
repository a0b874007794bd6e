"""Malik, CS 189: the chain rule, a single layer, deltas, the cost of naive differentiation, Taylor and descent.

===========  ==================================================  ============================================
symbol       in the lecture                                      here
===========  ==================================================  ============================================
w_ij^(l)     weight from unit i of layer l - 1 to unit j of l    w[l - 1][i, j] = weights[l - 1][j, i - 1]
w_0j, x_0    bias, the weight of an input x_0 that is always 1   w[l - 1][0, j] = biases[l - 1][j]
S_j^(l)      sum_i w_ij x_i                                      S[l - 1][j]
x_j^(l)      theta(S_j), theta = tanh                            x[l][j + 1], after x_0
delta_j^(l)  d e / d S_j^(l)                                     deltas[l - 1][j]
===========  ==================================================  ============================================

The lecture indexes a weight by (from, to); a matrix W_l of this library by (to, from).

Step by step:

1. The chain rule of several variables: u = x^2 + 2y with x = r sin t, y = sin^2 t. `partials` takes both derivatives at
   any r and t, `exact_partials` over fractions; their forms are du/dr = 2 r sin^2 t and du/dt = (r^2 + 2) sin 2t.
2. A single layer is logistic regression with cross-entropy; it learns by squared error, too: `single_layers`.
3. S_j and delta_j, one unit at a time: `deltas`. For the output layer delta_j = (x_j - y_j) theta'(S_j), and below it
   delta_i^(l-1) = theta'(S_i) sum_j w_ij delta_j^(l); then de/dw_ij = x_i delta_j.
4. One sum for each weight is quadratic work, the deltas are linear work: `costs` counts the multiplications.
5. Finite differences are too slow to learn by, and right to find a mistake by: `find_the_bug`.
6. Taylor's theorem: `taylor` finds the orders of both remainders. So f falls along d where grad f . d < 0: `descends`.
7. Stationary points, what they are, and the paths of gradient descent to them: `stationary_points`, `descend`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import figures
import numpy as np

from engine import Value, grad, hessian, is_descent_direction, paths, sin
from nn.experiment import Experiment, Results
from nn.fitting import Line, fit_power
from nn.history import History
from nn.matrix import Network
from nn.naive import finite_differences
from nn.optimizers import GradientDescent
from nn.training import train
from viz.plots import Curve, plot_growth

Function = Callable[[Sequence[Any]], Any]  # of a point of the plane


def u(r: Any, s: Any) -> Any:
    """Return the lecture's example, u = x^2 + 2y with x = r s and y = s^2, where s = sin t; on any number."""
    x, y = r * s, s**2
    return x**2 + 2 * y


def partials(r: Any, t: Any) -> tuple[Any, Any]:
    """Return du/dr and du/dt as the engine finds them, in the precision of r and t."""
    found: tuple[Any, Any] = grad(lambda r, t: u(r, sin(t)), argnums=(0, 1))(r, t)
    return found


def exact_partials(r: Fraction, s: Fraction, c: Fraction) -> tuple[Fraction, Fraction]:
    """Return du/dr and du/dt where sin t = s and cos t = c, a point of the unit circle, all of them fractions.

    No t but 0 and its sine are both fractions, so t stays unsaid: what is known of it is d sin t / dt = c.
    """
    by_r, by_s = grad(u, argnums=(0, 1))(r, s)
    return by_r, by_s * c


def show_chain_rule() -> None:
    """Print the paths of the example, its ledger's last sums, and both derivatives exactly."""
    r, t = Value(1.5, label="r"), Value(0.7, label="t")
    x, y = r * sin(t), sin(t) ** 2
    x.label, y.label = "x", "y"
    output = x**2 + 2 * y
    output.label = "u"
    for leaf, form in ((r, 2 * r.data * np.sin(t.data) ** 2), (t, (r.data**2 + 2) * np.sin(2 * t.data))):
        print(f"du/d{leaf.label} = {paths(output, leaf).sum()}, the lecture's form {form}:\n  {paths(output, leaf)}")
    by_r, by_t = exact_partials(Fraction(3, 2), Fraction(3, 5), Fraction(4, 5))
    print(f"exactly, where sin t = 3/5, cos t = 4/5, r = 3/2: du/dr = {by_r}, du/dt = {by_t}")


def two_clouds(count: int) -> tuple[Any, Any]:
    """Return two overlapping clouds of points, shape (count, 2), and their classes 0 and 1."""
    rng = np.random.default_rng(0)
    y = np.arange(count) % 2
    return rng.normal(size=(count, 2)) + np.where(y[:, None] == 1, 1.2, -1.2), y


def single_layers(epochs: int) -> dict[str, tuple[Network, History]]:
    """Train one sigmoid unit by SGD, by cross-entropy (logistic regression) and by squared error."""
    x, y = two_clouds(200)
    found = {}
    for loss in ("binary_cross_entropy", "squared_error"):
        network = Network([2, 1], output="sigmoid", loss=loss, rng=0)
        sgd = GradientDescent(0.5)
        history = train(network, x, y, optimizer=sgd, epochs=epochs, batch_size=10, keep_best=True)
        found[loss] = network, history
    return found


class Deltas(NamedTuple):
    """x, S and delta of every layer, from 0, 1 and 1 on; dw[l][i, j] is d e / d w_ij of layer l + 1, i = 0 the bias."""

    x: list[Any]
    S: list[Any]
    deltas: list[Any]
    dw: list[Any]


def deltas(network: Network, sample: Any, target: Any) -> Deltas:
    """Return the lecture's quantities for e = 1/2 sum_j (x_j - y_j)^2 and theta = tanh, one unit at a time."""
    w = [np.column_stack([b, W]).T for W, b in zip(network.weights, network.biases, strict=True)]  # w[l][i, j]
    x, S = [np.concatenate([[1.0], sample])], []  # x_0 = 1
    for w_l in w:
        S.append([sum(w_l[i, j] * x[-1][i] for i in range(len(w_l))) for j in range(w_l.shape[1])])
        x.append(np.concatenate([[1.0], np.tanh(S[-1])]))
    # 1 - x_j^2 is the lecture's theta'(S_j); nn.activations has the form that keeps it when x_j rounds to 1.
    found = [[(x[-1][j + 1] - y) * (1 - x[-1][j + 1] ** 2) for j, y in enumerate(target)]]
    for level in range(len(w) - 1, 0, -1):  # delta_i^(l-1) = (1 - x_i^2) sum_j w_ij delta_j^(l)
        back = [sum(w[level][i, j] * d for j, d in enumerate(found[0])) for i in range(1, len(w[level]))]
        found.insert(0, [(1 - x[level][i + 1] ** 2) * b for i, b in enumerate(back)])
    dw = [np.outer(below, d) for below, d in zip(x, found, strict=False)]
    return Deltas(x, S, found, dw)


def costs(quick: bool) -> Results:
    """Count the multiplications of the naive ways and of back-propagation, on growing networks."""
    widths = [2, 4, 8, 16] if quick else [2, 4, 8, 16, 32]
    sample = np.random.default_rng(0).uniform(-1, 1, 8).tolist()
    methods = ["reverse", "forward", "differences"]
    return Experiment(sample, 1, classes=3, widths=widths, depths=[], methods=methods, seconds=30).run()


def find_the_bug() -> tuple[float, float]:
    """Return how far a right gradient and one with a planted bug are from finite differences, relatively."""
    rng = np.random.default_rng(1)
    network = Network([3, 4, 2], "tanh", "tanh", reduction="sum", rng=rng)
    X, Y = rng.normal(size=(1, 3)), rng.uniform(-1, 1, (1, 2))
    right = np.concatenate([w.ravel() for w in deltas(network, X[0], Y[0]).dw])
    checked = finite_differences(network, X, Y)
    expected = np.concatenate(
        [np.column_stack([b, W]).T.ravel() for W, b in zip(checked.weights, checked.biases, strict=True)]
    )
    wrong = right.copy()
    wrong[0] = 0.0  # the bias x_0 w_01 forgotten: a network with it still learns, only worse
    size = float(np.linalg.norm(expected))
    return float(np.linalg.norm(right - expected)) / size, float(np.linalg.norm(wrong - expected)) / size


def valley(p: Sequence[Any]) -> Any:
    """Return (x^2 - 1)^2 + y^2 + x/5: two minimizers and a saddle point."""
    return (p[0] ** 2 - 1) ** 2 + p[1] ** 2 + p[0] / 5


def banana(p: Sequence[Any]) -> Any:
    """Return Rosenbrock's function scaled, (1 - x)^2 + 2 (y - x^2)^2: one minimizer, in a curved valley."""
    return (1 - p[0]) ** 2 + 2 * (p[1] - p[0] ** 2) ** 2


def gradient(f: Function, p: Any) -> Any:
    """Return the gradient of f at a point, shape (2,)."""
    return np.array(grad(f)([float(a) for a in p]))


def curvature(f: Function, p: Any) -> Any:
    """Return the Hessian of f at a point, shape (2, 2)."""
    return np.array(hessian(f)([float(a) for a in p]))


def taylor(f: Function, p: Any, d: Any) -> tuple[Line | None, Line | None]:
    """Return the orders in t of the remainders f(p + t d) - f(p) - t g.d, and with t^2/2 d.H d taken off as well."""
    g, H = gradient(f, p), curvature(f, p)
    steps = [2.0**-k for k in range(3, 12)]
    first = [f(p + t * d) - f(p) - t * g @ d for t in steps]
    second = [r - t * t / 2 * d @ H @ d for r, t in zip(first, steps, strict=True)]
    return fit_power(steps, np.abs(first).tolist()), fit_power(steps, np.abs(second).tolist())


def descends(f: Function, p: Any, directions: Any) -> bool:
    """Say whether a step short enough along d lowers f exactly where grad f . d < 0, for all these d."""
    return all((f(p + 1e-6 * d) < f(p)) == is_descent_direction(f, list(p), list(d)) for d in directions)


def stationary_points(f: Function) -> list[tuple[Any, str]]:
    """Return where the gradient of f is 0, by Newton's method from a grid, each with what its Hessian says it is."""
    found: list[tuple[Any, str]] = []
    for start in np.stack(np.meshgrid(np.linspace(-1.5, 1.5, 7), np.linspace(-1, 1, 3)), axis=-1).reshape(-1, 2):
        p = start
        for _ in range(40):
            H = curvature(f, p)
            if abs(np.linalg.det(H)) < 1e-12:
                break
            p = p - np.linalg.solve(H, gradient(f, p))
        known = any(np.abs(p - q).max() < 1e-6 for q, _ in found)
        if np.abs(gradient(f, p)).max() < 1e-10 and not known:
            least, largest = np.linalg.eigvalsh(curvature(f, p))
            kind = "minimizer" if least > 0 else "maximizer" if largest < 0 else "saddle point"
            found.append((p, kind))
    return sorted(found, key=lambda point: float(point[0][0]))


def descend(f: Function, start: Any, alpha: float, steps: int) -> Any:
    """Return the path of gradient descent, shape (steps + 1, 2)."""
    path = [np.array(start, dtype=float)]
    for _ in range(steps):
        path.append(path[-1] - alpha * gradient(f, path[-1]))
    return np.array(path)


def draw_paths(options: figures.Options) -> None:
    """Draw level sets, stationary points and paths of gradient descent of both functions."""
    made, axes = figures.panels(2, height=4.2)
    starts = {
        valley: [(0.2, 1.2), (0.3, -1.2), (-1.8, 0.9), (1.7, 0.9)],
        banana: [(-1.5, 1.5), (0.5, -1.0), (1.6, 0.5)],
    }
    titles = {valley: "(x² - 1)² + y² + x/5", banana: "(1 - x)² + 2(y - x²)²"}
    for panel, f in zip(axes, (valley, banana), strict=True):
        x, y = np.meshgrid(np.linspace(-2, 2, 61), np.linspace(-1.5, 2, 61))
        levels = np.append(0.1, np.geomspace(0.25, 30, 8))
        panel.contour(x, y, f([x, y]), levels=levels, colors="#b6bec6", linewidths=0.8)
        for start, color in zip(starts[f], (figures.BLUE, figures.GREEN, figures.YELLOW, figures.PINK), strict=False):
            path = descend(f, start, 0.02, 300)
            panel.plot(*path.T, color=color, marker=".", markevery=10, markersize=4, linewidth=1)
        found = stationary_points(f)
        for kind in sorted({kind for _, kind in found}):
            where = np.array([p for p, of in found if of == kind])
            panel.plot(*where.T, color="#1b1f23", marker={"minimizer": "o"}.get(kind, "X"), linestyle="", label=kind)
        figures.label(panel, titles[f], "x", "y", legend="lower left")
    figures.save(made, options, "malik-descent", "Stationary points, and paths of gradient descent")


def draw_costs(results: Results, options: figures.Options) -> None:
    """Plot the multiplications of each way against the number of weights, with guides of slope 1 and 2."""
    made, (axes,) = figures.panels(1, height=4)
    curves = []
    for style, way in enumerate(results.ways()):
        measured = results.of(way.key)
        weights, counts = [m.weights for m in measured], [m.multiplications for m in measured]
        exponent = results.exponent(way.key, lambda m: m.multiplications)
        curves.append(Curve(f"{way.name}, exponent {exponent}", weights, counts, style))
    plot_growth(axes, curves, x="weights", y="multiplications", title="the cost of one gradient", slopes=(1, 2))
    axes.legend(frameon=False, fontsize="small", loc="upper left")
    axes.set_xticks(curves[0].x, [str(count) for count in curves[0].x])
    axes.xaxis.set_minor_formatter("")
    figures.save(made, options, "malik-costs", "Multiplications of each way to one gradient")


def draw_layers(found: dict[str, tuple[Network, History]], options: figures.Options) -> None:
    """Draw the separating lines, and the losses by epoch."""
    made, (left, right) = figures.panels(2)
    x, y = two_clouds(200)
    for kind, color, marker in ((1, figures.BLUE, "o"), (0, figures.ORANGE, "^")):
        left.scatter(*x[y == kind].T, s=10, color=color, marker=marker, linewidths=0, label=f"class {kind}")
    for (name, (network, history)), color, line in zip(
        found.items(), ("#1b1f23", figures.GREEN), ("-", "--"), strict=True
    ):
        (w1, w2), (b,) = network.weights[0][0], network.biases[0]
        ends = np.array([-3.5, 3.5])
        left.plot(ends, -(b + w1 * ends) / w2, color=color, linestyle=line, label=name.replace("_", " "))
        right.plot(history.loss, color=color, linestyle=line, label=name.replace("_", " "))
    left.set_ylim(-7.5, 4.5)  # room for the legend
    figures.label(left, "one sigmoid unit", "x1", "x2", legend="lower left")
    figures.label(right, "loss by SGD", "epoch", "mean loss", legend="best")
    figures.save(made, options, "malik-single-layer", "One layer, by cross-entropy and by squared error")


def main(arguments: list[str] | None = None) -> None:
    """Run the lecture's systems, print what they find, and save the figures."""
    options = figures.options(__doc__ or "", arguments)
    show_chain_rule()
    found = single_layers(10 if options.quick else 40)
    for name, (network, history) in found.items():
        x, y = two_clouds(200)
        right = ((network.forward(x)[:, 0] > 0.5) == y).mean()
        print(f"single layer, {name}: {history}, accuracy {right:.1%}")
    draw_layers(found, options)
    rng = np.random.default_rng(2)
    network = Network([3, 4, 2], "tanh", "tanh", reduction="sum", rng=rng)
    sample, target = rng.normal(size=3), rng.uniform(-1, 1, 2)
    g = network.gradients(sample[None], target[None])
    apart = max(np.abs(a - b[0]).max() for a, b in zip(deltas(network, sample, target).deltas, g.deltas, strict=True))
    print(f"delta_j, unit by unit, and the matrix form differ by {apart:.1e}")
    results = costs(options.quick)
    for way in results.ways():
        print(f"multiplications of {way.name}: exponent {results.exponent(way.key, lambda m: m.multiplications)}")
    draw_costs(results, options)
    good, bad = find_the_bug()
    print(f"finite differences: the gradient is off by {good:.1e}; with the bias forgotten by {bad:.1e}")
    orders = taylor(banana, np.array([-0.5, 1.0]), np.array([0.6, 0.8]))
    every = all(descends(f, np.array([-0.5, 1.0]), rng.normal(size=(100, 2))) for f in (valley, banana))
    print(f"f falls along d, for a short step, exactly where grad f . d < 0, of 200 directions: {every}")
    print(f"Taylor: the remainders are of order {orders[0]} and {orders[1]} in t")
    for f in (valley, banana):
        points = [f"{kind} ({p[0]:.4f}, {p[1]:.4f})" for p, kind in stationary_points(f)]
        print(f"{f.__name__}: {', '.join(points)}")
    draw_paths(options)


if __name__ == "__main__":
    figures.run(main)
