"""A headless Chromium, driven through chromedriver: what a page logs, asks for and how wide it is."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

MISSING = next((f"{name} is not installed" for name in ("chromium", "chromedriver") if not shutil.which(name)), "")
"""Why no browser can be started, or empty."""


class Browser:
    """One session; use as a context manager."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        self._session = ""

    def __enter__(self) -> Self:
        for _ in range(200):
            try:
                if self._client.get("/status").json()["value"]["ready"]:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        answer = self._client.post("/session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
        self._session = f"/session/{answer['sessionId']}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            self._client.delete(self._session)
        self._client.close()
        self._driver.terminate()
        self._driver.wait()

    def open(self, page: Path, width: int, *, dark: bool = False) -> None:
        """Loads a local page on a screen of that width in CSS pixels."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self._devtools("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._post("url", {"url": page.resolve().as_uri()})

    def run(self, script: str) -> Any:
        """The value that a script returns in the page."""
        return self._post("execute/sync", {"script": script, "args": []})

    def console(self) -> list[str]:
        """What the page has logged since the last call: warnings and errors."""
        return [entry["message"] for entry in self._post("se/log", {"type": "browser"}) if entry["level"] != "INFO"]

    def requests(self) -> list[str]:
        """The addresses that the page has asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self._post("se/log", {"type": "performance"})]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def picture(self, file: Path) -> None:
        """A picture of the whole page."""
        data = self._devtools("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]
        file.write_bytes(base64.b64decode(data))

    def _devtools(self, command: str, parameters: dict[str, Any]) -> Any:
        return self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._client.post(f"{self._session}/{path}", json=body).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer
