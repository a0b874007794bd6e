"""The gallery: its pictures are those that the code on its page makes now, each small, and all of them on the page."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[1] / "examples" / "gallery.py"
if not (FILE.is_file() and (FILE.parents[1] / "docs").is_dir()):
    pytest.skip("the tests run outside a checkout, where the gallery is not", allow_module_level=True)
for name in ("matplotlib", "sklearn", "pygraphviz"):
    pytest.importorskip(name, reason="the gallery draws with it")


@pytest.fixture(scope="module")
def gallery() -> Any:
    spec = importlib.util.spec_from_file_location("gallery", FILE)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["gallery"] = module
    return module


def test_the_gallery_is_not_stale(gallery: Any) -> None:
    assert gallery.stale() == [], "python examples/gallery.py draws it anew"


def test_a_change_makes_it_stale(gallery: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "PICTURES", gallery.PICTURES[:1])
    picture = gallery.PICTURES[0]
    (tmp_path / "gallery").mkdir()
    file = gallery.write(picture, tmp_path / "gallery")
    (tmp_path / "gallery.md").write_text(gallery.page(), encoding="utf-8")
    assert gallery.stale(tmp_path) == []
    file.write_text(file.read_text(encoding="utf-8").replace("7.5000", "7.5001"), encoding="utf-8")
    (tmp_path / "gallery" / "left_over.svg").touch()
    (tmp_path / "gallery.md").write_text("old", encoding="utf-8")
    assert gallery.stale(tmp_path) == ["gallery/expression.svg", "gallery/left_over.svg", "gallery.md"]


def test_every_picture_is_below_100_kb_and_stands_on_the_page(gallery: Any) -> None:
    page = (gallery.DOCS / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page)
    assert shown == [f"gallery/{picture.name}.svg" for picture in gallery.PICTURES]
    assert len(shown) >= 12
    for name in shown:
        assert (gallery.DOCS / name).stat().st_size < 100_000


def test_check_says_what_is_stale(gallery: Any, monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(gallery, "stale", lambda: ["gallery/network.svg"])
    assert gallery.main(["--check"]) == 1
    assert "stale: docs/gallery/network.svg" in capsys.readouterr().out
