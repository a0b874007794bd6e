from decimal import Decimal
from fractions import Fraction

import pytest

from engine import Value, sum_
from nn.scalar import MLP
from viz import draw, tree
from viz.view import view


@pytest.mark.parametrize("number", [Fraction(1, 3), Decimal("0.25"), complex(1, -2), float("nan"), float("inf")])
@pytest.mark.parametrize("level", ["op", "shape", "layer"])
def test_every_type_of_number_can_be_drawn_at_every_level(number: object, level: str) -> None:
    total = sum_([Value(number) * Value(number) for _ in range(5)])
    total.backward()
    assert draw(total, level=level).source.count(" -> ") >= 2
    assert tree(total, level=level)


def test_intervals_can_be_folded_too() -> None:
    iv = pytest.importorskip("mpmath").iv
    total = sum_([Value(iv.mpf((-1, 1))) * Value(iv.mpf((1, 2))) for _ in range(5)])
    total.backward()
    assert len(view(total, level="shape").nodes) == 3


def test_many_gradients_are_flagged_by_the_worst_of_them() -> None:
    xs = [Value(1.0), Value(1e-9), Value(2.0)]
    total = sum_([x.log() for x in xs])
    total.backward()
    leaves, logs, _ = view(total, level="shape").nodes
    assert (leaves.flag, logs.flag) == ("huge", "")


def test_the_limit_of_a_folded_picture_is_kept_by_comparing_less() -> None:
    x = Value(0.5, label="x")
    for step in range(300):
        x = (x * 0.5).tanh() if step % 3 else x + 1.0
    assert len(view(x, max_nodes=20).nodes) <= 20
    assert len(view(x, max_nodes=200).nodes) <= 60


def test_the_collector_runs_again_after_a_view(chain: Value) -> None:
    import gc

    assert gc.isenabled()
    view(chain)
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        view(chain, level=lambda value: 1 // 0)
    assert gc.isenabled()


@pytest.mark.parametrize("level", ["all", "", None, 3])
def test_an_unknown_level_is_refused_with_the_known_ones(level: object) -> None:
    with pytest.raises(ValueError, match="choose one of auto, op, neuron, layer, shape, or give a function"):
        view(Value(1.0), level=level)


def test_a_network_is_no_value_and_the_error_says_what_draws_it() -> None:
    with pytest.raises(TypeError, match=r"got MLP .*; draw_network draws a network"):
        view(MLP(2, [1]))
