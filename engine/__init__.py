"""Scalars: a number that remembers where it came from, and what can be done with that.

>>> from engine import Value
>>> x = Value(3.0, label="x")
>>> y = x * x
>>> y.backward()
>>> x.grad
6.0
"""

from engine.value import Value, dot, sum_

__all__ = ["Value", "dot", "sum_"]
