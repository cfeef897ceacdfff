"""A person is forgotten while somebody watches what they did: the views that name them name them no more."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from urllib.parse import quote

import pytest

from tests.conformance.raw import Raw
from tests.conformance.site import Site, open_site, second_process, token
from tests.running import RunningServer

DETAIL = "detail:seller:42"
MAY_SEE = {"rights": {"subscribe": ["detail:*"]}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("erasing")) as running:
        yield running


@pytest.fixture(scope="module")
def other(site: Site) -> Iterator[RunningServer]:
    with second_process(site) as server:
        yield server


def actors(view: dict[str, list[dict[str, str]]]) -> list[str]:
    return [event["actor"] for event in view["events"]]


async def test_watchers_of_all_processes_and_who_comes_are_shown_the_pseudonym(
    site: Site, other: RunningServer
) -> None:
    for actor in ("buyer:7", "buyer:8"):
        event = {"type": "review", "subject": "seller:42", "actor": actor, "value": 5}
        assert site.ask("POST", "/v1/events", event)["status"] == "applied"
    async with AsyncExitStack() as stack:
        watchers: list[Raw] = []
        for url in (site.websocket, other.websocket):
            raw = await stack.enter_async_context(Raw.open(url))
            await raw.hello(token("ana", claims=MAY_SEE))
            reply = await raw.ask({"id": 2, "subscribe": {"channel": DETAIL}})
            (newest,) = reply["subscribe"]["publications"]
            assert actors(newest["data"]) == ["buyer:8", "buyer:7"]
            watchers.append(raw)
        pseudonym = site.ask("DELETE", f"/v1/actors/{quote('buyer:7', safe='')}")["pseudonym"]
        for raw in watchers:
            assert actors((await raw.publication())["data"]) == ["buyer:8", pseudonym]
        for url in (site.websocket, other.websocket):
            raw = await stack.enter_async_context(Raw.open(url))
            await raw.hello(token("bo", claims=MAY_SEE))
            reply = await raw.ask({"id": 2, "subscribe": {"channel": DETAIL}})
            (newest,) = reply["subscribe"]["publications"]
            assert actors(newest["data"]) == ["buyer:8", pseudonym]
