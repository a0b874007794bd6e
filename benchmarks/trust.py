"""How far the gradient checker can be trusted: right gradients that it calls wrong, and wrong ones that it passes.

    python benchmarks/trust.py --checks 10000 --state trust.json
    python benchmarks/trust.py --state trust.json --table          what was counted so far
    python benchmarks/trust.py --only 1234 [--planted]             one check again, with its report

Each check is determined by the seed and its number, so a run may be stopped at any time (Ctrl-C) and goes on where it
was. Right gradients come from reverse mode, or were written by hand in NumPy. One in PLANT is checked a second time
with a mistake: all components, or one, off by a relative 1e-9 (of 1,000 components, one by 0.1%), or a number where the
truth is 0. A mistake counts where there is one: at a kink, a derivative times (1 + 1e-9) is no other derivative. One
gradient in DOUBLES is checked again as one that runs on doubles only, and so has no formula of many digits.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from trust_cases import Check, check

from engine.check import Report, check_gradient
from engine.check.case import Component
from engine.check.structure import flat_numbers

PLANT = 40
DOUBLES = 10
IN_DOUBLES = ", gradient in doubles"
SAVE = 30.0  # seconds between two writings of the state
NORMAL = (2.0**-1000, 2.0**1000)  # of this size a truth has all its digits, and its neighbours too
PASSES = ("ok", "inaccurate", "kink")
LOST = 1e-3  # a derivative that is off by more of itself is wrong, whatever its formula
ORACLE_LESS = ("black boxes", "black boxes, hard numbers")

Counts = dict[str, dict[str, int]]


def planted(case: Check, clean: Report, rng: random.Random) -> tuple[Callable[..., Any], list[int], str] | None:
    """Return the gradient with a mistake, the components it is in, and its words; None where there can be none."""
    zeros = [i for i, c in enumerate(clean.components) if c.verdict == "ok" and c.low == c.high == c.claimed == 0]
    if zeros and case.source not in ORACLE_LESS and rng.random() < 0.5:
        return (*_beside_zero(case, clean, [rng.choice(zeros)], rng), "a number where the truth is 0")
    factor = 1.001 if len(clean.components) == 1000 or case.source in ORACLE_LESS else 1 + rng.choice((1e-9, -1e-9))
    fit = [
        i
        for i, c in enumerate(clean.components)
        if c.verdict in ("ok", "inaccurate")
        and NORMAL[0] <= abs(c.truth) <= NORMAL[1]
        and abs(c.claimed) >= NORMAL[0]
        and abs(c.claimed * factor - c.truth) >= 0.4 * abs(factor - 1) * abs(c.truth)
    ]
    if not fit:
        return None
    where = [rng.choice(fit)] if len(clean.components) == 1000 or rng.random() < 0.5 else fit

    def wrong(*args: Any) -> list[Any]:
        numbers = flat_numbers(case.gradient(*args))
        return [factor * x if i in chosen else x for i, x in enumerate(numbers)]

    chosen = frozenset(where)
    return wrong, where, f"off by {abs(factor - 1):.0e}"


def _beside_zero(
    case: Check, clean: Report, where: list[int], rng: random.Random
) -> tuple[Callable[..., Any], list[int]]:
    sizes = [abs(c.truth) for c in clean.components]
    usual = max((float(s) for s in sizes if NORMAL[0] * 1e9 <= s <= NORMAL[1]), default=1.0)
    number = rng.choice((1.0, 1e-3, 1e-9)) * usual

    def wrong(*args: Any) -> list[Any]:
        return [x + number if i in where else x for i, x in enumerate(flat_numbers(case.gradient(*args)))]

    return wrong, where


class Campaign:
    """The counts of all checks so far, and the file that they are kept in."""

    def __init__(self, seed: int, path: Path | None) -> None:
        self.path = path
        self.state: dict[str, Any] = {
            "seed": seed,
            "next": 0,
            "cpu_seconds": 0.0,
            "slowest": [0.0, 0],
            "right": {},
            "planted": {},
            "false": [],
            "code": [],
        }
        if path is not None and path.exists():
            self.state = json.loads(path.read_text())
            if self.state["seed"] != seed:
                raise SystemExit(f"{path} was counted with seed {self.state['seed']}; give --seed {self.state['seed']}")
        self.state["code"].append([self.state["next"], _digest()])
        self.saved = time.monotonic()

    def save(self) -> None:
        """Write the state, in one step, so that a crash leaves the old one."""
        if self.path is not None:
            beside = self.path.with_suffix(".new")
            beside.write_text(json.dumps(self.state, indent=1))
            os.replace(beside, self.path)
        self.saved = time.monotonic()

    def run(self, checks: int) -> None:
        """Go on until so many checks have been made in all."""
        try:
            while self.state["next"] < checks:
                self._next(self.state["next"])
                self.state["next"] += 1
                if time.monotonic() - self.saved > SAVE:
                    self.save()
        except KeyboardInterrupt:
            print(f"stopped at check {self.state['next']}; the same command goes on from there")
        finally:
            self.save()

    def _next(self, number: int) -> None:
        case = check(self.state["seed"], number)
        started = time.process_time()
        self._check(case, number, PLANT)
        spent = time.process_time() - started
        self.state["cpu_seconds"] += spent
        self.state["slowest"] = max(self.state["slowest"], [spent, number])
        if number % DOUBLES == 0 and case.source not in ORACLE_LESS:
            self._check(
                replace(case, source=case.source + IN_DOUBLES, gradient=_of_doubles(case.gradient)), number, PLANT // 4
            )

    def _check(self, case: Check, number: int, plant: int) -> None:
        report = judged(case, case.gradient)
        self._count("right", case.source, report, number, case, false=_is_false(case, report))
        rng = random.Random(f"{self.state['seed']} {number} plant")
        if report is None or not (rng.randrange(plant) == 0 or len(report.components) == 1000):
            return
        mistake = planted(case, report, rng)
        if mistake is not None:
            wrong, where, words = mistake
            found = judged(case, wrong)
            passed = found is None or all(found.components[i].verdict in PASSES for i in where)
            self._count("planted", f"{case.source}, {words}", found, number, case, false=passed)

    def _count(self, part: str, key: str, found: Report | None, number: int, case: Check, *, false: bool) -> None:
        counts: dict[str, int] = self.state[part].setdefault(key, {})
        verdict = "error" if found is None else found.verdict
        counts[verdict] = counts.get(verdict, 0) + 1
        if false or found is None:
            counts["FALSE"] = counts.get("FALSE", 0) + 1
            print(f"check {number}, {part}: {verdict}; {case.words}\n{found}", flush=True)
            self.state["false"].append([number, part, key, verdict, case.words[:500]])
            self.save()


def judged(case: Check, gradient: Callable[..., Any]) -> Report | None:
    """Return the report, or None where the checker itself fails; the traceback is printed."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return check_gradient(case.f, gradient, case.at)
    except Exception:
        traceback.print_exc(limit=-4)
        return None


