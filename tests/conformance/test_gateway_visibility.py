"""`alerts:`, `detail:` and scopes from end to end: tokens, a policy's visibility, a backend, the wire."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown.model import Event
from renown.policy import Policies, load, preset_text
from renown.protocol.codes import ERRORS
from renown.rooms import Draft
from tests.conformance.full import Full, full
from tests.conformance.keys import shared
from tests.conformance.raw import Raw

ALERT = b'{"rule":"drop","subject":"shop:acme/1"}'
ROOMS = {
    "chat": {"history_size": 10, "subscribe": "users", "publish": "subscribers", "scope": "org"},
    "board-room": {"history_size": 10, "subscribe": "users", "scope": "project"},
}


def policies(visibility: str) -> Policies:
    shop = preset_text("seller").replace('"seller"', '"shop"')
    return Policies([load(preset_text("seller")), load(f"{shop}\n[visibility]\n{visibility}\n")])


SCOPED = policies(
    'standing = "users"\nscope = "org"\n'
    'detail = ["owner", "role:auditor"]\nalerts = ["owner", "role:auditor"]'
)


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Full]:
    async with full(tmp_path, SCOPED, rooms=ROOMS) as running:
        review = {"value": 4.0, "actor": "buyer:7", "ref": "order:1"}
        await running.ledger.append(
            [Event("review", "shop:acme/1", **review), Event("review", "seller:42", **review)]
        )
        yield running


class People:
    """Connections, opened as they are needed and closed at the end."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._url = url
        self._stack = stack
        self._number = 1

    async def come(self, user: str = "", **rights: Any) -> Raw:
        raw = await self._stack.enter_async_context(Raw.open(self._url))
        await raw.hello(shared().issue(user, claims={"rights": rights}) if user else None)
        return raw

    async def code(self, raw: Raw, command: str, **request: Any) -> int:
        """Ask for something; return the error's code, 0 when it is granted."""
        self._number += 1
        await raw.send({"id": self._number, command: request})
        while (reply := await raw.reply()).get("id") != self._number:
            pass
        return reply.get("error", {}).get("code", 0)


@pytest.fixture
async def people(whole: Full) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        yield People(whole.url, stack)


async def test_detail_is_for_the_owner_and_the_roles_of_the_policy(whole: Full, people: People) -> None:
    channel = "detail:shop:acme/1"
    owner = await people.come("ana", owns=["shop:acme/1"], orgs=["acme"])
    auditor = await people.come("bo", roles=["auditor"], orgs=["acme"])
    shop = await people.come("shop:acme/1", orgs=["acme"])
    for raw in (owner, auditor, shop):
        found = await raw.subscribe(channel)
        (event,) = found["publications"][0]["data"]["events"]
        assert event["actor"] == "buyer:7"
    others = {
        "a guest": await people.come(),
        "some user": await people.come("eve", orgs=["acme"]),
        "another role": await people.come("eve", roles=["seller"], orgs=["acme"]),
        "the owner of another": await people.come("eve", owns=["shop:acme/2"], orgs=["acme"]),
        "an auditor of another org": await people.come("eve", roles=["auditor"], orgs=["other"]),
        "an owner outside": await people.come("eve", owns=["shop:acme/1"]),
    }
    for who, raw in others.items():
        assert await people.code(raw, "subscribe", channel=channel) == 103, who
        assert await people.code(raw, "history", channel=channel, limit=1) in (103, 108), who
        assert await people.code(raw, "presence", channel=channel) in (103, 108), who
        assert await people.code(raw, "subscribe", channel=channel, type=1, phase=2) == 103, who
        assert await people.code(raw, "subscribe", channel=f"${channel}") == 102, who
        assert await people.code(raw, "publish", channel=channel, data={}) == 103, who
    await whole.ledger.append([Event("review", "shop:acme/1", value=1.0, actor="buyer:8")])
    push = await owner.reply()
    while "pub" not in push.get("push", {}):
        push = await owner.reply()
    assert [event["actor"] for event in push["push"]["pub"]["data"]["events"]] == ["buyer:8", "buyer:7"]


