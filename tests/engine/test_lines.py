from __future__ import annotations

import inspect
import threading
from pathlib import Path

import numpy as np
import pytest

from engine import Graph, Value, dot, recording, tanh, value
from engine.lines import Recorded, line_of, source_of

HERE = Path(__file__).name


def here() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def test_every_operation_knows_its_line() -> None:
    x, w = Value(0.5), Value(2.0)
    with recording():
        line = here() + 1
        nodes = [x + w, x * w, 3 - x, x**2, -x, tanh(x), x.exp(), dot([x], [w], 1.0)]
    assert {line_of(v) for v in nodes} == {f"{HERE}:{line}"}
    assert source_of(nodes[0]).startswith("nodes = [x + w,")


def test_a_line_inside_a_function_is_that_of_the_function() -> None:
    def square(v: Value) -> Value:
        return v * v

    with recording():
        y = square(Value(3.0))
    assert source_of(y) == "return v * v"


def test_library_code_between_is_skipped() -> None:
    from nn.scalar import MLP

    model = MLP(2, [3, 1])
    with recording():
        y = model([1.0, 2.0])
        z = np.sum(np.array([y, y]) * 2.0)
    lines = {source_of(v) for v in Graph(z).nodes if v.row is not None}
    assert lines == {"y = model([1.0, 2.0])", "z = np.sum(np.array([y, y]) * 2.0)"}


def test_nothing_is_recorded_outside_and_the_hot_path_is_the_very_same() -> None:
    before = value._new
    with recording():
        assert value._new is not before
    assert value._new is before is object.__new__
    y = Value(3.0) * 2.0
    assert type(y) is Value
    assert (line_of(y), source_of(y)) == ("", "")


def test_recordings_nest_and_end_with_the_outermost() -> None:
    with recording():
        with recording():
            pass
        y = Value(1.0) + 1.0
    assert line_of(y)
    assert type(Value(1.0) + 1.0) is Value


def test_an_error_inside_ends_the_recording() -> None:
    with pytest.raises(ZeroDivisionError), recording():
        Value(1.0) / 0
    assert type(Value(1.0) + 1.0) is Value


def test_gradients_of_recorded_nodes_are_the_same() -> None:
    def gradient() -> list[float]:
        x, w = Value(0.5), Value(-2.0)
        z = dot([w, x], [x, w], x) * tanh(w / x) - x**3
        (z * z + z).backward()
        return [x.grad, w.grad]

    plain = gradient()
    with recording():
        assert gradient() == plain


def test_a_recorded_node_as_the_second_argument_is_visited_by_backward() -> None:
    x = Value(3.0)
    with recording():
        y = 2.0 * x + x * (x * x)
    y.backward()
    assert x.grad == 2.0 + 27.0


def test_constants_and_leaves_have_no_line() -> None:
    with recording():
        y = Value(1.0) * 2.0
    assert [type(v) is Recorded for v in Graph(y).nodes] == [False, False, True]


def test_threads_record_together() -> None:
    found: list[str] = []

    def work() -> None:
        with recording():
            found.append(line_of(Value(1.0) + 1.0))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found)
    assert value._new is object.__new__


def test_a_domain_error_names_the_node_and_the_line_that_made_it() -> None:
    with recording():
        line = here() + 1
        p = Value(1.0) - 2.0
    p.label = "p"
    with pytest.raises(ValueError, match=rf"positive number, got -1\.0 \(node 'p', made at {HERE}:{line}\)"):
        p.log()
