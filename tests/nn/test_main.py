"""The command line: what each command prints, writes and answers, and the one line that a mistake gets."""

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nn.__main__ import main
from nn.data import Dataset, digits
from nn.history import History
from nn.matrix import Network
from nn.training import accuracy

QUICK = ["train", "digits", "--epochs", "2"]


def python_m_nn(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "nn", *arguments], capture_output=True, text=True, timeout=600)


def test_the_digits_are_learnt_in_a_process_of_their_own() -> None:
    done = python_m_nn("train", "digits")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # a bar is for terminals
    assert "Dataset 'digits': 1,438 training and 359 test samples" in done.stdout
    found = re.search(r"test loss \d\.\d{4}, accuracy (\d+\.\d\d)%", done.stdout)
    assert found
    assert float(found[1]) > 96


def test_the_options_reach_the_network_and_the_optimizer(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--hidden 12 7 --activation relu --dtype float64 --optimizer momentum --learning-rate 0.02 --seed 3"
    assert main([*QUICK, *options.split(), "--batch-size", "50"]) == 0
    shown = capsys.readouterr().out
    assert "64-12-7-10, activation='relu'" in shown
    assert "dtype=float64" in shown
    assert "Momentum(learning_rate=0.02, momentum=0.9), linear schedule, batches of 50, seed 3" in shown
    assert "2 epochs in" in shown


def test_no_hidden_layer_is_a_softmax_regression(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--hidden"]) == 0
    assert "Network(64-10," in capsys.readouterr().out


def test_the_moons_are_separated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "moons"]) == 0
    assert float(re.findall(r"accuracy (\d+\.\d\d)%", capsys.readouterr().out)[-1]) > 97


def test_what_is_saved_is_what_was_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network, history = tmp_path / "digits.npz", tmp_path / "digits.json"
    assert main([*QUICK, "--save", str(network), "--history", str(history), "--seed", "4"]) == 0
    shown = capsys.readouterr().out
    assert f"network saved to {network}" in shown
    data = digits(rng=4, dtype=np.float32)
    share = accuracy(Network.load(network), data.x_test, data.y_test)
    assert share == History.load(history).validation_accuracy[-1]
    assert f"accuracy {share:.2%}" in shown


def test_a_seed_repeats_a_training_to_the_bit(tmp_path: Path) -> None:
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert main([*QUICK, "--seed", seed, "--save", str(tmp_path / name)]) == 0
    a, b, c = (Network.load(tmp_path / name).weights[0] for name in "abc")
    assert a.tobytes() == b.tobytes()
    assert a.tobytes() != c.tobytes()


def test_lbfgs_is_a_choice_like_the_others(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    saved, noted = tmp_path / "network.npz", tmp_path / "history.json"
    options = ["--optimizer", "lbfgs", "--epochs", "40", "--save", str(saved), "--history", str(noted)]
    assert main(["train", "digits", *options]) == 0
    shown = capsys.readouterr().out
    assert "L-BFGS, 40 iterations at most, seed 0" in shown
    assert float(re.findall(r"accuracy (\d+\.\d\d)%", shown)[0]) > 99
    losses = History.load(noted).loss
    assert losses == sorted(losses, reverse=True)
    data = digits(rng=0, dtype=np.float32)
    assert Network.load(saved).loss(data.x_train, data.y_train) == pytest.approx(losses[-1], rel=1e-3)


def test_lbfgs_without_scipy_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    monkeypatch.setattr("nn.data.digits", lambda **_: Dataset("none", *(np.zeros((2, 2)), np.array([0, 1])) * 2))
    assert main(["train", "digits", "--optimizer", "lbfgs"]) == 2
    assert 'L-BFGS needs SciPy: pip install "chainrule[data]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    ["--batch-size 8", "--learning-rate 1", "--schedule linear", "--warmup 0.1", "--weight-decay 1", "--patience 3"],
)
def test_lbfgs_refuses_what_it_would_ignore(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "digits", "--optimizer", "lbfgs", *option.split()]) == 2
    assert f"leave {option.split()[0]} away" in capsys.readouterr().err


