import re

import pytest

from engine import Value, sum_
from viz.mermaid import MAX_LETTERS, escape, mermaid
from viz.view import view


def test_every_node_and_every_edge_has_a_line_of_its_own(square: Value) -> None:
    text = mermaid(view(square), title="y")
    assert re.findall(r"^  (n\d)(\S)", text, re.MULTILINE)[:3] == [("n0", "("), ("n1", "["), ("n2", "[")]
    assert re.findall(r'^  (n\d) -- "[^"]*" --> (n\d)$', text, re.MULTILINE) == [
        ("n0", "n1"),
        ("n0", "n1"),
        ("n1", "n2"),
        ("n0", "n2"),
    ]


def test_it_says_what_it_is_to_readers_who_do_not_see_it(square: Value) -> None:
    lines = mermaid(view(square), title="y = 12").splitlines()
    assert lines[1:4] == ["  accTitle: y = 12", "  accDescr {", "    3 nodes"]
    assert "    x: input, data 3.0, grad 7.0" in lines


def test_negative_is_dotted_and_a_highlight_is_thick(neuron: Value) -> None:
    assert mermaid(view(neuron)).count("-. ") == 1
    assert mermaid(view(neuron, highlight=neuron.args[0])).count("==>") == 1


def test_a_label_cannot_leave_its_quotes() -> None:
    assert escape('"]; click `<script>') == "#quot;]#59; click #96;#lt;script#gt;"
    text = mermaid(view(Value(1.0, label='x"]:::y; end {')))
    assert re.search(r'n0\[\["x#quot;\]:::y#59; end \{<br/>', text)


def test_what_mermaid_would_refuse_is_refused_with_a_hint() -> None:
    total = sum_([Value(float(i)) for i in range(600)])
    made = view(total, level="op", max_nodes=1000, max_arguments=1000)
    with pytest.raises(ValueError, match=r'up to 500 edges .* this picture has 600 .*: fold it with level="layer"'):
        mermaid(made)
    assert len(mermaid(view(total))) < MAX_LETTERS


def test_a_folded_network_keeps_its_layers_as_subgraphs(moons_loss: Value) -> None:
    text = mermaid(view(moons_loss, level="layer"))
    assert "16 neurons" in text
    frames = re.findall(r'subgraph layer\d+\["(layer \d)"\]', mermaid(view(_small(), level="neuron")))
    assert frames == ["layer 1", "layer 2"]


def _small() -> Value:
    from nn.scalar import MLP

    return MLP(2, [2, 1])([1.0, 2.0])
