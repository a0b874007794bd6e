"""What command lines are read with: numbers that are refused as they are read, and mistakes that are raised."""

import argparse
from collections.abc import Callable
from typing import Any

import pytest

from nn.arguments import Parser, positive, share, whole


@pytest.mark.parametrize(
    ("read", "text", "number"),
    [
        (whole(0), "0", 0),
        (whole(1), "007", 7),
        (positive(), "1e-300", 1e-300),
        (positive(), " 2 ", 2.0),
        (share, ".5", 0.5),
    ],
)
def test_a_number_is_read(read: Callable[[str], Any], text: str, number: float) -> None:
    assert read(text) == number
    assert type(read(text)) is type(number)


@pytest.mark.parametrize(
    ("read", "texts", "message"),
    [
        (whole(1), ["0", "-1", "1.0", "1e3", "one", "", "²", "٣"], "must be a whole number from 1 on, got "),
        (positive(), ["0", "-1", "nan", "inf", "x", ""], "must be a positive number, got "),
        (positive(" of seconds"), ["0"], "must be a positive number of seconds, got "),
        (share, ["0", "1", "-0.1", "nan", "10%"], "must be above 0 and below 1, got "),
    ],
)
def test_what_is_no_such_number_is_refused_and_named(
    read: Callable[[str], Any], texts: list[str], message: str
) -> None:
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError) as refused:
            read(text)
        assert str(refused.value) == f"{message}{text!r}"


def test_a_mistake_is_raised_with_the_way_to_the_help_and_nothing_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = Parser(prog="program")
    parser.add_argument("--count", type=whole(1))
    with pytest.raises(ValueError, match=r"unrecognized arguments: --cuont 1 \(see program --help\)"):
        parser.parse_args(["--cuont", "1"])
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""
