"""`detail:` over a real ledger: the full view, read when it changed and only while somebody watches."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from renown.gateway.channels import Address, Channels
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.detail import read_detail
from renown.gateway.hub.hub import Hub
from renown.gateway.hub.library import Library
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import ChannelRule, ChannelRules, GatewayOptions
from renown.gateway.wires import WS_JSON, WS_PROTOBUF
from renown.ledger import Ledger, LedgerOptions
from renown.model import Event
from renown.policy import Policies
from renown.protocol.codes import Disconnect, Error
from renown.protocol.effects import Attach, Newest, State
from renown.protocol.standing_form import unpack
from tests.engine.ledger_kit import applied, review

OPTIONS = GatewayOptions(channels=ChannelRules(detail=ChannelRule(0.0), standing=ChannelRule(0.0)))
SUBJECT = "seller:1"
DETAIL = f"detail:{SUBJECT}"


class Reader:
    """A connection that keeps what it is given."""

    def __init__(self, hub: Hub) -> None:
        self.outlet = -1
        self.hub = hub
        self.paused = False
        self.wire = WS_JSON
        self.state: Newest | None = None
        self.pushed: list[dict[str, Any]] = []
        self.more = asyncio.Event()

    def write(self, data: bytes, /) -> None:
        size = data[1]
        body = data[2:] if size < 126 else data[4:] if size == 126 else data[10:]
        self.pushed += [json.loads(line)["push"]["pub"] for line in body.split(b"\n")]
        self.more.set()

    def crowded(self) -> None:
        return

    def close(self, why: Disconnect) -> None:
        raise AssertionError(why)

    def lost_track(self, channel: str) -> None:
        raise AssertionError(channel)

    def found(self, channel: str, state: State | Error) -> bool:
        assert isinstance(state, Newest), channel
        self.state = state
        self.more.set()
        return True

    async def attach(self, channel: str, *, packed: bool = False) -> Newest:
        address = Channels(OPTIONS).find(channel)
        assert isinstance(address, Address)
        self.hub.attach(self, address, Attach(channel, packed=packed))
        await self.next()
        assert self.state is not None
        return self.state

    async def next(self) -> None:
        await asyncio.wait_for(self.more.wait(), 10)
        self.more.clear()


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    ledger = Ledger.open(tmp_path, Policies.presets(), LedgerOptions(timers=False))
    await ledger.start()
    yield ledger
    await ledger.close()


@pytest.fixture
async def hub(ledger: Ledger) -> AsyncIterator[Hub]:
    metrics = GatewayMetrics()
    hub = Hub(ledger.id, OPTIONS, Delivery(metrics), metrics)
    library = Library(ledger, hub, OPTIONS)
    hub.start(library)
    ledger.on_commit(hub.take)
    yield hub
    await library.close()
    hub.stop()


async def test_it_tells_the_standing_the_newest_events_and_how_sure_it_is(hub: Hub, ledger: Ledger) -> None:
    reader = Reader(hub)
    assert (await reader.attach(DETAIL)).offset == 0
    applied(await ledger.append([review(n) for n in range(1, 14)]))
    while not reader.pushed or reader.pushed[-1]["offset"] < 13:
        await reader.next()
    detail = reader.pushed[-1]["data"]
    found = await ledger.snapshot(SUBJECT)
    assert found is not None
    assert detail["standing"] == json.loads(found[1])
    assert [event["version"] for event in detail["events"]] == list(range(13, 3, -1))
    newest, before = detail["events"][:2]
    assert newest["id"] == f"rev-{SUBJECT}-13"
    assert newest["type"] == "review"
    assert newest["actor"] == "buyer:13"
    assert newest["delta"] == pytest.approx(newest["score"] - before["score"])
    assert newest["score"] == detail["standing"]["score"]
    assert detail["confidence"]["level"] == 0.95
    width = detail["standing"]["high"] - detail["standing"]["low"]
    assert detail["confidence"]["width"] == pytest.approx(width)


async def test_what_was_taken_back_says_so(hub: Hub, ledger: Ledger) -> None:
    applied(await ledger.append([review(1), review(2)]))
    reader = Reader(hub)
    before = json.loads((await reader.attach(DETAIL)).data)
    assert all("ended" not in event for event in before["events"])
    applied(await ledger.append([Event("retract", SUBJECT, id="r", ref=f"rev-{SUBJECT}-1")]))
    while not reader.pushed or reader.pushed[-1]["offset"] < 3:
        await reader.next()
    events = {event["version"]: event for event in reader.pushed[-1]["data"]["events"]}
    assert "ended" in events[1]
    assert "ended" not in events[2]


async def test_nothing_is_read_while_nobody_watches(hub: Hub, ledger: Ledger) -> None:
    reader = Reader(hub)
    await reader.attach(DETAIL)
    hub.detach(reader, DETAIL)
    applied(await ledger.append([review(1)]))
    assert hub.channels == {}
    assert await read_detail(ledger, "seller:2") == (0, b"")


async def test_a_standing_is_packed_for_those_who_ask(hub: Hub, ledger: Ledger) -> None:
    applied(await ledger.append([review(1)]))
    channel = f"standing:{SUBJECT}"
    plain, packed = Reader(hub), Reader(hub)
    packed.wire = WS_PROTOBUF
    said, form = await plain.attach(channel), await packed.attach(channel, packed=True)
    standing = unpack(form.data)
    assert (standing.subject, standing.version) == (SUBJECT, 1)
    assert standing.score == json.loads(said.data)["score"]
    assert len(form.data) < len(said.data) / 2


async def test_the_detail_tells_what_is_under_review(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, Policies.presets(), LedgerOptions(timers=False))
    await ledger.start()
    try:
        bad = review(1, value=1.0)
        dispute = Event(
            "dispute", SUBJECT, ref=bad.id, occurred_at=bad.occurred_at, data={"reason": "not mine"}
        )
        applied(await ledger.append([bad, dispute]))
        _, body = await read_detail(ledger, SUBJECT)
        disputed, said = json.loads(body)["events"]
        assert (said["held"], disputed["changes"][0]["kind"]) == ("dispute", "dispute")
        assert said["held_until"] > said["at"]
        assert "not mine" in disputed["changes"][0]["why"]
    finally:
        await ledger.close()
