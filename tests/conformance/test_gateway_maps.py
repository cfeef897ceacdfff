"""Maps on the wire: pages, codes, and a reader that stops reading."""

import json
from typing import Any

from renown.gateway.operations import Operations
from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.raw import Raw

MAP = "standings:seller"


async def rate(ledger: Ledger, *subjects: int, value: float = 4.0) -> None:
    answers = await ledger.append([Event("review", f"seller:{subject}", value=value) for subject in subjects])
    assert {answer.status for answer in answers} == {"applied"}


async def ask(raw: Raw, channel: str = MAP, **wish: Any) -> dict[str, Any]:
    request = {"channel": channel, "type": 1, **wish}
    reply = await raw.ask({"id": 7, "subscribe": request})
    assert reply["id"] == 7
    return reply.get("subscribe") or reply["error"]


async def test_pages_keep_to_what_was_asked_and_end_live(served: Serve, ledger: Ledger) -> None:
    await rate(ledger, *range(250))
    async with served() as server, Raw.open(server.url) as raw:
        await raw.hello()
        page = await ask(raw, phase=2, limit=100)
        frozen = page["offset"]
        keys: list[str] = []
        while page.get("phase"):
            assert (page["phase"], page["type"], page["offset"]) == (2, 1, frozen)
            assert len(page["state"]) == 100
            keys += [entry["key"] for entry in page["state"]]
            await rate(ledger, 3, 3)
            page = await ask(
                raw, phase=2, limit=100, cursor=page["cursor"], epoch=page["epoch"], offset=frozen
            )
        keys += [entry["key"] for entry in page["state"]]
        assert keys == sorted(f"seller:{n}" for n in range(250))
        assert (page["type"], page["recoverable"], page["offset"]) == (1, True, frozen + 4)
        (caught_up,) = page["publications"]
        assert (caught_up["key"], caught_up["offset"]) == ("seller:3", frozen + 4)
        assert (await ask(raw, phase=2))["code"] == 105
        assert Operations(server.gateway).channels("standings:*") == {MAP: 1}
        assert server.gateway.metrics.channels == 1
        await raw.ask({"id": 8, "unsubscribe": {"channel": MAP}})
        assert server.gateway.metrics.channels == 0


async def test_what_cannot_be_is_refused(served: Serve, ledger: Ledger) -> None:
    await rate(ledger, *range(150))
    async with (
        served(channels={"standings": {"max_subscribers": 1}}) as server,
        Raw.open(server.url) as raw,
        Raw.open(server.url) as second,
    ):
        await raw.hello()
        await second.hello()
        assert (await ask(raw, phase=1, recover=True, epoch="another", offset=1))["code"] == 112
        assert (await ask(raw, phase=1, recover=True, offset=10**6))["code"] == 112
        assert (await ask(raw, "board:seller", phase=1, recover=True, epoch=ledger.id))["code"] == 107
        assert (await ask(raw, phase=2, cursor="1.seller:1"))["code"] == 103
        assert (await ask(raw, "standings:nothing", phase=2))["code"] == 102
        assert (await ask(raw, phase=2, tf={"key": "a", "cmp": "ex"}))["code"] == 107
        plain = await raw.ask({"id": 9, "subscribe": {"channel": MAP}})
        assert plain["error"]["code"] == 107
        assert not (await ask(raw, phase=2, limit=1000)).get("phase")
        assert (await ask(second, phase=2, limit=1000))["code"] == 106


async def test_a_board_is_had_plainly_and_as_a_map_at_once(served: Serve, ledger: Ledger) -> None:
    for _ in range(6):
        await rate(ledger, 1, 2)
    async with served() as server, Raw.open(server.url) as mapped, Raw.open(server.url) as plain:
        await mapped.hello()
        await plain.hello()
        as_map = await ask(mapped, "board:seller", phase=2)
        whole = (await plain.ask({"id": 2, "subscribe": {"channel": "board:seller"}}))["subscribe"]
        assert [entry["data"] for entry in as_map["state"]] == whole["publications"][0]["data"]["rows"]
        for _ in range(6):
            await rate(ledger, 3, value=1.0)
        await ledger.sweep()
        pushed = (await mapped.reply())["push"]
        assert (pushed["channel"], pushed["pub"]["key"]) == ("board:seller", "seller:3")
        rows = (await plain.reply())["push"]["pub"]["data"]["rows"]
        assert rows[-1]["subject"] == "seller:3"
        await mapped.ask({"id": 3, "unsubscribe": {"channel": "board:seller"}})
        assert Operations(server.gateway).channels() == {"board:seller": 1}


async def test_a_reader_that_stops_is_kept_and_catches_up(served: Serve, ledger: Ledger) -> None:
    await rate(ledger, *range(400))
    rules = {"standings": {"interval": 0.0}}
    async with (
        served(channels=rules, outbound_limit=400_000, ping_interval=0.0) as server,
        Raw.open(server.url, max_queue=1) as slow,
        Raw.open(server.url) as quick,
    ):
        known: dict[str, Any] = {}
        for raw in (slow, quick):
            await raw.hello()
            page = await ask(raw, phase=2, limit=1000)
            while page.get("phase"):
                page = await ask(raw, phase=2, limit=1000, cursor=page["cursor"], epoch=page["epoch"])
        # 30 MB, were it all sent.
        for number in range(150):
            await rate(ledger, *range(400), value=1.0 + number % 5)
            while (await quick.reply())["push"]["pub"]["key"] != "seller:399":
                pass
        _, rows = await ledger.changed("seller", 0, 1000)
        truth = {subject: json.loads(view) for subject, _, view in rows}
        while any(known.get(key) != data for key, data in truth.items()):
            pub = (await slow.reply())["push"]["pub"]
            known[pub["key"]] = pub["data"]
        closes = server.gateway.metrics.closes
        assert not closes
        assert server.gateway.metrics.deliveries < 2 * 150 * 400
