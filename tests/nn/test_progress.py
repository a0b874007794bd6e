"""The progress bar: shown where somebody watches, silent elsewhere, and never needed."""

import io
import sys
from types import ModuleType

import pytest

from nn.progress import ProgressBar


@pytest.fixture(autouse=True)
def _no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # another test, or a plug-in, may have imported it


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(show: bool | None) -> str:
    with ProgressBar(4, "counting", show=show) as bar:
        for step in range(4):
            bar.update()
            bar.write(f"step {step + 1}", f"loss {0.5**step:.4f}")
    stream = sys.stderr
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_a_terminal_gets_a_bar_with_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    text = shown(None)
    assert "step 4 100%|" in text
    assert "loss 0.1250" in text


def test_a_file_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert shown(None) == ""


def test_a_notebook_gets_a_bar_though_it_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert "step 4 100%|" in shown(None)


def test_a_bar_can_be_forced_and_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert "100%" in shown(True)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert shown(False) == ""


def test_without_tqdm_there_is_no_bar_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert shown(None) == ""
    with pytest.raises(ImportError, match=r'needs tqdm: pip install "chainrule\[progress\]"'):
        ProgressBar(4, "counting", show=True)


def test_the_total_can_be_learnt_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with ProgressBar(0, "download", show=True) as bar:
        bar.total = 10
        bar.update(7)
        bar.reset()
        bar.update(10)
        assert bar.total == 10
    assert "100%" in sys.stderr.getvalue()
