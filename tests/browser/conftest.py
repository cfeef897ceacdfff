"""What the browser tests share: one Chromium, a site that embeds widgets, a real server."""

import os
from collections.abc import Iterator
from itertools import count
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


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that many tests use; each with subjects of its own."""
    with RunningServer(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of the test's own, to be killed and restarted at will."""
    with RunningServer(tmp_path / "data") as server:
        yield server


_sellers = count(1)


@pytest.fixture
def seller() -> str:
    """A seller nobody has heard of."""
    return f"seller:s{next(_sellers)}"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: SCREENSHOTS, to look at them, or away with the test."""
    named = os.environ.get("SCREENSHOTS")
    folder = Path(named) if named else tmp_path / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
