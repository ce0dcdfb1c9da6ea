"""A headless Chromium that is driven over its debugging pipe: pages, scripts, screenshots and paper."""

import base64
import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: The names of the program in Debian and elsewhere.
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = ("--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--hide-scrollbars", "--no-first-run")


class Page:
    """One page in the browser. Messages of its console, and what its policy refused, are kept in `complaints`."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._number, self._rest, self._session = 0, b"", ""
        self._events: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def open(self, path: Path, *, script: bool = True, width: int = 1280, scheme: str = "light") -> None:
        """Open a file, with or without its script."""
        self.complaints.clear()
        self.look(width, scheme)
        self._call("Emulation.setScriptExecutionDisabled", value=not script)
        self._events.clear()
        self._call("Page.navigate", url=path.resolve().as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._read()

    def look(self, width: int, scheme: str, media: str = "screen") -> None:
        """Set the width in CSS pixels, the colour scheme and the medium."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        preferred = {"name": "prefers-color-scheme", "value": scheme}
        self._call("Emulation.setEmulatedMedia", media=media, features=[preferred])

    def run(self, script: str) -> Any:
        """Return the value of a script, which the page's policy does not restrict; a promise is awaited."""
        said = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Tab": 9}[key])

    def screenshot(self, path: Path) -> None:
        """Write a picture of the whole page."""
        shot = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def print(self, path: Path) -> None:
        """Write the page as it is on paper, without backgrounds unless the page insists on them."""
        self._call("Emulation.setEmulatedMedia", media="print")
        path.write_bytes(base64.b64decode(self._call("Page.printToPDF", printBackground=False)["data"]))

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        number = self._number
        whole = {"id": number, "method": method, "params": parameters}
        text = json.dumps(whole | ({"sessionId": self._session} if self._session else {})).encode() + b"\0"
        while text:
            text = text[os.write(self._commands, text) :]
        while True:
            message = self._read()
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._answers, 1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self._events.append(message)
            if message["method"] in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                self.complaints.append(json.dumps(message["params"]))
        return message


def program() -> str | None:
    """Return the browser's program; None if there is none."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def _pipe() -> tuple[int, int]:
    """Return the two ends of a pipe, as descriptors that are none of the browser's 3 and 4."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


@contextmanager
def browser() -> Iterator[Page]:
    """Start a browser with a profile of its own, and end it."""
    command, (theirs, commands), (answers, ours) = program(), _pipe(), _pipe()
    assert command is not None, "no Chromium is installed: run tools/system-packages html"
    with tempfile.TemporaryDirectory() as profile:
        options = [*_OPTIONS, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.getuid() == 0 else [])]
        # the browser reads commands from descriptor 3 and writes answers to 4
        given = [(os.POSIX_SPAWN_DUP2, theirs, 3), (os.POSIX_SPAWN_DUP2, ours, 4)]
        silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
        process = os.posix_spawn(command, [command, *options], os.environ, file_actions=[*given, *silent])
        os.close(theirs)
        os.close(ours)
        try:
            yield Page(commands, answers)
        finally:
            os.kill(process, signal.SIGTERM)
            os.waitpid(process, 0)
            os.close(commands)
            os.close(answers)
