"""Memory: what a trace will take with all its passes, counted while it grows, and what there is."""

from __future__ import annotations

import os

BYTES_PER_OPERATION = 1400
"""A traced operation, or another Value that the function makes, through all passes: the most that was measured.

That was an irregular expression, which no pass shortens and whose adjoint is three times as long; networks written with
single additions and multiplications take 500 to 700.
"""
BYTES_PER_ARGUMENT = 100
"""Each argument of an operation: a dot product of a thousand numbers is one operation and two thousand arguments."""
BYTES_PER_LEAF = 600
"""A Value that was there before, such as a parameter."""


class Meter:
    """The bytes that a trace so far will take, and the most that it may.

    >>> meter = Meter(limit=2000)
    >>> meter.made(), meter.read(0, is_leaf=True), meter.read(0, is_leaf=True), meter.text()
    (False, True, True, '2.2e-06 GB')
    """

    __slots__ = ("_leaves", "limit", "operations", "spent")

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.operations = 0
        self.spent = 0
        self._leaves: set[int] = set()

    def made(self) -> bool:
        """Count an operation, and return whether that is too much."""
        self.operations += 1
        self.spent += BYTES_PER_OPERATION
        return self.spent > self.limit

    def read(self, identity: int, *, is_leaf: bool) -> bool:
        """Count the use of an argument, a leaf once more at its first use, and return whether that is too much."""
        self.spent += BYTES_PER_ARGUMENT
        if is_leaf and identity not in self._leaves:
            self._leaves.add(identity)
            self.spent += BYTES_PER_LEAF
        return self.spent > self.limit

    def text(self) -> str:
        """Return the bytes that were counted, in gigabytes."""
        return f"{self.spent / 1e9:.2g} GB"


def available() -> float:
    """Return the bytes that a program can have now, as far as the system tells; infinity where it does not."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return float(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):  # no Linux
        pass
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return float("inf")
