"""A page in headless Chromium, with a keyboard: its DevTools protocol, over a websocket."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: key -> its code, and what it types
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowDown": (40, "")}
PATIENCE = 120  # seconds that a busy machine may take


def find_chromium() -> str:
    """The browser's program; skips the test where there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    pytest.skip("Chromium is not installed: pages are not opened")


class Page:
    """An opened page."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def call(self, method: str, **words: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.write_message(
            json.dumps({"id": number, "method": method, "params": words})
        )
        while True:
            answer = json.loads(await asyncio.wait_for(self._socket.read_message(), PATIENCE))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    async def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        words = {"expression": expression, "returnByValue": True}
        answer = await self.call("Runtime.evaluate", **words)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        """Press a key as a person does."""
        code, text = KEYS.get(key, (0, key))
        words = {"key": key, "windowsVirtualKeyCode": code, "text": text}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **words)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **words)

    async def tab_to(self, condition: str, most: int = 200) -> None:
        """Press Tab until the focused element `e` fulfils a JavaScript condition."""
        for _ in range(most):
            await self.press("Tab")
            if await self.ask(f"((e) => Boolean({condition}))(document.activeElement)"):
                return
        pytest.fail(f"no Tab leads to where {condition}")

    async def picture(self) -> bytes:
        """A PNG of what is seen."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


def with_page(file: Path, folder: Path, use: Callable[[Page], Coroutine[Any, Any, None]]) -> None:
    """Open a file from disk, do something with its page, and close the browser."""
    command = [
        find_chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,1600",
        "--remote-debugging-port=0", "--remote-debugging-address=127.0.0.1",
        f"--user-data-dir={folder}", file.as_uri(),
    ]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    browser = subprocess.Popen(command, **quiet)
    try:
        asyncio.run(_use(folder / "DevToolsActivePort", file.as_uri(), use))
    finally:
        browser.kill()
        browser.wait()


async def _use(ports: Path, address: str, use: Callable[[Page], Coroutine[Any, Any, None]]) -> None:
    from tornado.httpclient import AsyncHTTPClient
    from tornado.websocket import websocket_connect

    end = time.monotonic() + PATIENCE
    while True:
        assert time.monotonic() < end, "the browser did not open the page"
        await asyncio.sleep(0.1)
        try:
            port = ports.read_text().split()[0]
            answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/json/list")
        except (OSError, IndexError):
            continue
        found = [part for part in json.loads(answer.body) if part["url"] == address]
        if found:
            break
    socket = await websocket_connect(found[0]["webSocketDebuggerUrl"], max_message_size=2**28)
    page = Page(socket)
    there = f"location.href === {json.dumps(address)} && document.readyState === 'complete'"
    while not await page.ask(there):
        await asyncio.sleep(0.1)
    await use(page)
    socket.close()
