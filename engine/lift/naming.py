"""The pass that gives names: those of the theorem for a network, and short ones for anything else.

A matrix product is z1 = W1 @ x + b1, and a function of it f1; the parameters that are no matrix of a product are p1,
p2, ... The adjoint pass then calls the adjoint of z1 d1, and the gradients dW1, db1, ...
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.lift.program import Leaf, Program, Statement

_NO_ACTIVATION = frozenset(("add", "sub", "mul", "div", "neg", "pos", "sum", "dot", "take", "pack"))


def named(program: Program, inputs: Sequence[str] = ()) -> Program:
    """Give names to the leaves, to matrix products and to their activations.

    >>> W, x = Leaf("parameter", (0, 1), (1, 2)), Leaf("input", (0, 1), (2,))
    >>> z, f = Statement("matmul", (0, 1), (1,)), Statement("tanh", (2,), (1,))
    >>> named(Program((W, x), (z, f), (3,)), ["x"]).statements[1].name
    'f1'
    """
    products = [s for s in program.statements if s.operation == "matmul"]
    matrices = {W: i for i, W in enumerate(dict.fromkeys(s.args[0] for s in products), 1)}
    names: dict[int, str] = {}
    for s in products:
        number = matrices[s.args[0]]
        names.setdefault(s.args[0], f"W{number}")
        if len(s.args) > 2:
            names.setdefault(s.args[2], f"b{number}")
    rest = (v for v, leaf in enumerate(program.leaves) if leaf.kind == "parameter" and v not in names)
    names |= {v: f"p{i}" for i, v in enumerate(rest, 1)}
    arrays = (v for v, leaf in enumerate(program.leaves) if leaf.kind == "constant" and leaf.shape)
    names |= {v: f"c{i}" for i, v in enumerate(arrays, 1)}
    for v, leaf in enumerate(program.leaves):
        if leaf.kind == "input":
            names[v] = inputs[leaf.number] if leaf.number < len(inputs) else f"x{leaf.number + 1}"
    leaves = tuple(leaf._replace(name=names.get(v, "")) for v, leaf in enumerate(program.leaves))
    return program._replace(leaves=leaves, statements=tuple(_name_layers(program)))


def _name_layers(program: Program) -> list[Statement]:
    """Name the k-th matrix product zk, and the first function of it alone fk."""
    statements, n = program.statements, len(program.leaves)
    constants = {v for v, leaf in enumerate(program.leaves) if leaf.kind == "constant"}
    layer: dict[int, int] = {}
    activated: set[int] = set()
    made = []
    for v, s in enumerate(statements, n):
        if s.operation == "matmul":
            layer[v] = len(layer) + 1
            made.append(s._replace(name=f"z{layer[v]}"))
            continue
        found = [a for a in s.args if a not in constants]
        is_activation = len(found) == 1 and found[0] in layer and s.shape == statements[found[0] - n].shape
        if is_activation and s.operation not in _NO_ACTIVATION and found[0] not in activated:
            activated.add(found[0])
            made.append(s._replace(name=f"f{layer[found[0]]}"))
        else:
            made.append(s)
    return made


def adjoint_name(definition: Leaf | Statement) -> str:
    """Return the name of a variable's adjoint: d1 for z1, dW1 for W1, none for a variable without a name.

    >>> adjoint_name(Statement("matmul", (), name="z1")), adjoint_name(Leaf("parameter", (), name="b1"))
    ('d1', 'db1')
    """
    if not definition.name or definition.name.startswith("f"):
        return ""
    return f"d{definition.name[1:] if definition.name.startswith('z') else definition.name}"
