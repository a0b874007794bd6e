"""The REPL of `python -m engine`: everything imported, IPython where it is installed."""

from __future__ import annotations

import code
import importlib
import importlib.util
import platform
import sys
import types
from fractions import Fraction
from typing import Any

import engine

GREETING = """\
chainrule on Python {version}: Value, derivative, grad, explain, sin, exp, ... are imported.
Try:   x = Value(2.0); y = x * sin(x) + x**2; explain(y, wrt=x)
Then:  strategies.compare(y), paths(y, x), help(engine); Ctrl-D or exit() ends."""


def namespace() -> dict[str, Any]:
    """Return the names that are there at the start: all of the engine's, and Fraction.

    >>> sorted(set(namespace()) - set(engine.__all__))
    ['Fraction', 'engine']
    """
    return {name: getattr(engine, name) for name in engine.__all__} | {"Fraction": Fraction, "engine": engine}


def start(*, plain: bool = False) -> None:
    """Start a REPL, IPython's where it is installed and plain is False; return when the user ends it."""
    greeting = GREETING.format(version=platform.python_version())
    if not plain and importlib.util.find_spec("IPython") is not None:
        config = importlib.import_module("traitlets.config").Config()
        config.TerminalInteractiveShell.banner1 = greeting + "\n"
        importlib.import_module("IPython").start_ipython(argv=[], user_ns=namespace(), config=config)
        return
    if importlib.util.find_spec("readline") is not None:
        import readline  # with it the prompt has a history
        import rlcompleter

        assert rlcompleter
        readline.parse_and_bind("tab: complete")
    # The variables are those of __main__, as in any REPL: that is where names for the ledger are found.
    module = types.ModuleType("__main__")
    module.__dict__.update(namespace())
    sys.modules["__main__"] = module
    code.interact(banner=greeting, local=module.__dict__, exitmsg="")
