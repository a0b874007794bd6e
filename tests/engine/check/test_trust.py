"""The count of false verdicts: it goes on where it was, and a check can be repeated by its number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = next(p for p in Path(__file__).resolve().parents if (p / "benchmarks").is_dir() or p.parent == p)
PROGRAM = ROOT / "benchmarks" / "trust.py"

pytestmark = pytest.mark.skipif(not PROGRAM.is_file(), reason="benchmarks are in the checkout only")


def trust(*words: str) -> str:
    done = subprocess.run([sys.executable, str(PROGRAM), *words], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_a_count_goes_on_where_it_was_and_counts_nothing_twice(tmp_path: Path) -> None:
    half, whole = tmp_path / "half.json", tmp_path / "whole.json"
    trust("--checks", "30", "--state", str(half))
    trust("--checks", "60", "--state", str(half))
    trust("--checks", "60", "--state", str(whole))
    first, second = (json.loads(path.read_text()) for path in (half, whole))
    assert first["next"] == second["next"] == 60
    for part in ("right", "planted", "false"):
        assert first[part] == second[part]
    of_digits = [counts for key, counts in first["right"].items() if not key.endswith(", gradient in doubles")]
    assert sum(sum(counts.values()) for counts in of_digits) == 60
    assert "right gradients called wrong, with an oracle: 0 of" in trust("--state", str(half), "--table")


def test_one_check_is_repeated_by_its_number() -> None:
    first, again, other = (trust("--only", number).splitlines()[0] for number in ("12", "12", "13"))
    assert first == again != other
