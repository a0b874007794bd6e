"""Lifting: from a function of single numbers to a program of matrices, back-propagation included.

=====================  ==================================================================================
module                 holds
=====================  ==================================================================================
`program`              what a program is: leaves, statements, shapes; every pass goes from one to one
`tracing`              pass 1: call the function once on Values, read its graph (`memory`: if it fits)
`simplify`             passes 2-5: sums without chains, dot products, constants, common expressions
`grids`, `grouping`    pass 6: matrix products, and equal rows over whole argument lists (`arrays`)
`naming`               pass 7: W1, b1, z1, f1 for what is a network
`adjoint`              pass 8: back-propagation, statement by statement
`symbols`, `forms`     formulas for arrays, from the rules of `engine.elementary.TABLE` run on symbols
                       (`joining`: both ways of a branch; `rescaled`: rules that look into bits;
                       `infinite`: where 0 * inf is looked for)
`wording`, `emission`  a self-contained NumPy module as text (`cells`, `positions`, `brackets`, `helpers`)
`reading`              the program as a person would write it
`lifted`               `lift`, and the object it returns (`batches` in, `gradients` out)
=====================  ==================================================================================

>>> from engine import Value
>>> layers = [[([Value(0.1) for _ in range(n)], Value(0.0)) for _ in range(m)] for n, m in ((2, 3), (3, 2))]
>>> def network(x):
...     for layer in layers:  # one neuron, one multiplication at a time
...         z = [sum((wi * xi for wi, xi in zip(w, x)), b) for w, b in layer]
...         x = [zi.tanh() for zi in z]
...     return z
>>> print(lift(network, [0.0, 0.0], parameters=[[[w, b] for w, b in layer] for layer in layers]))
# input: x (2,)
# parameters: W1 (3, 2), b1 (3,), W2 (2, 3), b2 (2,)
# adjoint of the output: d2 (2,)
# forward
z1 = W1 @ x + b1              # (3,)
f1 = tanh(z1)                 # (3,)
z2 = W2 @ f1 + b2             # (2,)
# adjoint
dW2 = outer(d2, f1)           # (2, 3)
db2 = d2                      # (2,)
d1 = tanh'(z1) * (W2.T @ d2)  # (3,)
dW1 = outer(d1, x)            # (3, 2)
db1 = d1                      # (3,)
return z2, dW1, db1, dW2, db2
"""

from engine.lift.gradients import Gradients
from engine.lift.lifted import Lifted, lift
from engine.lift.tracing import TraceError

__all__ = ["Gradients", "Lifted", "TraceError", "lift"]
