"""``python -m nn train``: a network on a data set, by any optimizer, with what it reached on the test samples.

This is the command: its options, what it prints and its exit codes. The work is in :mod:`nn.training` and
:mod:`nn.lbfgs`.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nn import data
from nn.activations import ACTIVATIONS, RowActivation
from nn.arguments import positive, share, whole
from nn.history import History
from nn.initializers import INITIALIZERS
from nn.matrix import Network
from nn.optimizer import Optimizer
from nn.optimizers import OPTIMIZERS, Adam, AdamW
from nn.schedules import SCHEDULES, warmup
from nn.training import accuracy, train

INTERRUPTED = 130  # the exit code that a shell gives a program stopped by Ctrl-C
LBFGS = "lbfgs"  # no optimizer that steps by mini-batches, but a choice like them
HELD_OUT = 10  # with --patience, every tenth training sample is kept to judge by


class Preset(NamedTuple):
    """What is trained on a data set if nothing else is said; it takes a few seconds and does well."""

    hidden: tuple[int, ...]
    activation: str
    epochs: int
    batch_size: int
    learning_rate: float  # of Adam and AdamW


PRESETS = {
    # The network and the schedule of Roch, Math 535, topic 3.7.
    "mnist": Preset((32,), "sigmoid", 20, 128, 0.006),
    "digits": Preset((32,), "tanh", 30, 32, 0.006),
    "moons": Preset((16, 16), "tanh", 100, 20, 0.01),
}
EXAMPLES = """examples:
  python -m nn train digits
  python -m nn train mnist --data FOLDER --save mnist.npz
  python -m nn train moons --hidden 8 8 --activation relu --init he --optimizer momentum
  python -m nn train digits --optimizer adamw --weight-decay 0.1 --schedule cosine --patience 5
  python -m nn train digits --optimizer lbfgs --epochs 50
