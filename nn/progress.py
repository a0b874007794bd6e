"""A progress bar where somebody watches, and silence where nobody does.

The bar is tqdm's (extra ``progress``): it was chosen over rich because one object serves terminals and notebooks, and
an update that draws nothing costs less than a microsecond. Without tqdm, everything works and no bar is shown.
"""

import sys
from types import TracebackType
from typing import Any, Self

# As tqdm's own, without the rate: loss and accuracy need the room within 80 columns.
LAYOUT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
BYTES_LAYOUT = "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}B {elapsed}<{remaining}"


class ProgressBar:
    """A progress bar over ``total`` steps, on standard error or in a notebook; used as a context manager.

    Parameters
    ----------
    total
        The number of steps, or of bytes.
    description
        What is going on, shown before the bar.
    show
        True: always (needs tqdm); False: never; None: where tqdm is installed and somebody watches, that is, where
        standard error is a terminal, or in a notebook.
    layout
        tqdm's ``bar_format``.

    Raises
    ------
    ImportError
        If ``show`` is True and tqdm is missing.

    Examples
    --------
    >>> with ProgressBar(3, "counting", show=False) as bar:
    ...     for _ in range(3):
    ...         drawn = bar.update()
    >>> drawn
    False
    """

    def __init__(self, total: int, description: str, *, show: bool | None = None, layout: str = LAYOUT) -> None:
        self._bar: Any = None
        if show is False or (show is None and not _somebody_watches()):
            return
        try:
            from tqdm.auto import tqdm
        except ImportError as error:
            if show:
                raise ImportError('a progress bar needs tqdm: pip install "chainrule[progress]"') from error
            return
        self._bar = tqdm(
            total=total,
            desc=description,
            bar_format=layout,
            dynamic_ncols=True,
            unit_scale=layout is BYTES_LAYOUT,
            unit_divisor=1000,
        )

    def update(self, steps: int = 1) -> bool:
        """Advance by some steps; True if the bar was drawn anew (it is drawn ten times a second at most)."""
        return self._bar is not None and bool(self._bar.update(steps))

    def write(self, description: str, note: str) -> None:
        """Change the texts before and after the bar."""
        if self._bar is not None:
            self._bar.set_description_str(description, refresh=False)
            self._bar.set_postfix_str(note)

    def reset(self) -> None:
        """Go back to zero steps."""
        if self._bar is not None:
            self._bar.reset()

    @property
    def total(self) -> int:
        """The number of steps; 0 where no bar is shown."""
        return 0 if self._bar is None else int(self._bar.total)

    @total.setter
    def total(self, total: int) -> None:
        if self._bar is not None:
            self._bar.total = total

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _somebody_watches() -> bool:
    # A notebook's standard error is no terminal, but its bar is seen.
    return sys.stderr.isatty() or "ipykernel" in sys.modules
