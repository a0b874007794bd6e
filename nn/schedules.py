"""Schedules of the learning rate: what it is multiplied by when a share of a training's epochs is done.

======  =======================================================
symbol  meaning
======  =======================================================
done    share of the epochs that is done, 0 at the start, below 1 in the last epoch
factor  what the learning rate is multiplied by, 1 at the start (0 for a warm-up)
======  =======================================================
"""

import math
from collections.abc import Callable

Schedule = Callable[[float], float]


def constant(done: float) -> float:
    """Return 1.

    >>> constant(0.9)
    1.0
    """
    return 1.0


def linear(done: float) -> float:
    """Return what falls from 1 to 0 on a straight line.

    >>> linear(0.0), linear(0.75)
    (1.0, 0.25)
    """
    return 1.0 - done


def cosine(done: float) -> float:
    """Return what falls from 1 to 0 on half a cosine: (1 + cos(pi done)) / 2.

    Source: I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts" (ICLR 2017), equation 5.

    >>> cosine(0.0), round(cosine(0.5), 12), cosine(1.0)
    (1.0, 0.5, 0.0)
    """
    return (1 + math.cos(math.pi * done)) / 2


def exponential(last: float = 0.01) -> Schedule:
    """Return the schedule that falls from 1 to ``last`` by the same factor in each epoch.

    >>> exponential(0.01)(0.5)
    0.1
    >>> exponential(0.0)
    Traceback (most recent call last):
        ...
    ValueError: last must be a positive number, got 0.0; try 0.01, or linear, which ends at 0
    """
    if not 0 < last < math.inf:
        raise ValueError(f"last must be a positive number, got {last!r}; try 0.01, or linear, which ends at 0")
    return lambda done: float(last**done)


def steps(factor: float = 0.1, at: tuple[float, ...] = (0.5, 0.75)) -> Schedule:
    """Return the schedule that is multiplied by ``factor`` at each of these shares of the epochs.

    >>> schedule = steps(0.5, at=(0.25, 0.5))
    >>> schedule(0.0), schedule(0.25), schedule(0.9)
    (1.0, 0.5, 0.25)
    >>> steps(2.0)
    Traceback (most recent call last):
        ...
    ValueError: factor must be above 0 and at most 1, got 2.0; try 0.1
    >>> steps(0.5, at=(10,))
    Traceback (most recent call last):
        ...
    ValueError: at must hold shares of the epochs, above 0 and below 1, got (10,); try (0.5, 0.75)
    """
    if not 0 < factor <= 1:
        raise ValueError(f"factor must be above 0 and at most 1, got {factor!r}; try 0.1")
    if not all(0 < share < 1 for share in at):
        raise ValueError(f"at must hold shares of the epochs, above 0 and below 1, got {at}; try (0.5, 0.75)")
    return lambda done: float(factor ** sum(done >= share for share in at))


def warmup(schedule: Schedule, share: float = 0.1) -> Schedule:
    """Return a schedule that rises from 0 to 1 over this share of the epochs, and then follows the given one.

    >>> schedule = warmup(linear, share=0.5)
    >>> schedule(0.0), schedule(0.25), schedule(0.5), schedule(0.75)
    (0.0, 0.5, 1.0, 0.5)
    >>> warmup(linear, share=1.0)
    Traceback (most recent call last):
        ...
    ValueError: share must be above 0 and below 1, got 1.0; try 0.1
    """
    if not 0 < share < 1:
        raise ValueError(f"share must be above 0 and below 1, got {share!r}; try 0.1")
    return lambda done: done / share if done < share else schedule((done - share) / (1 - share))


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "exponential": exponential(),
    "steps": steps(),
}
