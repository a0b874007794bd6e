"""The gallery: every kind of picture, each with the code that makes it, written to docs/gallery.md.

    python examples/gallery.py            draw all pictures anew
    python examples/gallery.py --check    say which of them are stale; the exit status is 1 if any is

A picture is compared by what it says and is made of, not by its bytes, because another version of Graphviz or
matplotlib may put a line elsewhere.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

from engine import Value
from engine.lift import lift
from engine.strategies import compare
from nn import data
from nn.matrix import Network
from nn.optimizers import Adam
from nn.scalar import MLP
from nn.training import train
from viz import draw, draw_network, draw_program, draw_step, frames, plots, save
from viz.filmstrip import stills

DOCS = Path(__file__).resolve().parents[1] / "docs"
INTRODUCTION = """\
# Gallery

Every picture here is made by the code above it. `python examples/gallery.py` draws them all anew, and a test says when
one is stale. Graphs turn dark on a dark screen (`theme="auto"`).

To step through back-propagation yourself: `save(frames(value), "steps.html")` writes one page with a slider and keys;
the picture of a step below is one frame of it.
"""


class Picture(NamedTuple):
    """One picture of the gallery: its file's name, what stands above it, and what makes it."""

    name: str
    title: str
    text: str
    make: Callable[[], Any]


PICTURES: list[Picture] = []