def _is_false(case: Check, report: Report | None) -> bool:
    """Tell whether a right gradient was called wrong, or a kink something else than what it is.

    Reverse mode may have lost a derivative, or met a pole: then its number is none that a black box could call right.
    """
    if report is None or (report.verdict != "wrong" and not case.expected):
        return False
    if case.expected and not case.source.endswith(IN_DOUBLES):
        return report.verdict != case.expected
    if case.source.endswith(IN_DOUBLES):
        return any(_is_right(c) for c in report.components if c.verdict == "wrong")
    if case.inside is None:
        return True
    proved = check_gradient(case.inside, case.gradient, case.at).components
    return any(_is_right(p) for p, c in zip(proved, report.components, strict=True) if c.verdict == "wrong")


def _is_right(proved: Component) -> bool:
    if proved.verdict == "inconclusive":
        return False
    return proved.verdict in ("ok", "kink") or abs(proved.claimed - proved.truth) <= LOST * abs(proved.truth)


def _of_doubles(gradient: Callable[..., Any]) -> Callable[..., Any]:
    def in_doubles(*args: Any) -> list[float]:
        if not all(isinstance(x, (int, float)) for x in flat_numbers(list(args))):
            raise TypeError("a gradient that takes doubles only")
        return [float(x) for x in flat_numbers(gradient(*args))]

    return in_doubles


