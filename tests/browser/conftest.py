"""What the browser tests share: one Chromium, a site that embeds widgets, a real server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.site import Site
from tests.running import RunningServer


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    browser = Chromium()
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "data") as server:
        yield server


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: RENOWN_SCREENSHOTS, to look at them, or away with the test."""
    named = os.environ.get("RENOWN_SCREENSHOTS")
    folder = Path(named) if named else tmp_path / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