def test_initializer_weight_decay_and_warm_up_reach_the_training(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--optimizer adamw --weight-decay 0.25 --schedule cosine --warmup 0.5 --init he --norms"
    assert main([*QUICK, *options.split()]) == 0
    shown = capsys.readouterr().out
    assert "AdamW(learning_rate=0.006, weight_decay=0.25," in shown
    assert "cosine schedule after a warm-up, batches of 32" in shown
    norms = re.search(r"norm of the gradient by layer: (\S+), (\S+)\n", shown)
    assert norms
    assert all(0 < float(norm) < 10 for norm in norms.groups())


def test_patience_stops_early_by_training_samples_that_are_held_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved, noted = tmp_path / "network.npz", tmp_path / "history.json"
    options = "--patience 2 --epochs 500 --learning-rate 0.1 --schedule constant --batch-size 100"
    assert main(["train", "digits", *options.split(), "--save", str(saved), "--history", str(noted)]) == 0
    assert "stops after 2 epochs without a lower loss on 144 samples held out" in capsys.readouterr().out
    judged = History.load(noted).validation_loss
    assert len(judged) < 500
    assert min(judged) == judged[-3]
    data = digits(rng=0, dtype=np.float32)
    assert Network.load(saved).loss(data.x_train[::10], data.y_train[::10]) == pytest.approx(judged[-3], rel=1e-6)


def test_mnist_is_trained_from_a_folder(mnist_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "mnist", "--data", str(mnist_folder), "--epochs", "1"]) == 0
    shown = capsys.readouterr().out
    assert "Network(784-32-10, activation='sigmoid', output='softmax', loss='cross_entropy', dtype=float32)" in shown
    assert float(re.findall(r"accuracy (\d+\.\d\d)%", shown)[-1]) > 90


def test_download_asks_for_the_files_and_no_checksum_takes_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def download(folder: Path | None) -> Path:
        asked.append(folder)
        return tmp_path / "downloaded"

    def mnist(folder: Path, checksum: bool, dtype: str) -> object:
        asked.append((folder, checksum, dtype))
        return digits(dtype=dtype)

    monkeypatch.setattr("nn.data.download_mnist", download)
    monkeypatch.setattr("nn.data.find_mnist", lambda: None)
    monkeypatch.setattr("nn.data.mnist", mnist)
    assert main(["train", "mnist", "--epochs", "1", "--download"]) == 0
    assert main(["train", "mnist", "--epochs", "1", "--data", str(tmp_path), "--no-checksum"]) == 0
    assert asked == [None, (tmp_path / "downloaded", True, "float32"), (tmp_path, False, "float32")]


def test_the_doctor_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert re.search(rf"(?m)^numpy +{re.escape(np.__version__)}$", shown)
    assert "GFLOP/s" in shown


