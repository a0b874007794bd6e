import contextlib
import io
import json
import sys
from xml.etree import ElementTree

import pytest
from clock import Clock

from nn import compare, experiment, ways
from nn.__main__ import main as nn_main
from nn.counting import Counting
from nn.ways import WAYS, Way, flat

QUICK = ["--widths", "1", "2", "4", "--depths", "1", "2", "3"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiment, "TIMING_SECONDS", 0.0)
    monkeypatch.setattr(experiment, "time", Clock())  # it leaves nothing out because the machine is busy


def _error(capsys):
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, "an error is one line"
    return lines[0]


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """Return the exit code, what was printed, and the folder of one quick run."""
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    folder, printed = tmp_path_factory.mktemp("quick"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        patch.setattr(experiment, "TIMING_SECONDS", 0.0)
        patch.setattr(experiment, "time", Clock())
        code = nn_main(["compare", *QUICK])
    return code, printed.getvalue(), folder


def test_the_whole_command_prints_a_table_and_writes_a_plot_and_data(quick_run):
    code, printed, folder = quick_run
    assert code == 0
    for text in ("The cost of one gradient", "finite differences", "matrix form", "64-(2 x 3)-10", "gradients agree"):
        assert text in printed
    assert printed.endswith("Data: compare.json\nPlot: compare.svg\n")
    assert max(map(len, printed.splitlines())) <= 79
    assert sorted(path.name for path in folder.iterdir()) == ["compare.json", "compare.svg"]


def test_the_data_have_every_measurement_and_fit(quick_run):
    found = json.loads((quick_run[2] / "compare.json").read_text(encoding="utf-8"))
    assert found["format"] == compare.FORMAT
    assert {(m["way"], m["weights"]) for m in found["widths"]} == {
        (way, 75 * h + 10) for way in ("differences", "forward", "reverse", "matrix") for h in (1, 2, 4)
    }
    for m in found["widths"] + found["depths"]:
        assert set(m) == {"way", "sizes", "weights", "multiplications", "seconds", "repeats"}
        assert isinstance(m["multiplications"], int)
        assert m["multiplications"] > 0
        assert m["seconds"] > 0
        assert m["repeats"] >= 3
    assert [row["sizes"] for row in found["paths"]] == [[64, 2, 10], [64, 2, 2, 10], [64, 2, 2, 2, 10]]
    assert found["by_count"]["differences"]["value"] == pytest.approx(2, abs=0.1)
    assert found["by_count"]["matrix"]["value"] == pytest.approx(1, abs=0.1)
    assert found["paths_per_layer"]["value"] == pytest.approx(2, abs=0.1)
    assert found["paths_per_layer"]["standard_error"] < 0.1
    assert (found["checked"], found["interrupted"], found["left_out"]) == (2 * (12 + 6), False, [])


def test_the_plot_names_its_axes_and_ways(quick_run):
    svg = ElementTree.parse(quick_run[2] / "compare.svg").getroot()
    texts = {"".join(node.itertext()) for node in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"multiplications", "time in seconds", "weights W of a network 64-h-10", "hidden layers of 2 units"} <= texts
    assert {way.name for way in WAYS.values()} <= texts
    assert {"slope 1", "slope 2"} <= texts


def test_two_points_have_an_exponent_and_no_uncertainty_and_one_has_neither(tmp_path):
    compare.main(["--widths", "1", "2", "--depths", "--methods", "matrix", "--plot", "none"])
    fit = json.loads((tmp_path / "compare.json").read_text())["by_count"]["matrix"]
    assert fit["value"] == pytest.approx(1, abs=0.2)
    assert fit["standard_error"] is None
    compare.main(["--widths", "1", "--depths", "--methods", "matrix", "--plot", "none"])
    assert json.loads((tmp_path / "compare.json").read_text())["by_count"]["matrix"] is None


@pytest.mark.parametrize("name", ["other.pdf", "other.png"])
def test_files_can_be_named_and_are_written_again_if_they_are_ours(tmp_path, name):
    arguments = ["--widths", "1", "--depths", "1", "--methods", "matrix", "paths", "--json", "o.json", "--plot", name]
    assert compare.main(arguments) == 0
    first = (tmp_path / name).read_bytes()
    assert compare.main(arguments) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["o.json", name])
    assert first[:4] in (b"%PDF", b"\x89PNG")


