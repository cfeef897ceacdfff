"""Who is there: presence, its numbers, joining and leaving, on official JavaScript clients."""

from collections.abc import Iterator

import pytest

from tests.conformance.conftest import Connect
from tests.conformance.site import BOTH, Site, open_site, token

SETTINGS = """
[gateway.rooms.chat]
presence = true
join_leave = true
force_join_leave = true
publish = "subscribers"
[gateway.rooms.quiet]
presence = true
join_leave = true
see_presence = "role:host"
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("presence"), SETTINGS) as running:
        yield running


@BOTH
async def test_who_is_there_comes_and_goes(connect: Connect, site: Site, protocol: str) -> None:
    channel = f"chat:{protocol}"
    ana = await connect(site.websocket, protocol, token=token("ana", claims={"info": {"name": "Ana"}}))
    await ana.subscribe(channel)
    assert (await ana.next("join"))["user"] == "ana"
    bo = await connect(site.websocket, "json", token=token("bo"))
    await bo.subscribe(channel)
    assert (await ana.next("join"))["user"] == "bo"
    other = await connect(site.websocket, "protobuf", token=token("ana"))
    await other.subscribe(channel)
    joined = await bo.next("join", user="ana")
    for js in (ana, bo):
        await js.do("presence", channel=channel)
        there = (await js.next("presence"))["clients"]
        assert sorted(each["user"] for each in there) == ["ana", "ana", "bo"]
        assert {"name": "Ana"} in [each.get("connInfo") for each in there]
        assert joined["client"] in [each["client"] for each in there]
        await js.do("stats", channel=channel)
        counted = await js.next("stats")
        assert (counted["clients"], counted["users"]) == (3, 2)
    assert len(site.room("presence", channel=channel)["presence"]) == 3
    await other.do("unsubscribe", channel=channel)
    left = await bo.next("leave")
    assert (left["user"], left["client"]) == ("ana", joined["client"])
    await bo.do("disconnect")
    assert (await ana.next("leave", user="bo"))["client"]
    await ana.do("stats", channel=channel)
    counted = await ana.next("stats")
    assert (counted["clients"], counted["users"]) == (1, 1)


@BOTH
async def test_who_leaves_without_a_word_is_gone_too(connect: Connect, site: Site, protocol: str) -> None:
    channel = f"chat:lost-{protocol}"
    ana = await connect(site.websocket, protocol, token=token("ana"))
    await ana.subscribe(channel)
    bo = await connect(site.websocket, protocol, token=token("bo"))
    await bo.subscribe(channel)
    await ana.next("join", user="bo")
    bo.kill()
    await ana.next("leave", user="bo")
    await ana.do("presence", channel=channel)
    assert [each["user"] for each in (await ana.next("presence"))["clients"]] == ["ana"]


@BOTH
async def test_presence_is_for_those_whom_the_rule_lets(connect: Connect, site: Site, protocol: str) -> None:
    """Joins are told to those who ask for them and may see who is present."""
    channel = f"quiet:{protocol}"
    host = await connect(
        site.websocket, protocol, token=token("host", claims={"rights": {"roles": ["host"]}})
    )
    await host.subscribe(channel, options={"joinLeave": True})
    guest = await connect(site.websocket, protocol, token=token("guest"))
    await guest.subscribe(channel, options={"joinLeave": True})
    await host.next("join", user="guest")
    await guest.do("presence", channel=channel)
    assert (await guest.next("refused"))["code"] == 103
    await guest.do("stats", channel=channel)
    assert (await guest.next("refused"))["code"] == 103
    await host.do("unsubscribe", channel=channel)
    await host.next("unsubscribed")
    await guest.do("history", channel=channel, options={"limit": 1})
    await guest.next("refused")
    assert not [seen for seen in guest.seen if seen["event"] in ("join", "leave")]