def test_compare_gets_its_arguments_and_its_answer_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[Sequence[str]] = []
    monkeypatch.setitem(sys.modules, "nn.compare", SimpleNamespace(main=lambda argv: got.append(argv) or 5))
    assert main(["compare", "--widths", "2", "4", "--help"]) == 5
    assert got == [["--widths", "2", "4", "--help"]]


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["doctor", "--help"]])
def test_help_names_the_choices(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 100
    if arguments == ["train", "--help"]:
        for word in (
            "mnist, digits, moons",
            "sgd, momentum, nesterov, rmsprop, adam, adamw, lbfgs",
            "glorot, he, lecun, uniform, normal",
            "constant, linear, cosine, exponential, steps",
            "--weight-decay X",
            "--patience N",
            "--warmup SHARE",
            "--norms",
            "sigmoid",
            "--data DIR",
            "examples:",
        ):
            assert word in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], r"required: COMMAND \(see python -m nn --help\)"),
        (["fly"], r"invalid choice: 'fly'"),
        (["train"], r"required: DATASET \(see python -m nn train --help\)"),
        (["train", "mnits"], r"invalid choice: 'mnits' \(choose from "),
        (["train", "digits", "--epochs", "0"], r"--epochs: must be a whole number from 1 on, got '0'"),
        (["train", "digits", "--epochs", "1.5"], r"--epochs: must be a whole number from 1 on, got '1.5'"),
        (["train", "digits", "--batch-size", "-1"], r"--batch-size: must be a whole number from 1 on, got '-1'"),
        (["train", "digits", "--hidden", "8", "x"], r"--hidden: must be a whole number from 1 on, got 'x'"),
        (["train", "digits", "--learning-rate", "nan"], r"--learning-rate: must be a positive number, got 'nan'"),
        (["train", "digits", "--learning-rate", "fast"], r"--learning-rate: must be a positive number, got 'fast'"),
        (["train", "digits", "--seed", "-2"], r"--seed: must be a whole number from 0 on, got '-2'"),
        (["train", "digits", "--optimizer", "adamm"], r"--optimizer: invalid choice: 'adamm'"),
        (["train", "digits", "--init", "xavier"], r"--init: invalid choice: 'xavier'"),
        (["train", "digits", "--warmup", "1"], r"--warmup: must be above 0 and below 1, got '1'"),
        (["train", "digits", "--weight-decay", "-1"], r"--weight-decay: must be a positive number, got '-1'"),
        (["train", "digits", "--schedule", "cosin"], r"--schedule: invalid choice: 'cosin'"),
        (["train", "digits", "--activation", "softmax"], r"--activation: invalid choice: 'softmax'"),
        (["train", "digits", "--dtype", "int8"], r"--dtype: invalid choice: 'int8'"),
        (["train", "digits", "--data", "x"], r"--data, --download and --no-checksum are for mnist, not for digits"),
        (["train", "mnist", "--data", "no/such"], r"no folder no.such to read MNIST from; name the folder"),
        (["train", "digits", "--save", "no/such/file"], r"no folder no.such to write file to; make it first"),
        (["train", "digits", "--history", "."], r"\. is a folder; name a file in it"),
        (["doctor", "--verbose"], r"unrecognized arguments: --verbose"),
    ],
)
def test_a_mistake_gets_one_line_and_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("python -m nn: error: ")
    assert shown.err.count("\n") == 1
    assert re.search(message, shown.err)


def test_a_mistake_in_a_process_of_its_own_shows_no_traceback(tmp_path: Path) -> None:
    done = python_m_nn("train", "mnist", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "no train-images-idx3-ubyte or train-images-idx3-ubyte.gz in" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_divergence_is_told_with_its_cure_and_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--optimizer sgd --learning-rate 1e30 --activation relu".split()
    assert main([*QUICK, *options]) == 1
    assert re.search(
        r"error: .* in epoch 1, batch \d+: the training diverges.*try learning_rate=", capsys.readouterr().err
    )


# ``python -m nn`` that says when it is at its hundredth batch; and where the shell of the tests has Ctrl-C ignored, as
# it does for what runs in the background, it is heard again.
ANNOUNCED = """
import itertools, runpy, signal
from nn.workspace import Workspace
signal.signal(signal.SIGINT, signal.default_int_handler)
gradients, batches = Workspace.gradients, itertools.count()
def announced(*arguments):
    if next(batches) == 100:
        print("the hundredth batch", flush=True)
    return gradients(*arguments)
Workspace.gradients = announced
runpy.run_module("nn", run_name="__main__", alter_sys=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent Ctrl-C alone there")
def test_ctrl_c_keeps_the_network_trained_so_far(tmp_path: Path) -> None:
    saved, history = tmp_path / "network.npz", tmp_path / "history.json"
    command = [sys.executable, "-c", ANNOUNCED, "train", "digits", "--epochs", "1000000", "--save", str(saved)]
    with subprocess.Popen(
        [*command, "--history", str(history)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        while "the hundredth batch" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        shown, errors = process.communicate(timeout=600)
    assert process.returncode == 130
    assert errors == ""
    assert "s, then stopped by Ctrl-C" in shown
    assert Network.load(saved).sizes == (64, 32, 10)
    assert History.load(history).interrupted
