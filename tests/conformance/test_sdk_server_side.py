"""Subscriptions that the server makes: those of a token, and each user's own channel."""

from collections.abc import Iterator

import pytest

from tests.conformance.conftest import Connect
from tests.conformance.site import BOTH, Site, open_site, token

SETTINGS = """
[gateway.rooms.news]
history_size = 50
subscribe = "nobody"
[gateway.rooms.mail]
history_size = 50
subscribe = "owner"
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("server_side"), SETTINGS) as running:
        yield running


@BOTH
async def test_channels_of_a_token_stand_from_the_start_and_recover(
    connect: Connect, site: Site, protocol: str
) -> None:
    channel = f"news:{protocol}"
    claims = {"subs": {channel: {"data": {"title": "News"}}}}
    js = await connect(site.websocket, protocol, token=token("ana", claims=claims))
    assert (await js.next("server subscribed", channel=channel))["data"] == {"title": "News"}
    for number in range(3):
        site.room("publish", channel=channel, data=number)
    assert [(await js.next("server publication", channel=channel))["data"] for _ in range(3)] == [0, 1, 2]
    await js.do("disconnect")
    await js.next("disconnected")
    for number in range(3, 6):
        site.room("publish", channel=channel, data=number)
    await js.do("reconnect")
    again = await js.next("server subscribed", channel=channel)
    assert (again["wasRecovering"], again["recovered"]) == (True, True)
    assert [(await js.next("server publication", channel=channel))["data"] for _ in range(3)] == [3, 4, 5]


@BOTH
async def test_backends_subscribe_and_unsubscribe_open_connections(
    connect: Connect, site: Site, protocol: str
) -> None:
    user, channel = f"bo-{protocol}", f"news:for-{protocol}"
    js = await connect(site.websocket, protocol, token=token(user))
    site.room("subscribe", user=user, channel=channel)
    await js.next("server subscribed", channel=channel)
    site.room("publish", channel=channel, data="hello")
    assert (await js.next("server publication", channel=channel))["data"] == "hello"
    site.room("unsubscribe", user=user, channel=channel)
    await js.next("server unsubscribed", channel=channel)


@BOTH
async def test_users_are_told_of_their_rights_and_their_own_standings(
    connect: Connect, site: Site, protocol: str
) -> None:
    user, subject = f"Zoë {protocol} 🏆", f"seller:cy-{protocol}"
    js = await connect(site.websocket, protocol, token=token(user))
    site.ask("PUT", f"/v1/users/{user}/rights", {"owns": [subject], "roles": ["seller"]})
    told = await js.next("server publication", channel=f"user:{user}")
    assert told["data"]["type"] == "rights"
    assert told["data"]["rights"]["roles"] == ["seller"]
    site.rate(subject)
    told = await js.next("server publication", channel=f"user:{user}")
    assert told["data"]["type"] == "standing"
    assert (told["data"]["standing"]["subject"], told["data"]["standing"]["version"]) == (subject, 1)
    # Others' standings are not told, and others do not hear of this one.
    other = await connect(site.websocket, protocol, token=token(f"dee-{protocol}"))
    site.rate("seller:somebody")
    site.rate(subject)
    told = await js.next("server publication", channel=f"user:{user}")
    assert told["data"]["standing"]["subject"] == subject
    await other.do("subscribe", channel=f"user:{user}")
    assert (await other.next("unsubscribed", channel=f"user:{user}"))["code"] == 103
    assert not [seen for seen in other.seen if seen["event"] == "server publication"]


@BOTH
async def test_a_user_s_channel_forgets_nothing_while_they_are_away(
    connect: Connect, site: Site, protocol: str
) -> None:
    user = f"eve-{protocol}"
    js = await connect(site.websocket, protocol, token=token(user))
    site.room("publish", channel=f"user:{user}", data={"type": "note", "number": 1})
    assert (await js.next("server publication"))["data"]["number"] == 1
    await js.do("disconnect")
    await js.next("disconnected")
    for number in (2, 3):
        site.room("publish", channel=f"user:{user}", data={"type": "note", "number": number})
    await js.do("reconnect")
    assert [(await js.next("server publication"))["data"]["number"] for _ in range(2)] == [2, 3]
