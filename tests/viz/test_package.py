import subprocess
import sys

import pytest

import viz


def test_import_viz_loads_neither_graphviz_nor_numpy_nor_the_engine() -> None:
    program = "import sys, viz; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "viz" in done.stdout.split()
    assert not {"graphviz", "numpy", "pygraphviz", "engine"} & set(done.stdout.split())


def test_the_tree_needs_no_graphviz() -> None:
    program = (
        "import sys; from engine import Value; from viz import tree; tree(Value(1.0)); print('graphviz' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_package_offers_its_functions_and_says_so() -> None:
    assert dir(viz) == ["draw", "draw_network", "draw_program", "draw_step", "frames", "save", "tree"]
    assert all(callable(getattr(viz, name)) for name in viz.__all__)
    with pytest.raises(AttributeError, match="it has draw, draw_network, draw_program, draw_step, frames, save, tree"):
        viz.__getattr__("paint")