"""
HIDDEN_ACTIVATIONS = [name for name, row in ACTIVATIONS.items() if not isinstance(row, RowActivation)]


def run(options: argparse.Namespace) -> int:
    """Train as the options say, print what came out, and return the exit code: 0, or 130 after Ctrl-C."""
    _check(options)
    dataset = _dataset(options)
    print(dataset)
    # Two generators of one seed, so the weights do not depend on how often the samples were shuffled.
    weights, shuffles = np.random.default_rng(options.seed).spawn(2)
    network = Network(
        [dataset.features, *_chosen(options, "hidden"), dataset.classes],
        activation=_chosen(options, "activation"),
        output="softmax",
        loss="cross_entropy",
        dtype=options.dtype,
        init=options.init,
        rng=weights,
    )
    if options.optimizer == LBFGS:
        history = _lbfgs(options, network, dataset)
    else:
        history = _steps(options, network, dataset, shuffles)
    return _finish(options, network, dataset, history)


def _check(options: argparse.Namespace) -> None:
    """Refuse what would fail after a long training, and options that do not go together."""
    for path in (options.save, options.history):
        if path and not path.absolute().parent.is_dir():
            raise FileNotFoundError(f"no folder {path.parent} to write {path.name} to; make it first")
        if path and path.is_dir():
            raise IsADirectoryError(f"{path} is a folder; name a file in it")
    if options.optimizer != LBFGS:
        return
    for name in ("batch_size", "learning_rate", "schedule", "warmup", "weight_decay", "patience"):
        if getattr(options, name) is not None:
            option = "--" + name.replace("_", "-")
            raise ValueError(f"lbfgs takes all samples at once and chooses its own steps; leave {option} away")


def _lbfgs(options: argparse.Namespace, network: Network, dataset: data.Dataset) -> History:
    from nn.lbfgs import lbfgs  # here, since only this choice needs it

    epochs = _chosen(options, "epochs")
    print(f"{network}\nL-BFGS, {epochs} iterations at most, seed {options.seed}", flush=True)
    return lbfgs(network, dataset.x_train, dataset.y_train, iterations=epochs)


def _steps(
    options: argparse.Namespace, network: Network, dataset: data.Dataset, shuffles: np.random.Generator
) -> History:
    x, y, validation = dataset.x_train, dataset.y_train, (dataset.x_test, dataset.y_test)
    optimizer, schedule = _optimizer(options), SCHEDULES[options.schedule or "linear"]
    batch_size = min(_chosen(options, "batch_size"), len(x))
    rate = f"{options.schedule or 'linear'} schedule"
    if options.warmup is not None:
        schedule, rate = warmup(schedule, options.warmup), f"{rate} after a warm-up"
    print(f"{network}\n{optimizer}, {rate}, batches of {batch_size}, seed {options.seed}", flush=True)
    if options.patience is not None:  # the test samples must not choose when to stop
        held = np.arange(len(x)) % HELD_OUT == 0
        validation, x, y = (x[held], y[held]), x[~held], y[~held]
        print(f"stops after {options.patience} epochs without a lower loss on {held.sum():,} samples held out")
    return train(
        network,
        x,
        y,
        optimizer=optimizer,
        epochs=_chosen(options, "epochs"),
        batch_size=batch_size,
        rng=shuffles,
        schedule=schedule,
        validation=validation,
        patience=options.patience,
    )


def _finish(options: argparse.Namespace, network: Network, dataset: data.Dataset, history: History) -> int:
    stopped = ", then stopped by Ctrl-C" if history.interrupted else ""
    kind = "iterations" if options.optimizer == LBFGS else "epochs"
    print(f"{history.epochs} {kind} in {sum(history.seconds):.1f} s{stopped}")
    # Of the network as it is now: after early stopping it is that of an earlier epoch than the last.
    for name, x, y in (
        ("training", dataset.x_train, dataset.y_train),
        ("test", dataset.x_test, dataset.y_test),
    ):
        print(f"{name} loss {network.loss(x, y):.4f}, accuracy {accuracy(network, x, y) or 0:.2%}")
    if options.norms:
        norms = network.gradients(dataset.x_train, dataset.y_train, input_gradient=False).norms
        print(f"norm of the gradient by layer: {', '.join(f'{norm:.2e}' for norm in norms)}")
    if options.save:
        network.save(options.save)
        print(f"network saved to {options.save}")
    if options.history:
        history.save(options.history)
        print(f"history saved to {options.history}")
    return INTERRUPTED if history.interrupted else 0


def _dataset(options: argparse.Namespace) -> data.Dataset:
    if options.dataset != "mnist" and (options.data or options.download or options.no_checksum):
        raise ValueError(f"--data, --download and --no-checksum are for mnist, not for {options.dataset}")
    if options.dataset == "digits":
        return data.digits(rng=options.seed, dtype=options.dtype)
    if options.dataset == "moons":
        return data.moons(200, rng=options.seed, dtype=options.dtype)
    folder = options.data
    if options.download and (folder or data.find_mnist() is None):
        folder = data.download_mnist(folder)
    return data.mnist(folder, checksum=not options.no_checksum, dtype=options.dtype)


def _optimizer(options: argparse.Namespace) -> Optimizer:
    kind = OPTIMIZERS[options.optimizer]
    settings = {name: getattr(options, name) for name in ("learning_rate", "weight_decay")}
    if kind in (Adam, AdamW) and options.learning_rate is None:
        settings["learning_rate"] = PRESETS[options.dataset].learning_rate
    return kind(**{name: number for name, number in settings.items() if number is not None})


def _chosen(options: argparse.Namespace, name: str) -> Any:
    given = getattr(options, name)
    return getattr(PRESETS[options.dataset], name) if given is None else given


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the parser the options of this command."""
    parser.add_argument("dataset", choices=list(PRESETS), metavar="DATASET", help=", ".join(PRESETS))
    add = parser.add_argument_group("the network").add_argument
    add("--hidden", type=whole(1), nargs="*", metavar="N", help=f"units of each hidden layer ({_presets('hidden')})")
    _add_choice(add, "--activation", HIDDEN_ACTIVATIONS, _presets("activation"))
    _add_choice(add, "--init", list(INITIALIZERS), "how the weights are drawn, default: glorot", default="glorot")
    _add_choice(add, "--dtype", ["float32", "float64"], "default: float32", default="float32")
    _add_training_options(parser.add_argument_group("the training"))
    add = parser.add_argument_group("where MNIST is, if it is the data set").add_argument
    add("--data", type=Path, metavar="DIR", help="folder of its four IDX files, gzip or plain")
    add("--download", action="store_true", help="download it first, 11 MB, if it is not there")
    add("--no-checksum", action="store_true", help="accept other data in the same format")
    add = parser.add_argument_group("what is told and kept").add_argument
    add("--norms", action="store_true", help="tell the norm of the gradient by the parameters of each layer")
    add("--save", type=Path, metavar="FILE", help="write the trained network to FILE (.npz)")
    add("--history", type=Path, metavar="FILE", help="write loss and accuracy by epoch to FILE (JSON)")


def _add_training_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--epochs", type=whole(1), metavar="N", help=f"visits of each sample ({_presets('epochs')})")
    add("--batch-size", type=whole(1), metavar="N", help=f"samples a step ({_presets('batch_size')})")
    _add_choice(add, "--optimizer", [*OPTIMIZERS, LBFGS], "default: adam; lbfgs needs SciPy", default="adam")
    add(
        "--learning-rate",
        type=positive(),
        metavar="X",
        help=f"length of a step (adam, adamw: {_presets('learning_rate')})",
    )
    _add_choice(add, "--schedule", list(SCHEDULES), "of the learning rate, default: linear, it falls to 0")
    add("--warmup", type=share, metavar="SHARE", help="let the learning rate rise over this share of the epochs")
    add("--weight-decay", type=positive(), metavar="X", help="pull the weights to 0 (default: 0, of adamw 0.01)")
    add(
        "--patience",
        type=whole(1),
        metavar="N",
        help="stop after N epochs without a lower loss on a tenth of the training samples, held out; keep the best",
    )
    add("--seed", type=whole(0), default=0, metavar="N", help="of all that is random (default: 0)")


def _add_choice(add: Any, option: str, choices: list[str], note: str, default: str | None = None) -> None:
    add(option, choices=choices, default=default, metavar="NAME", help=f"{', '.join(choices)} ({note})")


def _presets(name: str) -> str:
    """Say what a setting is for each data set."""
    texts = {key: getattr(preset, name) for key, preset in PRESETS.items()}
    return ", ".join(
        f"{key} {' '.join(map(str, value)) if isinstance(value, tuple) else value}" for key, value in texts.items()
    )
