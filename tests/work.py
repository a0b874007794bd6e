"""How much work a call is, counted: the lines of Python that it runs, which no other process and no machine changes.

A test of speed fails where the machine is busy. What it is there for, that nothing takes a time that grows with the
square of the size, or exponentially, is seen as well in a count; the times themselves are in benchmarks/.
"""

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from engine import Value


def lines_run(call: Callable[[], Any]) -> int:
    """Count the lines that run in a call, and in all that it calls; what is written in C counts as nothing."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before, collecting = sys.gettrace(), gc.isenabled()
    gc.disable()  # it runs when it likes, and what it calls would be counted
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
        if collecting:
            gc.enable()
    return count


def growth(call: Callable[[Any], Any], make: Callable[[int], Any], size: int) -> float:
    """Return how many times as much work a call is on something of four times the size.

    That is 4 for linear work, or a little more where something is sorted, 16 for quadratic work, and hardly a number at
    all for exponential work.
    """
    small, large = make(size), make(4 * size)
    call(small)  # what is made once, imports and tables, belongs to neither
    return lines_run(lambda: call(large)) / lines_run(lambda: call(small))


def halved(times: int) -> Value:
    """Return x halved again and again: one operation after the other, a graph of any size to try a call on."""
    value = Value(0.5, label="x")
    for _ in range(times):
        value = value * 0.5
    return value
