"""Command lines: a parser whose mistakes are errors of one line, and numbers that are checked as they are read."""

import argparse
import math
from collections.abc import Callable
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An argument parser that raises what it has to say: the command tells it in its own way, with its own exit code.

    >>> parser = Parser(prog="count")
    >>> _ = parser.add_argument("--to", type=whole(1))
    >>> parser.parse_args(["--to", "3"]).to
    3
    >>> parser.parse_args(["--to", "0"])
    Traceback (most recent call last):
    ValueError: argument --to: must be a whole number from 1 on, got '0' (see count --help)
    """

    def error(self, message: str) -> NoReturn:
        """Raise ValueError with the message, and where the help is."""
        raise ValueError(f"{message} (see {self.prog} --help)")


def whole(least: int) -> Callable[[str], int]:
    """Return what reads a whole number of at least this size.

    >>> whole(0)("12")
    12
    >>> whole(1)("0")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: must be a whole number from 1 on, got '0'
    """

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and int(text) >= least):
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} on, got {text!r}")
        return int(text)

    return read


def positive(unit: str = "") -> Callable[[str], float]:
    """Return what reads a positive finite number, of seconds for instance.

    >>> positive()("1e-3")
    0.001
    >>> positive(" of seconds")("0")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: must be a positive number of seconds, got '0'
    """

    def read(text: str) -> float:
        if not 0 < _number(text) < math.inf:
            raise argparse.ArgumentTypeError(f"must be a positive number{unit}, got {text!r}")
        return float(text)

    return read


def share(text: str) -> float:
    """Read a number above 0 and below 1.

    >>> share("0.1")
    0.1
    >>> share("10")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: must be above 0 and below 1, got '10'
    """
    if not 0 < _number(text) < 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and below 1, got {text!r}")
    return float(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
