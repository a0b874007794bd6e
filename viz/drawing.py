"""A Digraph that can be shown anywhere: it renders through viz.render, never with a traceback where dot is missing."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import graphviz

from viz import theme
from viz.render import SECONDS, RenderError, render
from viz.svg import finish


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz ships no types
    """A ``graphviz.Digraph`` with a title, a description and a text form.

    Everything that works on a Digraph works on it; ``pipe``, ``render``, ``view`` and the notebook's display go
    through the ladder of viz.render and have its time limit.

    Attributes
    ----------
    title, description : str
        What the SVG says to a screen reader.
    text : str
        The drawing as text, for where there is no picture.
    dark_mode : bool
        Whether the SVG turns dark on a dark screen.
    """

    title: str = ""
    description: str = ""
    text: str = ""
    dark_mode: bool = False

    @property
    def scope(self) -> str:
        """The prefix of the ids in the SVG; figures that differ have different ones."""
        return str(self.graph_attr.get("id") or f"g{digest(self.source)}")

    def copy(self) -> Drawing:
        """Return an independent copy."""
        made: Drawing = super().copy()
        made.title, made.description, made.text, made.dark_mode = (
            self.title,
            self.description,
            self.text,
            self.dark_mode,
        )
        return made

    def picture(self, output_format: str = "svg", seconds: float = SECONDS) -> bytes:
        """Render to bytes.

        Raises
        ------
        viz.render.RenderError
            If there is no Graphviz, it refuses, or the time is up.
        """
        drawn = render(self.source, output_format, engine=self.engine or "dot", seconds=seconds)
        if output_format != "svg":
            return drawn
        style = theme.dark_rules(self.scope) if self.dark_mode else ""
        said = {"title": self.title, "description": self.description}
        return finish(drawn.decode(), scope=self.scope, style=style, **said).encode()

    def pipe(self, format: str | None = None, *ignored: Any, encoding: str | None = None, **options: Any) -> Any:
        """Render to bytes, or to a string with ``encoding=``, as ``graphviz.Digraph.pipe`` does."""
        if options.get("engine"):
            self.engine = options["engine"]
        drawn = self.picture(format or self.format)
        return drawn.decode(encoding) if encoding else drawn

    def render(
        self,
        filename: Any = None,
        directory: Any = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        **options: Any,
    ) -> str:
        """Save the DOT, render it beside, and return the picture's path, as ``graphviz.Digraph.render`` does."""
        source = Path(self.save(filename, directory=directory))
        suffix = format or self.format
        target = Path(options.get("outfile") or f"{source}.{suffix}")
        target.write_bytes(self.picture(suffix))
        if cleanup:
            source.unlink()
        if view:
            graphviz.view(str(target))
        return str(target)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **options: Any) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.picture("svg").decode(), "text/plain": self.text}
        except RenderError as error:
            return {"text/plain": f"{self.text}\n({error})".lstrip()}


def digest(content: str) -> str:
    """Return eight characters that depend on nothing but the content."""
    return hashlib.sha256(content.encode()).hexdigest()[:8]
