"""Limits hold for all processes on one data folder together, and what a dead one held is free again."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.conformance.raw import Raw
from tests.conformance.site import Site, open_site, second_process, token
from tests.conformance.streams import until

SETTINGS = """
[gateway.limits]
per_user = 2
per_address = 3
proxies = ["127.0.0.0/8"]
[gateway.rooms.small]
max_subscribers = 2
[gateway.channels.standings]
max_subscribers = 2
"""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    with open_site(tmp_path, SETTINGS) as first, second_process(first) as second:
        yield first, Site(second, first.key)


class Guests:
    """Opens connections and keeps them, each from an address of its own unless told."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._number = 0

    async def open(self, site: Site, address: str = "") -> Raw:
        self._number += 1
        headers = {"X-Forwarded-For": address or f"198.51.100.{self._number}"}
        return await self._stack.enter_async_context(
            Raw.open(site.websocket, additional_headers=headers, max_queue=None)
        )

    async def enter(self, site: Site, user: str) -> Raw | tuple[int, str]:
        """Return a connection of a user, or how it was closed."""
        raw = await self.open(site)
        await raw.send({"id": 1, "connect": {"token": token(user)}})
        try:
            assert "connect" in await raw.reply()
        except Exception:
            return await raw.closed()
        return raw

    async def knock(self, site: Site, address: str) -> Raw | int:
        """Return a connection from an address, or the status with which it is turned away."""
        try:
            return await self.open(site, address)
        except InvalidStatus as refused:
            return refused.response.status_code


Attempt = Callable[[], Awaitable[Any]]
LIMIT = 3504, "connection limit"


async def comes_through(attempt: Attempt, refusal: Any) -> None:
    """Try until what was told has arrived; anything but one refusal is wrong meanwhile."""
    async with asyncio.timeout(30):
        while not isinstance(found := await attempt(), Raw):
            assert found == refusal


async def is_refused(attempt: Attempt, refusal: Any) -> None:
    """Try until what was told has arrived; whoever comes in meanwhile goes again."""
    async with asyncio.timeout(30):
        while isinstance(found := await attempt(), Raw):
            await found.socket.close()
    assert found == refusal


async def is_full(raw: Raw, wanted: dict[str, Any]) -> None:
    """Subscribe until there are too many; a subscription that is let in meanwhile is given up again."""
    async with asyncio.timeout(30):
        while "subscribe" in (answer := await raw.ask(wanted)):
            await raw.ask({"id": 3, "unsubscribe": {"channel": wanted["subscribe"]["channel"]}})
    assert answer["error"]["code"] == 106


async def test_connections_of_a_user_and_an_address(pair: tuple[Site, Site]) -> None:
    here, there = pair
    async with AsyncExitStack() as stack:
        guests = Guests(stack)
        first, second = await guests.enter(here, "ana"), await guests.enter(there, "ana")
        assert isinstance(first, Raw)
        assert isinstance(second, Raw)
        for site in pair:
            await is_refused(lambda site=site: guests.enter(site, "ana"), LIMIT)
            assert isinstance(await guests.enter(site, f"other-{site.server.port}"), Raw)
        await second.socket.close()
        await comes_through(lambda: guests.enter(here, "ana"), LIMIT)

        for site in (here, there, there):
            assert isinstance(await guests.knock(site, "203.0.113.9"), Raw)
        for site in pair:
            await is_refused(lambda site=site: guests.knock(site, "203.0.113.9"), 429)
            assert isinstance(await guests.knock(site, f"192.0.2.{site.server.port % 250}"), Raw)


@pytest.mark.parametrize(
    "channel, more", [("small:a", {}), ("standings:seller", {"type": 1, "phase": 2, "limit": 100})]
)
async def test_subscribers_of_a_channel(pair: tuple[Site, Site], channel: str, more: dict[str, Any]) -> None:
    here, there = pair
    wanted = {"id": 2, "subscribe": {"channel": channel, **more}}
    async with AsyncExitStack() as stack:
        guests = Guests(stack)
        raws = [await guests.open(site) for site in (here, there, here, there)]
        for raw in raws:
            await raw.hello()
        for raw in raws[:2]:
            assert "subscribe" in await raw.ask(wanted)
        for raw in raws[2:]:
            await is_full(raw, wanted)
        # A process without a subscriber of its own counts those of the other, too.
        await raws[0].ask({"id": 3, "unsubscribe": {"channel": channel}})
        async with asyncio.timeout(30):
            while "error" in await raws[3].ask(wanted):
                pass
        await is_full(raws[2], wanted)


async def test_nobody_is_turned_away_for_what_a_killed_process_held(pair: tuple[Site, Site]) -> None:
    """At once, though it takes a second until a death is noticed otherwise: 3504 would be for good."""
    here, there = pair
    async with AsyncExitStack() as stack:
        guests = Guests(stack)
        for _ in range(2):
            assert isinstance(await guests.enter(there, "ana"), Raw)
        for _ in range(3):
            assert isinstance(await guests.knock(there, "203.0.113.9"), Raw)
        watchers = [await guests.open(there) for _ in range(2)]
        for raw in watchers:
            await raw.hello()
            await raw.subscribe("small:a")
        await is_refused(lambda: guests.enter(here, "ana"), LIMIT)
        await is_refused(lambda: guests.knock(here, "203.0.113.9"), 429)
        late = await guests.open(here)
        await late.hello()
        await is_full(late, {"id": 2, "subscribe": {"channel": "small:a"}})
        there.server.kill()
        for _ in range(2):
            assert isinstance(await guests.enter(here, "ana"), Raw)
        for _ in range(3):
            assert isinstance(await guests.knock(here, "203.0.113.9"), Raw)
        for _ in range(2):
            raw = await guests.open(here)
            await raw.hello()
            assert "subscribe" in await raw.ask({"id": 2, "subscribe": {"channel": "small:a"}})
        # A process that comes anew is told before it serves.
        there.server.start()
        assert await guests.enter(there, "ana") == LIMIT
        assert await guests.knock(there, "203.0.113.9") == 429


async def test_who_was_with_a_process_that_hangs_counts_until_it_is_given_up(pair: tuple[Site, Site]) -> None:
    here, there = pair
    async with AsyncExitStack() as stack:
        guests = Guests(stack)
        for _ in range(2):
            assert isinstance(await guests.enter(there, "ana"), Raw)
        await is_refused(lambda: guests.enter(here, "ana"), LIMIT)
        assert there.server.process is not None
        there.server.process.send_signal(signal.SIGSTOP)
        try:
            assert await guests.enter(here, "ana") == LIMIT
            await comes_through(lambda: guests.enter(here, "ana"), LIMIT)
        finally:
            there.server.process.send_signal(signal.SIGCONT)
        await until(lambda: len(here.room("info")["nodes"]) == 2)
        assert await guests.enter(here, "ana") == LIMIT
