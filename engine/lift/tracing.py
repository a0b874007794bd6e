"""Tracing: the function is called once on Values, and the graph it leaves behind is read as a program of scalars.

While it is called, every operation is watched. What a program of arrays could not repeat is refused at the source line
where it happens: a comparison (the program would always take the branch of the example), reading or changing the data
of a Value (the number of the example would be frozen), a number that is no float, and more operations than there is
memory for.
"""

from __future__ import annotations

import linecache
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, NoReturn

from engine.lift.memory import Meter
from engine.lift.program import Leaf, Program, Statement
from engine.value import Constant, Value

_ENGINE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_BRANCHES = {"__eq__": "==", "__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">=", "__bool__": "if"}
_lock = threading.Lock()


class TraceError(RuntimeError):
    """The function does something that cannot be lifted; the message names the source line and a cure."""


def run(f: Callable[..., Any], arguments: Sequence[Any], meter: Meter) -> Any:
    """Return f(*arguments), watched; TraceError or MemoryError names the line that cannot be lifted.

    Any other exception of the function gets a note that names the line, and says what is special about a trace.
    """
    try:
        with _lock, _watched(meter):
            return f(*arguments)
    except (TraceError, MemoryError):
        raise
    except Exception as error:
        error.add_note(_note(error.__traceback__, len(arguments)))
        raise


def read(outputs: Sequence[Value], parameters: Sequence[Value], inputs: Sequence[Sequence[Value]]) -> Program:
    """Return the graph behind the outputs as a program of scalars.

    >>> w, x = Value(2.0), Value(3.0)
    >>> print(read([w * x], [w], [[x]]))
    v0 = parameter 0
    v1 = input 0
    v2 = mul(v0, v1)
    return v2
    """
    given = {v: Leaf("parameter", (i,)) for i, v in enumerate(parameters)}
    given |= {v: Leaf("input", (i,), number=k) for k, argument in enumerate(inputs) for i, v in enumerate(argument)}
    order = _postorder(outputs)
    leaves = [v for v in order if v.row is None]
    leaves.sort(key=lambda v: v not in given)  # stable: what is given first, then the constants
    nodes = [v for v in order if v.row is not None]
    number = {v: i for i, v in enumerate((*leaves, *nodes))}
    read_leaves = tuple(given.get(v) or Leaf("constant", (float(v.data),)) for v in leaves)
    statements = tuple(Statement(v.row.name, tuple([number[a] for a in v.args])) for v in nodes if v.row)
    return Program(read_leaves, statements, tuple(number[v] for v in outputs))


def free_leaves(outputs: Sequence[Value], inputs: Sequence[Value]) -> list[Value]:
    """Return the Values, neither inputs nor constants, that the outputs were made from, in the order of their use."""
    known = set(inputs)
    return [v for v in _postorder(outputs) if v.row is None and not isinstance(v, Constant) and v not in known]


def check_float(values: Sequence[Value], what: str) -> None:
    """Raise a TraceError where a Value holds another number than a float."""
    for i, v in enumerate(values):
        if type(v.data) is not float:
            name = f"{what} {i}" + (f" ({v.label!r})" if v.label else "")
            raise TraceError(
                f"{name} holds {v.data!r}, a {type(v.data).__name__}; arrays hold floats: give Value(float(...))"
            )


def _postorder(outputs: Sequence[Value]) -> list[Value]:
    """Return every Value that the outputs were made from, arguments before uses; without recursion."""
    done: set[Value] = set()
    order: list[Value] = []
    path = list(reversed(outputs))
    while path:
        v = path[-1]
        if v in done:
            path.pop()
            continue
        missing = [a for a in v.args if a not in done]
        if missing:
            missing.reverse()
            path += missing
        else:
            done.add(v)
            order.append(v)
            path.pop()
    return order


@contextmanager
def _watched(meter: Meter) -> Iterator[None]:
    """Watch the operations of this thread on Values: comparisons, and every access to data from outside the engine."""
    thread = threading.get_ident()
    slot: Any = Value.__dict__["data"]
    originals = {name: Value.__dict__[name] for name in _BRANCHES}

    def branch(name: str) -> Callable[..., Any]:
        original = originals[name]

        def compare(self: Value, *other: Any) -> Any:
            if threading.get_ident() == thread:
                if not _inside_engine(sys._getframe(1)):
                    _refuse_branch(_BRANCHES[name])
                if name != "__bool__":
                    _refuse_derivative()
            return original(self, *other)

        return compare

    def get(self: Value) -> Any:
        if threading.get_ident() == thread:
            caller = sys._getframe(1)
            if not _inside_engine(caller):
                _refuse(
                    "reads the data of a Value, a plain number without a derivative",
                    "calculate with the Value itself; math.exp(v.data) is exp(v), with `from engine import exp`",
                )
            if caller.f_code.co_name == "data_of":
                _refuse_derivative()
            if meter.read(id(self), is_leaf=self.row is None):  # an operation reads the data of each argument once
                _refuse_size(meter)
        return slot.__get__(self)

    def put(self: Value, data: Any) -> None:
        if threading.get_ident() == thread:
            if not _inside_engine(sys._getframe(1)):
                _refuse("changes the data of a Value", "make a new Value by an operation, such as w - step * slope")
            if type(data) is not float and type(data) is not int:
                what = f"a number of type {type(data).__name__}, {data!r}"
                _refuse(f"calculates with {what}", "arrays hold floats: convert it with float(...)")
            if meter.made():
                _refuse_size(meter)
        slot.__set__(self, data)

    for name in _BRANCHES:
        setattr(Value, name, branch(name))
    setattr(Value, "data", property(get, put))  # noqa: B010 - mypy takes a slot for no class variable
    try:
        yield
    finally:
        setattr(Value, "data", slot)  # noqa: B010 - as above
        for name, original in originals.items():
            setattr(Value, name, original)


def _inside_engine(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_ENGINE)


def _refuse_branch(sign: str) -> NoReturn:
    _refuse(
        f"branches on a Value ({sign}), so the program would always go the way of the example",
        "write the choice as an operation: relu, abs, maximum, minimum, leaky_relu",
    )


def _refuse_derivative() -> NoReturn:
    """Refuse a derivative inside the function: its recorded graph leaves out what is 0, and rules choose their form."""
    _refuse(
        "takes a derivative, whose recorded formula depends on the numbers of the example",
        "lift the function itself, and let the program take its gradient",
    )


def _refuse(what: str, cure: str) -> NoReturn:
    raise TraceError(f"{_line()} {what}; {cure}")


def _refuse_size(meter: Meter) -> NoReturn:
    raise MemoryError(
        f"{_line()} made operation {meter.operations:,} of the trace: with its arguments and all passes it would take "
        f"more than {meter.text()}, all the memory that is free. Trace fewer samples (one is enough: give the function "
        "one sample, and the program the batch), or set limit= to the bytes to allow"
    )


def _note(raised: TracebackType | None, arguments: int) -> str:
    """Return where in the function an exception was raised, and what could have led to it."""
    found = None
    while raised is not None:
        if not _inside_engine(raised.tb_frame):
            found = raised
        raised = raised.tb_next
    if found is None:
        return f"lift calls the function with one argument for each example, here {arguments}"
    where = _described(found.tb_frame, found.tb_lineno)
    return (
        f"raised while lifting, at {where}: there each number of the examples is a Value, and the numbers have to be "
        "ones that the function can take; calculate with operators, and with the functions of engine"
    )


def _line() -> str:
    """Return the source line, outside the engine, that is being run."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and _inside_engine(frame):
        frame = frame.f_back
    return "the function" if frame is None else _described(frame, frame.f_lineno)


def _described(frame: FrameType, number: int) -> str:
    name = frame.f_code.co_filename
    text = linecache.getline(name, number).strip()
    return f"line {number} of {os.path.basename(name)}" + (f" (`{text}`)" if text else "")
