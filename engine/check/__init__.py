"""A gradient checker that proves what it says, or says that it cannot tell.

>>> from engine.check import check_gradient
>>> print(check_gradient(lambda x: x**3, lambda x: 3 * x * x, at=2.0).verdict)
ok

People's functions are run over intervals and numbers of many digits, so that the truth comes from arithmetic and not
from a step that was guessed. The map of this package:

run f over any number      traced (the number), arrays (NumPy code), tape (the record), fields (the arithmetic), rules,
                           huge (what bounds the cost)
is it still the same f     runs, likeness
the truth                  oracles (interval, rerun), hessians, blackbox, ladder and doubts (functions of doubles only)
around kinks               kinks, decisions (how a second run settles a comparison)
ok, wrong, or what         case, claims, verdicts, formula, precision (float32)
what the mistake was       diagnosis, evidence, factors, planted and activations (the mistakes), sweeps (f's graph),
                           places, seen (text and data)
what the user sees         checking, shapes, report, reproduction, properties, strategies, __main__
"""

from engine.check.checking import assert_gradient, check_gradient
from engine.check.command import main
from engine.check.properties import gradient_property
from engine.check.report import Report

__all__ = ["Report", "assert_gradient", "check_gradient", "gradient_property", "main"]
