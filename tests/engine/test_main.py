from __future__ import annotations

import json
import math
import subprocess
import sys
from fractions import Fraction

import pytest

from engine.__main__ import main


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_a_neuron_is_explained_in_a_process_of_its_own() -> None:
    words = ["tanh(w*x + b)", "w=-3", "x=2", "b=6.8813735870195432"]
    done = subprocess.run([sys.executable, "-m", "engine", *words], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("f = tanh(#4) = 0.707107\n")
    assert "f = 0.7071067811865477" in done.stdout
    found = dict(line.split(" = ") for line in done.stdout.splitlines() if line.startswith("df/d"))
    for name, slope in {"df/dw": 1.0, "df/dx": -1.5, "df/db": 0.5}.items():
        assert float(found[name]) == pytest.approx(slope, rel=1e-14)


def test_every_derivative_to_the_order_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "x**2 * sin(y)", "x=2", "y=1", "--order", "3", "--brief")
    found = {name: float(number) for name, number in (line.split(" = ") for line in out.splitlines())}
    s, c = math.sin(1), math.cos(1)
    expected = {
        "f": 4 * s, "df/dx": 4 * s, "df/dy": 4 * c, "d2f/dx2": 2 * s, "d2f/dxdy": 4 * c, "d2f/dy2": -4 * s,
        "d3f/dx3": 0.0, "d3f/dx2dy": 2 * c, "d3f/dxdy2": -4 * s, "d3f/dy3": -4 * c,
    }  # fmt: skip
    assert found == pytest.approx(expected, rel=1e-14)


def test_exact_answers_are_fractions(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "(x**2 + 1)/(x - 2)", "x=1/3", "--exact", "--order", "4", "--brief")
    found = {name: Fraction(number) for name, number in (line.split(" = ") for line in out.splitlines())}
    # (x^2 + 1)/(x - 2) = x + 2 + 5/(x - 2): derivatives 1 - 5/(x-2)^2, 10/(x-2)^3, -30/(x-2)^4, 120/(x-2)^5
    d = Fraction(1, 3) - 2
    assert found == {
        "f": Fraction(1, 3) + 2 + 5 / d,
        "df/dx": 1 - 5 / d**2,
        "d2f/dx2": 10 / d**3,
        "d3f/dx3": -30 / d**4,
        "d4f/dx4": 120 / d**5,
    }


def test_json_holds_the_ledger_and_the_higher_derivatives(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(shown(capsys, "--json", "x*y", "x=2", "y=3", "--order", "2"))
    assert found["value"] == 6.0
    assert found["gradient"] == {"x": 3.0, "y": 2.0}
    assert [node["operation"] for node in found["nodes"]] == ["leaf", "leaf", "mul"]
    assert found["higher"] == [
        {"by": ["x", "x"], "value": 0.0}, {"by": ["x", "y"], "value": 1.0}, {"by": ["y", "y"], "value": 0.0},
    ]  # fmt: skip


def test_an_expression_may_start_with_a_minus(capsys: pytest.CaptureFixture[str]) -> None:
    assert "df/dx = -6.0" in shown(capsys, "-x**2", "x=3")


def test_the_output_never_takes_the_name_of_a_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert "dy/df = 6.0" in shown(capsys, "f*f", "f=3", "--brief")


def test_a_long_ledger_is_folded_unless_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    long = " + ".join(["x*x"] * 50)
    assert "shown as" in shown(capsys, long, "x=1")
    assert shown(capsys, long, "x=1", "--limit", "0").count("x*x") == 100


def test_a_function_without_exact_values_is_named_where_fractions_were_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert shown(capsys, "sin(x)/3", "x=1/3", "--exact", "--brief").endswith(
        "(not exact: sin of a fraction is a float)\n"
    )
    assert "not exact" not in shown(capsys, "x/3", "x=1/3", "--exact")


def test_a_reader_that_has_seen_enough_ends_it_quietly() -> None:
    command = [sys.executable, "-m", "engine", "+".join(["x"] * 500), "x=1", "--limit", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_complex_numbers_have_holomorphic_derivatives(capsys: pytest.CaptureFixture[str]) -> None:
    assert "df/dx = (2+4j)\n" in shown(capsys, "x**2", "x=1+2j", "--brief")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x*tnh(y)", "x=1", "y=2"], "unknown function 'tnh'; did you mean 'tanh'?\n  x*tnh(y)\n    ^^^"),
        (["x*y", "x=1"], "y has no number: give y=...; known: x\n  x*y\n    ^"),
        (["log(x)", "x=-1"], "log needs a positive number, got -1.0 (node 'x')\n  log(x)\n  ^^^^^^"),
        (["x", "x=1", "z=2"], "z does not occur in 'x'"),
        (["x", "x=1", "y=2", "z=2"], "y, z do not occur in 'x'"),
        (["2 x", "x=1", "z=2"], "a sign is missing"),
        (["x", "x=one"], "'x=one' gives no number to x"),
        (["x*y", "x=1", "y=1", "--order", "0"], "--order must be from 1 to 30, got 0"),
        (["a*b*c*d", "a=1", "b=1", "c=1", "d=1", "--order", "9"], "give a lower --order"),
        (["__import__('os').system('true')"], "^"),
        (["(1).__class__"], "^"),
    ],
)
def test_a_mistake_gets_one_message_and_no_traceback(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.startswith("python -m engine: ")


def test_the_checker_is_reached_through_the_same_command(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mpmath")
    assert main(["check", "math:sin", "math:cos", "--at", "0.5"]) == 0
    assert "gradient: ok" in capsys.readouterr().out
