"""The report of a gradient check as a table of HTML, for notebooks: one row per derivative, the worst first.

Every verdict is a word and a mark beside its colour; text and rules take the colours of the page, so the table is as
readable on a dark page as on a light one.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from viz.theme import LIGHT, MONOSPACE

if TYPE_CHECKING:
    from engine.check.report import Report

SHOWN = 12  # rows
MARKS = {"wrong": "✗", "inconclusive": "?", "inaccurate": "≈", "kink": "∧", "ok": "✓"}  # the worst first
COLOURS = {"ok": LIGHT.input_frame, "kink": LIGHT.parameter_frame, "wrong": LIGHT.output_frame}
HEADINGS = ("derivative", "verdict", "claimed", "truth", "error in ulp", "")
_CELL = "padding:.2em .8em;border-bottom:1px solid;border-color:currentColor;text-align:"


def report_table(report: Report) -> str:
    """Return a report as HTML; its styles stand in the elements, and nothing is loaded from anywhere.

    Parameters
    ----------
    report : engine.check.Report
        What ``check_gradient`` returned.

    Examples
    --------
    >>> from engine.check import check_gradient
    >>> made = report_table(check_gradient(lambda x: x * x, lambda x: 3 * x, at=2.0))
    >>> made.count("<tr>"), "likely mistake" in made
    (2, True)
    >>> report_table(check_gradient(lambda x: x * x, lambda x: 2 * x, at=2.0)).count("✓ ok")
    1
    """
    head, *_ = str(report).splitlines()
    worst_first = list(MARKS)
    rows = sorted(report.components, key=lambda c: (worst_first.index(c.verdict), -_finite(c.ulps)))
    cells = "".join(f'<th scope="col" style="{_CELL}left">{name}</th>' for name in HEADINGS)
    lines = [
        f'<table style="border-collapse:collapse;font-family:{MONOSPACE}">',
        f'<caption style="text-align:left;font-weight:bold;padding:.2em .8em">{_escaped(head)}</caption>',
        f"<thead><tr>{cells}</tr></thead>",
        f"<tbody>{''.join(map(_row, rows[:SHOWN]))}</tbody>",
        "</table>",
    ]
    if len(rows) > SHOWN:
        lines.append(f"<p>… and {len(rows) - SHOWN:,} more, none of them worse</p>")
    lines += [f"<p><b>{name}</b>: {_escaped(said)}</p>" for name, said in _remarks(report)]
    if report.verdict != "ok" and report.reproduction:
        lines.append(f"<details><summary>to repeat it</summary><pre>{_escaped(report.reproduction)}</pre></details>")
    return "\n".join(lines)


def _row(component: Any) -> str:
    verdict = component.verdict
    colour = f"border-left:.4em solid {COLOURS.get(verdict, LIGHT.alarm)};"
    is_kink = verdict == "kink"
    truth = f"{_number(component.low)} to {_number(component.high)}" if is_kink else _number(component.truth)
    error = f"{component.ulps:.3g}" if math.isfinite(component.ulps) and not is_kink else ""
    return (
        f'<tr><th scope="row" style="{_CELL}left;{colour}">{_escaped(component.name)}</th>'
        f'<td style="{_CELL}left">{MARKS[verdict]} {verdict}</td>'
        f'<td style="{_CELL}right">{component.claimed!r}</td><td style="{_CELL}right">{truth}</td>'
        f'<td style="{_CELL}right">{error}</td><td style="{_CELL}left">{_escaped(component.why)}</td></tr>'
    )


def _remarks(report: Report) -> Iterable[tuple[str, str]]:
    if report.likely:
        yield "likely mistake", report.likely
    yield "oracle", f"{report.oracle} ({report.cost})"
    if report.kink is not None:
        distance = f"{report.kink.distance:.3g} away in {report.kink.name}" if report.kink.distance else "right here"
        yield "nearest kink", f"{distance}, at {report.kink.line}"
    for note in report.notes:
        yield "note", note


def _number(exact: Any) -> str:
    """Return the double that is nearest to a number of any precision; a dash where there is none."""
    try:
        nearest = float(exact)
    except OverflowError:
        nearest = math.copysign(math.inf, exact)
    return "-" if nearest != nearest else repr(nearest)


def _finite(error: float) -> float:
    return error if error == error else math.inf


def _escaped(text: str) -> str:
    return html.escape(str(text), quote=False)
