"""What a training leaves behind: a history of its epochs, or the error of one that diverged."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nn.optimizer import Optimizer


@dataclass
class History:
    """What was measured, one number per completed epoch.

    The loss of an epoch is that of its mini-batches, each taken just before its step. The other numbers are taken after
    the epoch, the accuracy on the training samples, or on every n-th if there are more than 5,000. The seconds are
    those of the steps. Lists that do not apply stay empty: the accuracies where the network predicts no classes, the
    validation numbers where no validation samples were given.

    Examples
    --------
    >>> History(loss=[0.5, 0.25], seconds=[1.0, 1.0])
    History: 2 epochs, loss 0.2500
    >>> History()
    History: 0 epochs
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    interrupted: bool = False

    @property
    def epochs(self) -> int:
        """The number of completed epochs."""
        return len(self.loss)

    def __repr__(self) -> str:
        stopped = ", interrupted" if self.interrupted else ""
        loss = f", loss {self.loss[-1]:.4f}" if self.loss else ""
        return f"History: {self.epochs} epochs{loss}{stopped}"

    def save(self, path: str | Path) -> None:
        """Write the history to a JSON file."""
        Path(path).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read a history that was written by `save`.

        Raises
        ------
        ValueError
            If the file holds something else.
        """
        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} holds no history: {error}; give a file written by History.save") from error


class DivergenceError(ArithmeticError):
    """The loss or a parameter became nan or infinite; ``history`` holds the epochs before."""

    def __init__(self, what: str, epoch: int, batch: int, optimizer: Optimizer, history: History) -> None:
        self.history = history
        super().__init__(
            f"{what} in epoch {epoch}, batch {batch}: the training diverges with {optimizer!r}; "
            f"try learning_rate={optimizer.learning_rate / 10:g}, and inputs scaled to about [-1, 1]"
        )