def _with_an_oracle(key: str) -> bool:
    return key not in ORACLE_LESS and not key.endswith(IN_DOUBLES)


def _digest() -> str:
    """Return a digest of the code that is counted: a mended checker shows in the state."""
    engine = Path(__file__).resolve().parents[1] / "engine"
    parts = [path.read_bytes() for path in sorted(engine.rglob("*.py"))]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


def table(state: dict[str, Any]) -> str:
    """Return the counts as text."""
    lines = []
    columns = ("ok", "kink", "inaccurate", "inconclusive", "wrong", "error", "FALSE")
    for part, title in (("right", "right gradients"), ("planted", "planted mistakes")):
        total: Counter[str] = Counter()
        lines.append(f"{title:72}{'checks':>9}" + "".join(f"{c:>13}" for c in columns))
        for key, counts in sorted(state[part].items()):
            total.update(counts)
            lines.append(_line(key, counts, columns))
        lines += [_line("all", total, columns), ""]
    each = 1000 * state["cpu_seconds"] / max(state["next"], 1)
    slowest, number = state["slowest"]
    lines.append(
        f"{state['next']:,} numbers, {each:.2f} ms of CPU for each; the slowest, {number}, took {slowest:.2f} s"
    )
    alarms = sum(c.get("wrong", 0) for key, c in state["right"].items() if _with_an_oracle(key))
    checked = sum(_checks(c) for key, c in state["right"].items() if _with_an_oracle(key))
    bound = f" (95%: under {3 / checked:.1e})" if checked and not alarms else ""
    lines.append(f"right gradients called wrong, with an oracle: {alarms} of {checked:,}{bound}")
    return "\n".join(lines)


def _checks(counts: dict[str, int]) -> int:
    return sum(n for verdict, n in counts.items() if verdict != "FALSE")


def _line(key: str, counts: dict[str, int], columns: tuple[str, ...]) -> str:
    return f"{key:72}{_checks(counts):9,}" + "".join(f"{counts.get(c, 0):13,}" for c in columns)


def show(seed: int, number: int, plant: bool) -> None:
    """Print one check and its report, with its planted mistake if asked for."""
    case = check(seed, number)
    print(case.words)
    report = judged(case, case.gradient)
    print(report)
    mistake = planted(case, report, random.Random(f"{seed} {number} plant")) if plant and report is not None else None
    if mistake is not None:
        print(f"\nplanted: {mistake[2]}, in {mistake[1]}:\n{judged(case, mistake[0])}")


def main() -> int:
    """Run the command; the exit status is 1 if a verdict was false."""
    parser = argparse.ArgumentParser(description="How far the gradient checker can be trusted.")
    parser.add_argument("--checks", type=int, default=2000, metavar="N", help="in all, those of earlier runs included")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, metavar="FILE", help="where the counts are kept (JSON)")
    parser.add_argument("--table", action="store_true", help="print what was counted, and check nothing")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="make one check and print its report")
    parser.add_argument("--planted", action="store_true", help="with --only: the planted mistake, too")
    options = parser.parse_args()
    if options.only is not None:
        show(options.seed, options.only, options.planted)
        return 0
    for stop in (signal.SIGINT, signal.SIGTERM):  # in the background, too
        signal.signal(stop, signal.default_int_handler)
    campaign = Campaign(options.seed, options.state)
    if not options.table:
        campaign.run(options.checks)
    print(table(campaign.state))
    return 1 if campaign.state["false"] else 0


if __name__ == "__main__":
    sys.exit(main())
