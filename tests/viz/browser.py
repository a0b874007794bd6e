"""A real browser for the tests: headless Chromium, driven over plain WebDriver (W3C) with nothing but urllib."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

KEYS = {"ArrowRight": "\ue014", "ArrowLeft": "\ue012", "Home": "\ue011", "End": "\ue010", "Space": "\ue00d"}
OPTIONS = [
    "--headless=new",
    "--no-sandbox",  # containers have no user namespaces for it
    "--disable-gpu",
    "--disable-background-networking",
    "--window-size=1200,800",
]


def missing() -> str:
    """Say what is not installed; nothing if the browser can be driven."""
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    lacks = [*([] if browser else ["chromium"]), *([] if shutil.which("chromedriver") else ["chromedriver"])]
    return f"no {' and no '.join(lacks)} on PATH" if lacks else ""


class Browser:
    """One session of a WebDriver."""

    def __init__(self, address: str) -> None:
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"goog:chromeOptions": {"args": OPTIONS}, "goog:loggingPrefs": logs}
        self.address = address
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.address = f"{address}/session/{session['sessionId']}"

    def open(self, url: str) -> None:
        # A page that differs by its fragment alone would not be loaded again.
        self._call("POST", "/url", {"url": "about:blank"})
        self._call("POST", "/url", {"url": url})

    def reload(self) -> None:
        """Load the page again, and wait for it; a script's location.reload() would return before."""
        self._call("POST", "/refresh", {})

    def run(self, script: str) -> Any:
        return self._call("POST", "/execute/sync", {"script": script, "args": []})

    def press(self, *names: str) -> None:
        strokes = [{"type": kind, "value": KEYS[name]} for name in names for kind in ("keyDown", "keyUp")]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": strokes}]})

    def click(self, name: str) -> None:
        found = self._call("POST", "/element", {"using": "css selector", "value": f"#{name}"})
        self._call("POST", f"/element/{next(iter(found.values()))}/click", {})

    def screen(self, width: int, height: int, scheme: str = "light") -> None:
        phone = width < 600
        size = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
        self._devtools("Emulation.setDeviceMetricsOverride", size)
        features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._devtools("Emulation.setEmulatedMedia", features)

    def console(self) -> list[str]:
        return [entry["message"] for entry in self._call("POST", "/se/log", {"type": "browser"})]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since this was called last."""
        messages = [
            json.loads(entry["message"])["message"] for entry in self._call("POST", "/se/log", {"type": "performance"})
        ]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]

    def close(self) -> None:
        self._call("DELETE", "")

    def _devtools(self, command: str, parameters: dict[str, Any]) -> None:
        self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = Request(self.address + path, content, {"Content-Type": "application/json"}, method=method)
        with urlopen(request, timeout=300) as answer:
            return json.load(answer)["value"]


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser; whatever happens, leave no process behind."""
    with subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True) as driver:
        try:
            assert driver.stdout is not None
            ports = (re.search(r"started successfully on port (\d+)", line) for line in driver.stdout)
            port = next(found[1] for found in ports if found)
            session = Browser(f"http://127.0.0.1:{port}")
            try:
                yield session
            finally:
                session.close()
        finally:
            driver.terminate()
