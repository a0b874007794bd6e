"""The optional libraries of the extra `check`, imported where they are used."""

from __future__ import annotations

import importlib
import threading
from types import ModuleType

_LOCK = threading.RLock()  # two threads that import parts of mpmath at once may see one another's half


def require(name: str) -> ModuleType:
    """Return an optional library, or raise an ImportError that names the extra it comes with.

    >>> require("mpmath").__name__
    'mpmath'
    >>> require("no_such_library")
    Traceback (most recent call last):
    ...
    ImportError: engine.check needs no_such_library; get it with: pip install "chainrule[check]"
    """
    try:
        with _LOCK:
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        message = f'engine.check needs {name.partition(".")[0]}; get it with: pip install "chainrule[check]"'
        raise ImportError(message) from error
