"""What rooms give to official JavaScript clients: history in pages, filters by tag, patches."""

from collections.abc import Iterator

import pytest

from tests.conformance.conftest import Connect
from tests.conformance.site import BOTH, Site, open_site, token

SETTINGS = """
[gateway.channels.standing]
delta = true
interval = 0.0
[gateway.rooms.chat]
history_size = 50
[gateway.rooms.quotes]
history_size = 20
filters = true
[gateway.rooms.document]
history_size = 20
delta = true
[gateway.rooms.cursor]
history_size = 20
delta = true
recovery = "newest"
"""
TEXT = "All work and no play makes Jack a dull boy. " * 20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("rooms"), SETTINGS) as running:
        yield running


@BOTH
async def test_history_is_paged_in_both_directions(connect: Connect, site: Site, protocol: str) -> None:
    channel = f"chat:{protocol}"
    for number in range(1, 26):
        site.room("publish", channel=channel, data={"number": number})
    js = await connect(site.websocket, protocol, token=token("ana"))
    await js.subscribe(channel)
    seen: list[int] = []
    since: dict[str, object] | None = None
    while len(seen) < 25:
        options = {"limit": 10} | ({"since": since} if since else {})
        await js.do("history", channel=channel, options=options)
        page = await js.next("history")
        assert page["data"] == [{"number": offset} for offset in page["offsets"]]
        assert page["offset"] == 25
        seen += page["offsets"]
        since = {"offset": seen[-1], "epoch": page["epoch"]}
    assert seen == list(range(1, 26))
    back: list[int] = []
    since = None
    while len(back) < 25:
        options = {"limit": 10, "reverse": True} | ({"since": since} if since else {})
        await js.do("history", channel=channel, options=options)
        page = await js.next("history")
        back += page["offsets"]
        since = {"offset": back[-1], "epoch": page["epoch"]}
    assert back == list(range(25, 0, -1))
    await js.do("history", channel=channel, options={"limit": 0})
    assert (await js.next("history"))["offsets"] == []
    await js.do("history", channel=channel, options={"limit": 5, "since": {"offset": 3, "epoch": "another"}})
    assert (await js.next("refused"))["code"] == 112


@BOTH
async def test_only_what_passes_the_filter_comes_live_and_recovered(
    connect: Connect, site: Site, protocol: str
) -> None:
    channel = f"quotes:{protocol}"

    def quote(ticker: str, price: float) -> None:
        site.room("publish", channel=channel, data=price, tags={"ticker": ticker, "price": str(price)})

    wanted = {
        "op": "and",
        "nodes": [
            {"key": "ticker", "cmp": "in", "vals": ["AAPL", "MSFT"]},
            {"op": "not", "nodes": [{"key": "price", "cmp": "lt", "val": "100"}]},
        ],
    }
    js = await connect(site.websocket, protocol, token=token("ana"))
    await js.subscribe(channel, options={"tagsFilter": wanted})
    for ticker, price in (("AAPL", 90.5), ("GOOG", 300.0), ("MSFT", 250.0), ("AAPL", 100.0)):
        quote(ticker, price)
    heard = [await js.next("publication") for _ in range(2)]
    assert [(each["data"], each["tags"]["ticker"]) for each in heard] == [(250.0, "MSFT"), (100.0, "AAPL")]
    await js.do("unsubscribe", channel=channel)
    await js.next("unsubscribed")
    for ticker, price in (("AAPL", 1.0), ("MSFT", 260.0), ("GOOG", 310.0)):
        quote(ticker, price)
    assert (await js.subscribe(channel))["recovered"]
    quote("AAPL", 120.0)
    assert [(await js.next("publication"))["data"] for _ in range(2)] == [260.0, 120.0]


async def test_a_filter_that_means_nothing_is_refused(connect: Connect, site: Site) -> None:
    js = await connect(site.websocket, token=token("ana"))
    bad = {"op": "or", "nodes": []}
    await js.do("subscribe", channel="quotes:bad", options={"tagsFilter": bad})
    assert (await js.next("unsubscribed", channel="quotes:bad"))["code"] == 107


@BOTH
async def test_a_stream_in_patches_is_whole_live_and_after_a_loss(
    connect: Connect, site: Site, protocol: str
) -> None:
    channel = f"document:{protocol}"
    js = await connect(site.websocket, protocol, token=token("ana"))
    plain = await connect(site.websocket, protocol, token=token("bo"))
    await js.subscribe(channel, options={"delta": "fossil"})
    await plain.subscribe(channel)
    said = [{"text": TEXT, "version": number, "mark": "é🏆"} for number in range(1, 9)]
    for each in said[:4]:
        site.room("publish", channel=channel, data=each)
    assert [(await js.next("publication"))["data"] for _ in range(4)] == said[:4]
    await js.do("patches", channel=channel)
    counted = await js.next("patches")
    assert (counted["whole"], counted["patched"]) == (1, 3)
    await js.do("unsubscribe", channel=channel)
    await js.next("unsubscribed")
    for each in said[4:7]:
        site.room("publish", channel=channel, data=each)
    assert (await js.subscribe(channel))["recovered"]
    site.room("publish", channel=channel, data=said[7])
    assert [(await js.next("publication"))["data"] for _ in range(4)] == said[4:]
    assert [(await plain.next("publication"))["data"] for _ in range(8)] == said


@BOTH
async def test_newest_states_in_patches(connect: Connect, site: Site, protocol: str) -> None:
    """A room that keeps the newest only, and the standings of the ledger."""
    room, subject = f"cursor:{protocol}", f"seller:{protocol}"
    site.room("publish", channel=room, data={"text": TEXT, "version": 0})
    site.rate(subject)
    js = await connect(site.websocket, protocol, token=token("ana"))
    for channel in (room, f"standing:{subject}"):
        await js.subscribe(channel, options={"delta": "fossil"})
    assert (await js.next("publication", channel=f"standing:{subject}"))["data"]["version"] == 1
    for number in range(2, 6):
        site.room("publish", channel=room, data={"text": TEXT, "version": number})
        heard = await js.next("publication", channel=room)
        assert heard["data"] == {"text": TEXT, "version": number}
        site.rate(subject)
        heard = await js.next("publication", channel=f"standing:{subject}")
        assert (heard["data"]["version"], heard["data"]["subject"]) == (number, subject)
    for channel in (room, f"standing:{subject}"):
        await js.do("patches", channel=channel)
        assert (await js.next("patches", channel=channel))["patched"] >= 3


@BOTH
async def test_subscribing_and_unsubscribing_in_one_breath(
    connect: Connect, site: Site, protocol: str
) -> None:
    """What the client wanted last is what holds, and nothing comes twice."""
    channel = f"chat:hasty-{protocol}"
    js = await connect(site.websocket, protocol, token=token("ana"))
    for turn in range(20):
        for _ in range(1 + turn % 3):
            await js.do("subscribe", channel=channel)
            await js.do("unsubscribe", channel=channel)
    await js.subscribe(channel)
    for number in range(1, 6):
        site.room("publish", channel=channel, data=number)
    assert [(await js.next("publication"))["offset"] for _ in range(5)] == [1, 2, 3, 4, 5]
    await js.do("unsubscribe", channel=channel)
    # What comes after the answer to this comes after the end of the other subscription, too.
    await js.subscribe("chat:other")
    site.room("publish", channel=channel, data=6)
    site.room("publish", channel="chat:other", data=7)
    assert (await js.next("publication"))["data"] == 7
    assert not [seen for seen in js.seen if seen["event"] == "error"]
