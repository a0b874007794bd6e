"""The last touch to Graphviz's SVG: a title, a description, a role, tooltips that every browser shows, dark mode.

What names the version of Graphviz or points to a DTD is left out, so that pictures can stand inside a page.
"""

from __future__ import annotations

import html
import re

_HEAD = re.compile(r'<svg width="([^"]*)" height="([^"]*)"\s+viewBox="([^"]*)"[^>]*>')
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
# Graphviz wraps what has a tooltip into a link that leads nowhere; SVG's own way is a <title>.
_TITLED = re.compile(
    r'<title>[^<]*</title>\n<g id="a_[^"]*"><a [^>]*xlink:title="([^"]*)"[^>]*>\n(.*?)</a>\n</g>\n', re.DOTALL
)
_LINK = re.compile(r'<g id="a_[^"]*"><a [^>]*>\n(.*?)</a>\n</g>\n', re.DOTALL)

_WORDS = re.compile(r"(<text[^>]*>)([^<]*)")


def finish(drawn: str, *, scope: str, title: str, description: str, style: str = "") -> str:
    """Return Graphviz's SVG with a title, a description, role="img" and a style.

    Parameters
    ----------
    drawn : str
        SVG as Graphviz writes it.
    scope : str
        The prefix of the ids of title and description.
    title, description : str
        What a screen reader says.
    style : str
        CSS.

    Raises
    ------
    ValueError
        If it is not Graphviz's SVG.

    Examples
    --------
    >>> drawn = '<svg width="8pt" height="9pt" viewBox="0 0 8 9"></svg>'
    >>> print(finish(drawn, scope="g", title="a & b", description="two").partition("role=")[2])
    "img" aria-labelledby="g-title g-desc">
    <title id="g-title">a &amp; b</title>
    <desc id="g-desc">two</desc></svg>
    >>> finish("<html>", scope="g", title="", description="")
    Traceback (most recent call last):
        ...
    ValueError: no <svg> as Graphviz writes it: '<html>'
    """
    head = _HEAD.search(drawn)
    if head is None:
        raise ValueError(f"no <svg> as Graphviz writes it: {drawn[:60]!r}")
    width, height, view = head.groups()
    body = _COMMENT.sub("", drawn[head.end() :])
    body = _LINK.sub(r"\1", _TITLED.sub(r"<title>\1</title>\n\2", body))
    body = _WORDS.sub(_spaces_kept, body.replace(' xml:space="preserve"', ""))
    said = [f'<title id="{scope}-title">{_text(title)}</title>', f'<desc id="{scope}-desc">{_text(description)}</desc>']
    if style:
        said.append(f"<style>{style}</style>")
    opened = (
        f'<svg width="{width}" height="{height}" viewBox="{view}" xmlns="http://www.w3.org/2000/svg" '
        f'xml:space="preserve" role="img" aria-labelledby="{scope}-title {scope}-desc">'
    )
    return "\n".join([opened, *said]) + body


def _spaces_kept(found: re.Match[str]) -> str:
    """Return a text whose spaces no browser folds: not all heed xml:space, and inside a page none does."""
    return found[1] + found[2].replace(" ", "\N{NO-BREAK SPACE}")


def _text(words: str) -> str:
    return html.escape(words, quote=False)