async def test_alerts_are_said_by_the_server_alone(whole: Full, people: People) -> None:
    channel = "alerts:shop:acme/1"
    owner = await people.come("ana", owns=["shop:acme/1"], orgs=["acme"])
    auditor = await people.come("bo", roles=["auditor"], orgs=["acme"])
    for raw in (owner, auditor):
        found = await raw.subscribe(channel)
        assert (found["recoverable"], found.get("offset", 0)) == (True, 0)
        assert await people.code(raw, "publish", channel=channel, data={"rule": "mine"}) == 103
    assert await whole.gateway.publish(channel, Draft()) == ERRORS.PERMISSION_DENIED
    await whole.gateway.tell(channel, ALERT, "alert-1")
    await whole.gateway.tell(channel, ALERT, "alert-1")
    await whole.gateway.tell(channel, b'{"rule":"rise"}')
    for raw in (owner, auditor):
        heard = [await raw.publication() for _ in range(2)]
        assert [(pub["offset"], pub["data"]["rule"]) for pub in heard] == [(1, "drop"), (2, "rise")]
    back = await people.come("ana", owns=["shop:acme/1"], orgs=["acme"])
    epoch = found["epoch"]
    missed = await back.subscribe(channel, recover=True, epoch=epoch, offset=1)
    assert [pub["offset"] for pub in missed["publications"]] == [2]
    assert await people.code(back, "history", channel=channel, limit=5) == 0
    for raw in (
        await people.come(),
        await people.come("eve", orgs=["acme"]),
        await people.come("eve", roles=["auditor"], orgs=["other"]),
    ):
        assert await people.code(raw, "subscribe", channel=channel) == 103
        assert (
            await people.code(raw, "subscribe", channel=channel, recover=True, epoch=epoch, offset=0) == 103
        )
        assert await people.code(raw, "history", channel=channel, limit=5) == 103
        assert await people.code(raw, "publish", channel=channel, data={}) == 103


async def test_orgs_and_projects_see_their_own(whole: Full, people: People) -> None:
    acme = await people.come("ana", orgs=["acme"], projects=["acme/web"])
    other = await people.come("eve", orgs=["other", "acm", "acme/1"], projects=["acme", "other/web"])
    rows = [
        ("standing:shop:acme/1", 0, 103),
        ("activity:shop:acme/1", 0, 103),
        ("chat:acme/lobby", 0, 103),
        ("board-room:acme/web/1", 0, 103),
        ("board-room:acme/app/1", 103, 103),
        ("board-room:acme", 103, 103),
        ("chat:acme", 103, 103),
        ("chat:other/lobby", 103, 0),
        # What is about a whole kind of an org's subjects is nobody's.
        ("standings:shop", 103, 103),
        ("board:shop", 103, 103),
        ("feed:shop", 103, 103),
        ("feed:all", 103, 103),
        ("standing:seller:42", 0, 0),
    ]
    for channel, mine, theirs in rows:
        assert await people.code(acme, "subscribe", channel=channel) == mine, channel
        assert await people.code(other, "subscribe", channel=channel) == theirs, channel
    for raw in (acme, other):
        assert await people.code(raw, "subscribe", channel="standings:shop", type=1, phase=2) == 103
        assert await people.code(raw, "subscribe", channel="board:shop", type=1, phase=2) == 103
    assert await people.code(acme, "publish", channel="chat:acme/lobby", data=1) == 0
    assert await people.code(other, "publish", channel="chat:acme/lobby", data=1) == 103


async def test_what_is_ones_own_is_nobody_elses(whole: Full, people: People) -> None:
    ana, eve, guest = await people.come("ana"), await people.come("eve"), await people.come()
    await whole.gateway.publish("user:ana", Draft(_json("for ana")))
    assert (await ana.publication())["data"] == "for ana"
    names = ["user:ana", "user:*", "user:", "user:ana#eve", "$user:ana", "user:Ana", "user:ana "]
    for raw in (eve, guest):
        for name in names:
            assert await people.code(raw, "subscribe", channel=name) in (102, 103, 107), name
            assert await people.code(raw, "history", channel=name, limit=9) in (102, 103, 107), name
            assert await people.code(raw, "publish", channel=name, data=1) in (102, 103, 107), name
    # Rights are not taken from the client's word for them.
    assert (
        await people.code(guest, "subscribe", channel="user:ana", data={"rights": {"subscribe": ["*"]}})
        == 103
    )
    assert await people.code(ana, "subscribe", channel="user:ana") == 105


async def test_rights_that_are_lost_are_lost_everywhere_at_once(whole: Full, people: People) -> None:
    channels = ["detail:shop:acme/1", "alerts:shop:acme/1", "standing:shop:acme/1", "chat:acme/lobby"]
    ana = await people.come("ana", owns=["shop:acme/1"], orgs=["acme"])
    for channel in channels:
        assert await people.code(ana, "subscribe", channel=channel) == 0
    await whole.ledger.rights.put("ana", b'{"orgs":["other"]}')
    ended: dict[str, int] = {}
    while len(ended) < len(channels):
        push = (await ana.reply()).get("push", {})
        if "unsubscribe" in push:
            ended[push["channel"]] = push["unsubscribe"]["code"]
    assert ended == dict.fromkeys(channels, 2000)
    for channel in channels:
        assert await people.code(ana, "subscribe", channel=channel) == 103
        assert await people.code(ana, "publish", channel=channel, data=1) == 103


def _json(value: str) -> msgspec.Raw:

    return msgspec.Raw(msgspec.json.encode(value))
