"""`GET /v1/gateway` tells of all processes on one data folder, whichever of them is asked."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.raw import Raw
from tests.conformance.site import Site, open_site, second_process
from tests.conformance.streams import until


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    """Two processes; the first one leads."""
    with open_site(tmp_path) as first, second_process(first) as second:
        yield first, Site(second, first.key)


def view(site: Site, since: float = 0) -> dict[str, Any]:
    return site.ask("GET", f"/v1/gateway?since={since}")


def nodes(site: Site) -> list[dict[str, Any]]:
    return view(site)["nodes"]


def pid(site: Site) -> int:
    assert site.server.process is not None
    return site.server.process.pid


async def watch(stack: AsyncExitStack, site: Site, number: int) -> list[Raw]:
    watchers = [await stack.enter_async_context(Raw.open(site.websocket)) for _ in range(number)]
    for watcher in watchers:
        await watcher.hello()
        await watcher.subscribe("activity:seller:42")
    return watchers


async def test_either_tells_the_sums_of_both(pair: tuple[Site, Site]) -> None:
    here, there = pair
    async with AsyncExitStack() as stack:
        watchers = [*await watch(stack, here, 2), *await watch(stack, there, 3)]
        bad = await stack.enter_async_context(Raw.open(there.websocket))
        await bad.send("no command")
        await bad.closed()
        for number in range(4):
            pair[number % 2].rate()
        for watcher in watchers:
            for _ in range(4):
                await watcher.publication()
        views = [view(site) for site in pair]
        for told in views:
            assert [each["connections"] for each in told["nodes"]] == [2, 3]
            assert [each["subscriptions"] for each in told["nodes"]] == [2, 3]
            assert [each["leads"] for each in told["nodes"]] == [True, False]
            assert [each["pid"] for each in told["nodes"]] == [pid(site) for site in pair]
            assert all(each["uptime"] > 0 and each["age"] < 1 for each in told["nodes"])
            (clients,) = told["connections"]
            assert (clients["sdk"], clients["count"]) == ("other", 5)
            (namespace,) = told["namespaces"]
            # Each process publishes to its own watchers.
            assert namespace == {"namespace": "activity", "subscriptions": 5, "publications": 8}
            assert told["totals"]["deliveries"] == 20
            # Only the process that commits knows when that was.
            assert told["latency"]["count"] == 4
            assert told["closes"] == [{"code": 3501, "reason": "bad request", "count": 1}]
            assert told["outcomes"]["connect"] == {"ok": 5, "3501 bad request": 1}
        assert {told["node"] for told in views} == {each["node"] for each in views[0]["nodes"]}
        # So do the samples, and both tell the same ones.
        await until(lambda: sum(each["deliveries"] for each in view(here)["samples"]) == 20)
        until_now = view(here)["samples"][-1]["at"]
        first, second = [[each for each in view(site)["samples"] if each["at"] <= until_now] for site in pair]
        assert first[-2:] == second[-2:]
        assert sum(each["publications"] for each in second) == 8
        assert max(each["connections"] for each in second) in (5, 6)
        assert len({each["at"] for each in second}) == len(second)


async def test_a_process_that_is_gone_is_told_of_no_more_but_what_it_noted_is(
    pair: tuple[Site, Site],
) -> None:
    here, there = pair
    async with AsyncExitStack() as stack:
        watchers = await watch(stack, there, 3)
        here.rate()
        for watcher in watchers:
            await watcher.publication()
        assert view(here)["totals"]["deliveries"] == 3
        await until(lambda: sum(each["deliveries"] for each in view(here)["samples"]) == 3)
        there.server.kill()
        await until(lambda: len(nodes(here)) == 1)
        told = view(here)
        assert (told["totals"]["deliveries"], told["connections"]) == (0, [])
        assert sum(each["deliveries"] for each in told["samples"]) == 3
        # Who comes anew is told what those noted who are gone.
        there.server.start()
        await until(lambda: sum(each["deliveries"] for each in view(there)["samples"]) == 3)
        assert len(nodes(there)) == 2


async def test_of_a_process_that_hangs_the_last_figures_are_told_with_their_age(
    pair: tuple[Site, Site],
) -> None:
    here, there = pair
    async with AsyncExitStack() as stack:
        await watch(stack, there, 3)
        assert [each["connections"] for each in nodes(here)] == [0, 3]
        assert there.server.process is not None
        there.server.process.send_signal(signal.SIGSTOP)
        try:
            ages: list[float] = []
            async with asyncio.timeout(60):
                while len(told := await asyncio.to_thread(nodes, here)) == 2:
                    assert told[1]["connections"] == 3
                    ages.append(told[1]["age"])
        finally:
            there.server.process.send_signal(signal.SIGCONT)
        assert len(ages) > 1
        assert ages == sorted(ages)
        assert ages[-1] > 1
        await until(lambda: [each["connections"] for each in nodes(here)] == [0, 3])


async def test_a_loop_that_is_spread_over_both_is_one(pair: tuple[Site, Site]) -> None:
    token = pair[0].ask("POST", "/v1/tokens", {"user": "ana"})["token"]
    for number in range(24):
        async with Raw.open(pair[number % 2].websocket) as raw:
            await raw.hello(token=token)
    # To each by itself twelve a minute are none.
    for site in pair:
        assert view(site)["loops"] == [{"user": "ana", "connects": 24}]
