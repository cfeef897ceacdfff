"""Chromium for tests: pages opened, scripted and looked at through `driver.mjs`."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

__all__ = ["Chromium", "Page"]

_ROOT = Path(__file__).parents[2]


def _node() -> str:
    found = shutil.which("node") or shutil.which("node", path=str(_ROOT / ".venv" / "bin"))
    if found is None:
        raise RuntimeError("the browser tests need Node.js: run `make setup`")
    return found


class Chromium:
    """One browser process; a page of its own context for each `open`."""

    def __init__(self) -> None:
        program = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        if not os.access(program, os.X_OK):
            raise RuntimeError(
                f"the browser tests need Chromium and {program} is no program: "
                "run `apt-get install chromium`, or set CHROMIUM to one"
            )
        if not (_ROOT / "web" / "node_modules" / "playwright-core").is_dir():
            raise RuntimeError("the browser tests need playwright-core: run `make setup`")
        self._process = subprocess.Popen(
            [_node(), str(Path(__file__).with_name("driver.mjs"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.version = self._answer()["ready"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the browser driver ended with {self._process.wait(10)}")
        return json.loads(line)

    def do(self, command: str, **given: Any) -> Any:
        """Have the driver do one thing; `RuntimeError` when it could not."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **given}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer["result"]

    def open(self, url: str | None = None, **options: Any) -> "Page":
        """Open a page; `options` are Playwright's context options, e.g. `colorScheme`."""
        options.setdefault("locale", "en-GB")
        options.setdefault("viewport", {"width": 900, "height": 600})
        page = Page(self, self.do("open", options=options))
        if url is not None:
            page.goto(url)
        return page

    def close(self) -> None:
        """End the browser."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class Page:
    """A tab, in a browser context of its own or beside another."""

    def __init__(self, browser: Chromium, number: int) -> None:
        self._browser = browser
        self._number = number

    def beside(self, url: str) -> "Page":
        """Open another tab of the same visitor's."""
        page = Page(self._browser, self._browser.do("open", beside=self._number))
        page.goto(url)
        return page

    def do(self, command: str, **given: Any) -> Any:
        """Have the driver do one thing on this page."""
        return self._browser.do(command, page=self._number, **given)

    def goto(self, url: str) -> None:
        """Go to `url` and wait for its load event."""
        self.do("goto", url=url)

    def evaluate(self, expression: str) -> Any:
        """Evaluate a JavaScript expression in the page."""
        return self.do("evaluate", expression=expression)

    def until(self, expression: str, seconds: float = 30) -> Any:
        """Wait until the expression is truthy; its value."""
        return self.do("until", expression=expression, timeout=seconds * 1000)

    def screenshot(self, path: Path, selector: str | None = None) -> None:
        """Save a picture of the viewport, or of one element."""
        self.do("screenshot", path=str(path), selector=selector)

    def aria(self, selector: str) -> str:
        """What assistive technology is told about an element, as Playwright writes it."""
        return self.do("accessibility", selector=selector)

    @property
    def log(self) -> dict[str, list[Any]]:
        """Console messages, page errors, WebSockets with their frames, requests and responses so far."""
        return self.do("log")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.do("close")