def shows(title: str, text: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Enter what a function returns as the next picture of the gallery."""

    def enter(make: Callable[[], Any]) -> Callable[[], Any]:
        PICTURES.append(Picture(make.__name__.lstrip("_"), title, text, make))
        return make

    return enter


@shows(
    "A graph",
    "Values, adjoints, and on each edge the local derivative. A node that is used twice shows the sum of what comes "
    "back to it; x*x has two edges.",
)
def _expression() -> Any:
    x, w = Value(3.0, label="x"), Value(-0.5, label="w")
    y = x * x + w * x
    y.backward()
    return draw(y, theme="auto")


@shows("A neuron", "A dash stands where backward() has not been yet.")
def _neuron() -> Any:
    x1, x2, b = Value(2.0, label="x1"), Value(0.0, label="x2"), Value(6.88137, label="b")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    o = (x1 * w1 + x2 * w2 + b).tanh()
    return draw(o, theme="auto", names={"o": o})


@shows("Every path", "The paths from one value to the output, each with its product: their sum is the derivative.")
def _paths() -> Any:
    x = Value(0.5, label="x")
    y = x.sin() * x + x.exp()
    y.backward()
    return draw(y, highlight=x, theme="auto")


@shows("A dead ReLU", "It is hatched, and sends back 0.")
def _dead_relu() -> Any:
    x, w, b = Value(1.0, label="x"), Value(0.5, label="w"), Value(-2.0, label="b")
    y = (w * x + b).relu() * 3 + x
    y.backward()
    return draw(y, theme="auto")


@shows("For print", "Black on white, nothing told by colour, here from top to bottom.")
def _paper() -> Any:
    p, q = Value(0.25, label="p"), Value(2.0, label="q")
    y = (p * q).log() - p / q
    y.backward()
    return draw(y, theme="paper", direction="TB")


@shows("A network", "The width of a line is |w|; negative weights are dashed.")
def _network() -> Any:
    return draw_network(Network([6, 2, 6, 4, 1], rng=1), theme="auto")


@shows(
    "Its gradient",
    "The same net: now the lines are dC/dw of each weight, for one sample. In black and white, for print.",
)
def _network_gradients() -> Any:
    net = Network([6, 2, 6, 4, 1], rng=1)
    gradients = net.gradients([[1.0, -0.5, 0.3, 0.8, -1.0, 0.2]], [[0.5]])
    return draw_network(net, gradients=gradients, theme="paper")


@shows("Folded", "A loss over four samples of a net of 17 neurons: hundreds of nodes, here as one box per layer.")
def _layers() -> Any:
    model = MLP(2, [8, 8, 1], rng=np.random.default_rng(0))
    samples = [([0.5, -1.0], 1), ([1.0, 0.3], -1), ([-0.7, 0.2], 1), ([0.1, 0.9], -1)]
    losses = [(1 - label * model(x)).relu() for x, label in samples]
    return draw(sum(losses, Value(0.0)), level="layer", direction="TB", theme="auto")


@shows("The matrix step", "And the neuron of one of its rows: the same number twice.")
def _matrix_step() -> Any:
    net = Network([3, 4, 3, 2], rng=0)
    return draw_step(net, 2, [[1.0, -0.5, 0.3]], [[0.5, 0.0]], unit=2, theme="auto")


@shows(
    "A lifted program",
    "On the left a net of 33 neurons as it was traced, number by number; on the right what it is in matrices, with its "
    "adjoint: Theorem 1, found by rewriting.",
)
def _lifted() -> Any:
    model = MLP(2, [16, 16, 1], rng=np.random.default_rng(0))
    return draw_program(lift(model, [0.0, 0.0]), theme="auto")


@shows("Step by step", "One step of the backward sweep: what is done, at work, and still to come.")
def _one_step() -> Any:
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-3.0, label="b")
    n = w * x + b
    y = n.tanh() * x
    return list(stills(frames(y, names={"n": n, "y": y}), theme="auto"))[9]


@shows("Activations", "With their derivatives, dotted.")
def _activations() -> Any:
    figure = plots.figure(2)
    plots.plot_activations(figure.axes[0], ["sigmoid", "tanh"], title="Saturating")
    plots.plot_activations(figure.axes[1], ["relu", "gelu"], low=-3, high=2, title="Not saturating")
    return figure


@shows("A fit", "Of a function of one variable, and how its loss went down.")
def _fit() -> Any:
    rng = np.random.default_rng(0)
    x = rng.uniform(-3, 3, 60)
    y = np.sin(x) + 0.1 * rng.normal(size=60)
    net = Network([1, 16, 1], rng=0)
    held_out = x[45:, None], y[45:, None]
    history = train(net, x[:45, None], y[:45, None], epochs=300, optimizer=Adam(0.02), validation=held_out)
    figure = plots.figure(2)
    plots.plot_fit(figure.axes[0], net, x, y, truth=np.sin, title="One hidden layer of 16")
    plots.plot_learning_curves(figure.axes[1], history, title="Its training")
    return figure


@shows("Decision regions", "With the margin, for two losses.")
def _moons() -> Any:
    moons = data.moons(100)
    figure = plots.figure(2)
    hinge = Network([2, 16, 1], "relu", "identity", "hinge", rng=0)
    train(hinge, moons.x_train, np.where(moons.y_train > 0, 1, -1)[:, None], epochs=150, optimizer=Adam(0.02))
    plots.plot_decision_regions(figure.axes[0], hinge, moons.x_train, moons.y_train, title="Hinge loss")
    softmax = Network([2, 16, 2], "tanh", "softmax", "cross_entropy", rng=0)
    train(softmax, moons.x_train, moons.y_train, epochs=150, optimizer=Adam(0.02))
    plots.plot_decision_regions(figure.axes[1], softmax, moons.x_train, moons.y_train, title="Cross-entropy")
    return figure


@shows("The same for print", "Shades, dashes and markers take the place of colours.")
def _print() -> Any:
    moons = data.moons(100)
    net = Network([2, 16, 1], "relu", "identity", "hinge", rng=0)
    history = train(net, moons.x_train, np.where(moons.y_train > 0, 1, -1)[:, None], epochs=150, optimizer=Adam(0.02))
    figure = plots.figure(2, theme="paper")
    plots.plot_decision_regions(figure.axes[0], net, moons.x_train, moons.y_train, title="Hinge loss", theme="paper")
    plots.plot_learning_curves(figure.axes[1], history, title="Its training", theme="paper")
    return figure


@shows("Gradients", "They vanish in deep nets of sigmoids. Beside it, a loss surface with a descent.")
def _gradients_and_surface() -> Any:
    x = np.linspace(-2, 2, 30)[:, None]
    y = np.tanh(1.5 * x - 0.5)
    figure = plots.figure(2)
    deep = {name: Network([1, *[10] * 8, 1], name, rng=3) for name in ("sigmoid", "tanh", "relu")}
    plots.plot_gradient_norms(figure.axes[0], deep, x, y, title="Nine layers")
    neuron = Network([1, 1], output="tanh", rng=0)

    def loss(w: float, b: float) -> float:
        neuron.weights[0][:], neuron.biases[0][:] = w, b
        return neuron.loss(x, y)

    path = [(-1.5, 1.5)]
    for _ in range(60):
        loss(*path[-1])
        g = neuron.gradients(x, y)
        path.append((path[-1][0] - 0.5 * float(g.weights[0][0, 0]), path[-1][1] - 0.5 * float(g.biases[0][0])))
    plots.plot_loss_surface(figure.axes[1], loss, path, names=("w", "b"), title="One neuron, squared error")
    return figure


@shows("The cost of a gradient", "Nodes visited for all derivatives of a net: each way counted on the same graph.")
def _cost() -> Any:
    ways = ("reverse", "forward", "finite differences")
    counts: dict[str, list[int]] = {way: [] for way in ways}
    weights = []
    for units in (2, 4, 8, 16):
        model = MLP(2, [units, units, 1], activation="tanh", rng=np.random.default_rng(0))
        compared = compare(model([0.5, -1.0]), model.parameters())
        weights.append(len(model.parameters()))
        for way in ways:
            counts[way].append(compared[way].visits)
    curves = [plots.Curve(way, weights, counts[way], style) for way, style in zip(ways, (2, 0, 1), strict=True)]
    figure = plots.figure(1)
    plots.plot_growth(
        figure.axes[0], curves, x="weights", y="visits to nodes", slopes=[1, 2], title="Linear or quadratic"
    )
    plots.share_legend(figure)
    return figure


def page() -> str:
    """Return the page: for each picture what it shows, its code, and itself."""
    parts = [INTRODUCTION]
    for name, title, text, make in PICTURES:
        source = textwrap.dedent(inspect.getsource(make).split(" -> Any:\n", 1)[1])
        body = f"\n{source}".replace("\nreturn ", "\n")
        parts += [f"## {title}\n", f"{textwrap.fill(text, 120)}\n", f"```python\n{body.strip()}\n```\n"]
        parts.append(f"![{title}: {text}](gallery/{name}.svg)\n")
    return "\n".join(parts)


def write(picture: Picture, folder: Path) -> Path:
    """Draw one picture into a folder."""
    path = folder / f"{picture.name}.svg"
    made = picture.make()
    if isinstance(made, str):
        path.write_text(made, encoding="utf-8")
        return path
    if hasattr(made, "savefig"):
        return plots.save_figure(made, path, title=f"{picture.title}: {picture.text}")
    return save(made, path)


def content(svg: bytes) -> list[tuple[str, ...]]:
    """Return what a picture is made of and says: its groups by class, and every text, in order."""
    found: list[tuple[str, ...]] = []
    for element in ElementTree.fromstring(svg).iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "g" and element.get("class"):
            found.append((tag, str(element.get("class"))))
        elif tag in ("text", "title", "desc"):
            found.append((tag, " ".join("".join(element.itertext()).split())))
    return found


def stale(docs: Path = DOCS) -> list[str]:
    """Return the names of the files that are not what this file would write now."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = [(f"gallery/{picture.name}.svg", write(picture, Path(folder)).read_bytes()) for picture in PICTURES]
    found = [name for name, svg in drawn if not _is_current(docs / name, svg)]
    known = {f"gallery/{picture.name}.svg" for picture in PICTURES}
    found += sorted(
        f"gallery/{path.name}" for path in (docs / "gallery").glob("*") if f"gallery/{path.name}" not in known
    )
    text = docs / "gallery.md"
    return found if text.exists() and text.read_text(encoding="utf-8") == page() else [*found, "gallery.md"]


def _is_current(path: Path, svg: bytes) -> bool:
    return path.exists() and content(path.read_bytes()) == content(svg)


def main(arguments: list[str] | None = None) -> int:
    """Write the gallery, or check it."""
    parser = argparse.ArgumentParser(description="Draw the gallery of docs/gallery.md.")
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    if parser.parse_args(arguments).check:
        found = stale()
        for name in found:
            print(f"stale: docs/{name}; python examples/gallery.py draws it anew")
        return bool(found)
    (DOCS / "gallery").mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        path = write(picture, DOCS / "gallery")
        print(f"{path.relative_to(DOCS.parent)}: {path.stat().st_size / 1000:.0f} kB")
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