@pytest.mark.parametrize("name", ["compare.json", "compare.svg"])
def test_a_file_of_something_else_is_not_overwritten(tmp_path, capsys, name):
    (tmp_path / name).write_text("my thesis")
    assert compare.main(QUICK) == 2
    assert f"{name} is there and is no comparison's" in _error(capsys)
    assert (tmp_path / name).read_text() == "my thesis"


def test_none_writes_nothing(tmp_path):
    assert compare.main(["--widths", "1", "--depths", "--json", "none", "--plot", "none"]) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--widths", "0"], "must be a whole number from 1 on, got '0'"),
        (["--widths", "eight"], "must be a whole number from 1 on, got 'eight'"),
        (["--widths"], "expected at least one argument"),
        (["--depths", "-1"], "--depths"),
        (["--methods", "magic"], "invalid choice: 'magic'"),
        (["--seconds", "0"], "must be a positive number of seconds, got '0'"),
        (["--seconds", "nan"], "must be a positive number of seconds, got 'nan'"),
        (["--seed", "-1"], "--seed"),
        (["--plot", "plot.jpg"], "must end in .svg, .pdf, .png, got 'plot.jpg'"),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(capsys, arguments, message):
    assert compare.main(arguments) == 2
    shown = _error(capsys)
    assert shown.startswith("python -m nn compare: error: ")
    assert message in shown


def test_a_missing_folder_is_said_before_anything_is_measured(capsys, monkeypatch):
    monkeypatch.setattr(compare, "Experiment", None)
    assert compare.main(["--json", "nowhere/compare.json"]) == 2
    assert "no folder nowhere" in _error(capsys)


def test_without_scikit_learn_the_extra_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert compare.main(QUICK) == 2
    assert 'pip install "chainrule[data]"' in _error(capsys)


def test_without_matplotlib_the_plot_is_skipped_and_the_rest_is_there(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert compare.main(QUICK) == 0
    printed = capsys.readouterr().out
    assert 'No plot: plots need matplotlib: pip install "chainrule[plot]"' in printed
    assert [path.name for path in tmp_path.iterdir()] == ["compare.json"]


def _replace(monkeypatch, key, prepare):
    way = WAYS[key]
    monkeypatch.setitem(ways.WAYS, key, Way(key, way.name, prepare, way.power, way.seconds))


def test_ctrl_c_leaves_what_was_measured_and_exit_code_130(tmp_path, capsys, monkeypatch):
    plain = WAYS["differences"].prepare

    def prepare(case, number):
        def interrupt():
            raise KeyboardInterrupt

        return interrupt if case.network.sizes[1] == 4 and number is Counting else plain(case, number)

    _replace(monkeypatch, "differences", prepare)
    assert nn_main(["compare", *QUICK]) == 130
    assert "Interrupted: this is what was measured." in capsys.readouterr().out
    found = json.loads((tmp_path / "compare.json").read_text())
    assert found["interrupted"]
    assert [m["weights"] for m in found["widths"] if m["way"] == "differences"] == [85, 160]
    assert (tmp_path / "compare.svg").exists()


def test_ctrl_c_before_the_first_measurement_writes_nothing(tmp_path, capsys, monkeypatch):
    def prepare(case, number):
        raise KeyboardInterrupt

    _replace(monkeypatch, "matrix", prepare)
    assert compare.main(["--widths", "1", "--depths", "--methods", "matrix"]) == 130
    assert "Interrupted before anything was measured." in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_disagreement_is_an_error_and_no_table_is_printed(tmp_path, capsys, monkeypatch):
    plain = WAYS["forward"].prepare

    def prepare(case, number):
        run = plain(case, number)
        return lambda: [flat(run()) * (1 + 1e-9)]

    _replace(monkeypatch, "forward", prepare)
    assert compare.main(QUICK) == 1
    captured = capsys.readouterr()
    assert "forward accumulation and reverse mode disagree on dC/d" in captured.err
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_without_the_signs_gets_plain_ones(monkeypatch, tmp_path):
    with (tmp_path / "terminal.txt").open("w", encoding="ascii") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert compare.main(["--widths", "1", "2", "4", "--depths", "--plot", "none", "--json", "none"]) == 0
    printed = (tmp_path / "terminal.txt").read_text(encoding="ascii")
    assert " +-0." in printed
    assert max(map(len, printed.splitlines())) <= 79
