import sys
from types import SimpleNamespace

import pytest

from engine import Value
from nn.scalar import MLP
from viz.names import MOST, names_of


def test_names_are_found_in_lists_dicts_and_networks() -> None:
    model, table = MLP(2, [2, 1]), {"a": Value(1.0)}
    names = names_of({"table": table, "model": model})
    assert names[id(table["a"])] == "table['a']"
    assert names[id(model.layers[0].neurons[1].w[0])] == "model.layers[0].neurons[1].w[0]"
    assert names[id(model.layers[1].neurons[0].b)] == "model.layers[1].neurons[0].b"
    assert len(names) == 1 + len(model.parameters())


def test_the_first_name_wins_and_private_names_are_passed_over() -> None:
    x = Value(1.0)
    assert names_of({"_": x, "_12": x, "Out": [x], "x": x, "again": x}) == {id(x): "x"}


def test_a_program_has_no_names_of_its_own_but_a_repl_has(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(1.0)
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(x=x))
    assert names_of(None) == {}
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    assert names_of(None) == {id(x): "x"}


def test_a_huge_list_does_not_hold_up_a_drawing_and_a_list_in_itself_ends() -> None:
    assert len(names_of({"xs": [Value(0.0) for _ in range(MOST + 5)]})) == MOST
    endless: list[object] = [Value(1.0)]
    endless.append(endless)
    assert len(names_of({"endless": endless})) == 1


def test_properties_of_strangers_are_not_touched() -> None:
    class Trap:
        @property
        def layers(self) -> list[Value]:
            raise RuntimeError("touched")

    assert names_of({"trap": Trap()}) == {}
