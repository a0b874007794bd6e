"""What a check found, as data and as text: verdicts, both numbers, the likely mistake, and a reproduction to paste."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from engine.check.case import Component
from engine.check.kinks import Nearest

WORST_FIRST = ("wrong", "inconclusive", "inaccurate", "kink", "ok")
PASSES = ("ok", "kink", "inaccurate")  # a gradient that is right, by a test's standards
SHOWN = 5  # components that a report spells out
DIGITS = 25  # of a truth


@dataclass(eq=False)
class Report:
    """The result of `check_gradient`; `print` it, or read its fields. It is true where the gradient passes.

    Attributes
    ----------
    verdict: the worst verdict of any component: ok, kink, inaccurate, inconclusive or wrong.
    components: one per derivative, in order, with claimed, truth, low, high, ulps, kappa, verdict and why.
    oracle, cost: who told the truth, and what that took.
    likely: the mistake that explains the numbers, in words; "" if none was found, or nothing is wrong.
    kink: the nearest kink, or None.
    reproduction: lines of Python that repeat this check.
    """

    components: list[Component]
    oracle: str
    cost: str
    order: int = 1
    likely: str = ""
    kink: Nearest | None = None
    reproduction: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The worst verdict of any component."""
        found = {c.verdict for c in self.components}
        return next(v for v in WORST_FIRST if v in found)

    def __bool__(self) -> bool:
        """Whether a gradient passes, as `assert_gradient` has it: ok, kink or inaccurate."""
        return self.verdict in PASSES

    @property
    def counts(self) -> dict[str, int]:
        """How many components have each verdict."""
        counter = Counter(c.verdict for c in self.components)
        return {v: counter[v] for v in WORST_FIRST if counter[v]}

    @property
    def worst(self) -> Component:
        """The component with the worst verdict, and of these the one that is off by most of itself."""
        return min(self.components, key=lambda c: (WORST_FIRST.index(c.verdict), -_relative(c)))

    def __str__(self) -> str:
        what = {1: "gradient", 2: "Hessian"}[self.order]
        total = len(self.components)
        tally = ", ".join(f"{n} {v}" for v, n in self.counts.items())
        lines = [f"{what}: {self.verdict}   ({total} component{'s' * (total != 1)}: {tally})"]
        if self.likely:
            lines.append(f"likely mistake: {self.likely}")
        bad = [c for c in self.components if c.verdict == self.verdict]
        if self.verdict != "ok":
            bad.sort(key=_relative, reverse=True)
            for c in bad[:SHOWN]:
                lines += _spelled_out(c)
            if len(bad) > SHOWN:
                lines.append(f"  ... and {len(bad) - SHOWN} more")
        lines.append(f"oracle: {self.oracle} ({self.cost})")
        if self.kink is not None:
            lines.append(f"nearest kink: {_where(self.kink)}")
        lines += [f"note: {note}" for note in self.notes]
        if self.verdict != "ok" and self.reproduction:
            lines += ["to repeat it:", *("  " + line for line in self.reproduction.splitlines())]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show the report in a notebook as a table; it is made by viz, which is imported only here."""
        from viz.notebook import report_bundle

        return report_bundle(self, include, exclude)


def _relative(c: Component) -> float:
    if not math.isfinite(c.claimed) or c.truth - c.truth != 0:
        return math.inf
    return float(abs(c.claimed - c.truth) / (abs(c.truth) or 1))


def _where(kink: Nearest) -> str:
    if kink.distance == 0:
        return f"right here, at {kink.line}"
    return f"{kink.distance:.3g} away in {kink.name}, at {kink.line}"


def _spelled_out(c: Component) -> list[str]:
    lines = [f"  {c.name}: {c.verdict}" + (f" ({c.why})" if c.why else "")]
    lines.append(f"    claimed  {c.claimed!r}  {_hex(c.claimed)}")
    if c.verdict == "kink" and _double(c.low) != _double(c.high):
        lines.append(f"    sides    {_double(c.low)!r} to {_double(c.high)!r}")
    elif c.low == c.low:
        nearest = _double(c.truth)
        lines.append(f"    truth    {nearest!r}  {_hex(nearest)}  {_enclosure(c)}")
    if math.isfinite(c.ulps) and c.ulps and c.verdict != "kink":
        kappa = "" if c.kappa is None else f", kappa {c.kappa:.3g}"
        lines.append(f"    error    {c.ulps:.3g} ulp, {_relative(c):.3g} relative{kappa}")
    return lines


def _hex(x: float) -> str:
    return x.hex()


def _double(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def _enclosure(c: Component) -> str:
    if not hasattr(c.low, "context"):
        return f"in [{c.low!r}, {c.high!r}]"
    show = c.low.context.nstr
    if c.low == c.high:
        return f"= {show(c.low, DIGITS)}"
    if show(c.low, DIGITS) != show(c.high, DIGITS):
        return f"in [{show(c.low, DIGITS)}, {show(c.high, DIGITS)}]"
    return f"= {show(c.truth, DIGITS)} +- {show((c.high - c.low) / 2, 2)}"
