"""``python -m nn``: train a network, compare the ways to its gradient, or see what this machine has."""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from nn import data, doctor
from nn.activations import ACTIVATIONS, RowActivation
from nn.matrix import Network
from nn.optimizer import Optimizer
from nn.optimizers import OPTIMIZERS, Adam
from nn.schedules import SCHEDULES
from nn.training import DivergenceError, History, train

BAD_ARGUMENT, DIVERGED, INTERRUPTED = 2, 1, 130  # exit codes; 130 is what a shell gives a program stopped by Ctrl-C


class Preset(NamedTuple):
    """What is trained on a data set if nothing else is said; it takes a few seconds and does well."""

    hidden: tuple[int, ...]
    activation: str
    epochs: int
    batch_size: int
    learning_rate: float  # of Adam


PRESETS = {
    # The network and the schedule of Roch, Math 535, topic 3.7.
    "mnist": Preset((32,), "sigmoid", 20, 128, 0.006),
    "digits": Preset((32,), "tanh", 30, 32, 0.006),
    "moons": Preset((16, 16), "tanh", 100, 20, 0.01),
}
EXAMPLES = """examples:
  python -m nn train digits
  python -m nn train mnist --data FOLDER --save mnist.npz
  python -m nn train moons --hidden 8 8 --activation relu --optimizer momentum --learning-rate 0.05
"""
HIDDEN_ACTIVATIONS = [name for name, row in ACTIVATIONS.items() if not isinstance(row, RowActivation)]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for a diverged training, 2 for bad arguments, 130 for Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["compare"]:
            from nn.compare import main as compare  # here, since it takes longer to import than the rest

            return compare(arguments[1:])
        options = _parser().parse_args(arguments)
        if options.command == "doctor":
            print(doctor.report(list(doctor.examine())))
            return 0
        return _train(options)
    except DivergenceError as error:
        return _fail(error, DIVERGED)
    except (ValueError, OSError, ImportError) as error:
        return _fail(error, BAD_ARGUMENT)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)


def _fail(message: object, code: int) -> int:
    print(f"python -m nn: error: {message}", file=sys.stderr)
    return code


def _train(options: argparse.Namespace) -> int:
    # What would fail after a long training is told before it.
    for path in (options.save, options.history):
        if path and not path.absolute().parent.is_dir():
            raise FileNotFoundError(f"no folder {path.parent} to write {path.name} to; make it first")
        if path and path.is_dir():
            raise IsADirectoryError(f"{path} is a folder; name a file in it")
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
        rng=weights,
    )
    optimizer = _optimizer(options)
    batch_size = min(_chosen(options, "batch_size"), len(dataset.x_train))
    print(
        f"{network}\n{optimizer}, {options.schedule} schedule, batches of {batch_size}, seed {options.seed}", flush=True
    )
    history = train(
        network,
        dataset.x_train,
        dataset.y_train,
        optimizer=optimizer,
        epochs=_chosen(options, "epochs"),
        batch_size=batch_size,
        rng=shuffles,
        schedule=SCHEDULES[options.schedule],
        validation=(dataset.x_test, dataset.y_test),
    )
    return _finish(options, network, history)


def _finish(options: argparse.Namespace, network: Network, history: History) -> int:
    stopped = ", then stopped by Ctrl-C" if history.interrupted else ""
    print(f"{history.epochs} epochs in {sum(history.seconds):.1f} s{stopped}")
    if history.epochs:
        print(f"training loss {history.loss[-1]:.4f}, accuracy {history.accuracy[-1]:.2%}")
        print(f"test loss {history.validation_loss[-1]:.4f}, accuracy {history.validation_accuracy[-1]:.2%}")
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
    if options.learning_rate is not None:
        return kind(options.learning_rate)
    return kind(learning_rate=PRESETS[options.dataset].learning_rate) if kind is Adam else kind()


def _chosen(options: argparse.Namespace, name: str) -> Any:
    given = getattr(options, name)
    return getattr(PRESETS[options.dataset], name) if given is None else given


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (see {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nn", description="Networks: train one, or see what this machine has.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train_options(
        commands.add_parser(
            "train",
            help="train a network on real data",
            description="Train a network on a data set and tell its accuracy on the test samples.",
            epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    commands.add_parser("compare", help="compare the cost of every way to the same gradient", add_help=False)
    commands.add_parser("doctor", help="say what is installed, how fast it is, and what to do about the rest")
    return parser


def _add_train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", choices=list(PRESETS), metavar="DATASET", help=", ".join(PRESETS))
    network = parser.add_argument_group("the network")
    network.add_argument(
        "--hidden", type=_count, nargs="*", metavar="N", help=f"units of each hidden layer ({_presets('hidden')})"
    )
    network.add_argument(
        "--activation",
        choices=HIDDEN_ACTIVATIONS,
        metavar="NAME",
        help=f"{', '.join(HIDDEN_ACTIVATIONS)} ({_presets('activation')})",
    )
    network.add_argument(
        "--dtype", choices=["float32", "float64"], default="float32", metavar="TYPE", help="float32 (default), float64"
    )
    training = parser.add_argument_group("the training")
    training.add_argument("--epochs", type=_count, metavar="N", help=f"visits of each sample ({_presets('epochs')})")
    training.add_argument("--batch-size", type=_count, metavar="N", help=f"samples a step ({_presets('batch_size')})")
    training.add_argument(
        "--optimizer",
        choices=list(OPTIMIZERS),
        default="adam",
        metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)} (default: adam)",
    )
    training.add_argument(
        "--learning-rate", type=_rate, metavar="X", help=f"length of a step (of adam: {_presets('learning_rate')})"
    )
    training.add_argument(
        "--schedule",
        choices=list(SCHEDULES),
        default="linear",
        metavar="NAME",
        help="of the learning rate: linear (default: it falls to 0), constant, cosine, exponential, steps",
    )
    training.add_argument("--seed", type=_seed, default=0, metavar="N", help="of all that is random (default: 0)")
    mnist = parser.add_argument_group("where MNIST is, if it is the data set")
    mnist.add_argument("--data", type=Path, metavar="DIR", help="folder of its four IDX files, gzip or plain")
    mnist.add_argument("--download", action="store_true", help="download it first, 11 MB, if it is not there")
    mnist.add_argument("--no-checksum", action="store_true", help="accept other data in the same format")
    results = parser.add_argument_group("what is kept")
    results.add_argument("--save", type=Path, metavar="FILE", help="write the trained network to FILE (.npz)")
    results.add_argument("--history", type=Path, metavar="FILE", help="write loss and accuracy by epoch to FILE (JSON)")


def _presets(name: str) -> str:
    """Say what a setting is for each data set."""
    texts = {key: getattr(preset, name) for key, preset in PRESETS.items()}
    return ", ".join(
        f"{key} {' '.join(map(str, value)) if isinstance(value, tuple) else value}" for key, value in texts.items()
    )


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, got {text!r}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 on, got {text!r}")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"must be a positive number, got {text!r}")
    return rate


if __name__ == "__main__":
    sys.exit(main())
