import pytest

from engine import Value
from viz.roles import roles_of


@pytest.mark.parametrize(
    ("name", "role"), [("w", "parameter"), ("W_12", "parameter"), ("model.w[3]", "parameter"), ("width", "input")]
)
def test_a_leaf_named_like_a_weight_is_a_parameter(name: str, role: str) -> None:
    leaf = Value(1.0, label=name)
    assert roles_of([leaf, leaf.tanh()], [0, 1], lambda node: node.label)[0] == role


def test_a_bias_counts_only_beside_weights() -> None:
    w, b = Value(1.0, label="w"), Value(1.0, label="b")
    assert roles_of([w, b, w + b], [0, 1, 2], lambda node: node.label)[1] == "parameter"
    assert roles_of([b, b.tanh()], [0, 1], lambda node: node.label)[0] == "input"
