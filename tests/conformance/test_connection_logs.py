"""What the log says of connections: as much as is asked for, and never a secret."""

import asyncio
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from websockets.exceptions import ConnectionClosed

from renown.server.logs import journal
from renown.server.settings import LogSettings
from tests.conformance.raw import Raw
from tests.conformance.site import Site, open_site, token

ROOMS = """
[gateway]
message_limit = 1000
[gateway.rooms.chat]
history_size = 10
publish = "subscribers"
"""
WHO = ("client", "user", "transport", "protocol", "sdk", "sdk_version")


def events(site: Site) -> list[dict[str, Any]]:
    """Return what the log says of connections; each has the fields that say whose."""
    lines = [json.loads(line) for line in site.server.log.read_text().splitlines() if line.startswith("{")]
    found = [each for each in lines if each["message"].startswith(("client", "subscription"))]
    assert all(isinstance(each[name], str) for each in found for name in WHO)
    return found


async def visit(site: Site) -> tuple[str, str]:
    """Connect, subscribe, come back, go, be sent away: return the token and the data that went along."""
    secret, data = token("ana"), "what ana says"
    hello = {"id": 1, "connect": {"token": secret, "name": "js", "version": "5.8.0", "data": {"s": data}}}
    async with Raw.open(site.websocket) as raw:
        await raw.ask(hello)
        position = await raw.subscribe("chat:a")
        for _ in range(3):
            site.room("publish", channel="chat:a", data=data)
    async with Raw.open(site.websocket) as raw:
        await raw.ask(hello)
        back = {"recover": True, "epoch": position["epoch"]}
        assert (await raw.subscribe("chat:a", offset=0, **back))["recovered"]
        assert not (await raw.subscribe("chat:b", 3, offset=7, **back)).get("recovered")
        site.room("disconnect", user="ana")
        await raw.closed()
    async with Raw.open(site.websocket) as raw:
        await raw.send({"id": 1, "connect": {"token": f"{secret}x", "name": "n" * 300}})
        assert (await raw.closed())[0] == 3500
    async with Raw.open(site.websocket) as raw:
        await raw.ask(hello)
        with pytest.raises(ConnectionClosed):
            await raw.ask(f'{{"id":2,"rpc":{{"data":"{data * 100}"}}}}')
    # The last close is noted by the server when it is over for it, too.
    await asyncio.to_thread(site.server.stop)
    return secret, data


def said(site: Site, secrets: tuple[str, str]) -> list[dict[str, Any]]:
    log = site.server.log.read_text()
    for secret in secrets:
        assert secret not in log
    return events(site)


TROUBLE = [("client disconnected", 3500), ("client disconnected", 1009)]
EVERYTHING = [
    ("client connected", None),
    ("client disconnected", 3000),
    ("client connected", None),
    ("subscription recovered", None),
    ("subscription not recovered", None),
    ("client disconnected", 3503),
    ("client disconnected", 3500),
    ("client connected", None),
    ("client disconnected", 1009),
]


@pytest.mark.parametrize(
    "settings, expected, levels",
    [
        ("", TROUBLE, {"info"}),
        ('connections = "off"', [], set()),
        ('connections = "all"', EVERYTHING, {"info"}),
        ('level = "debug"', EVERYTHING, {"info", "debug"}),
    ],
)
async def test_as_much_is_written_as_is_asked_for(
    tmp_path: Path, settings: str, expected: list[tuple[str, int | None]], levels: set[str]
) -> None:
    with open_site(tmp_path, f"{ROOMS}[log]\n{settings}\n") as site:
        secrets = await visit(site)
        found = said(site, secrets)
    assert [(each["message"], each.get("code")) for each in found] == expected
    assert {each["level"] for each in found} == levels
    if expected == EVERYTHING:
        look_at(found)


def look_at(found: list[dict[str, Any]]) -> None:
    come, gone, _, back, lost, sent_away, refused, _, too_long = found
    assert [come[name] for name in WHO[1:]] == ["ana", "websocket", "json", "js", "5.8.0"]
    assert come["client"] == gone["client"] != back["client"] == lost["client"] == sent_away["client"]
    assert (gone["by"], gone["reason"]) == ("client", "connection closed")
    assert 0 <= gone["seconds"] < 60
    assert (back["channel"], back["recovered"], back["publications"]) == ("chat:a", True, 3)
    assert (lost["channel"], lost["recovered"], lost["publications"]) == ("chat:b", False, 0)
    assert (sent_away["by"], sent_away["reason"]) == ("server", "force disconnect")
    assert (refused["user"], refused["sdk"], refused["reason"]) == ("", "", "invalid token")
    assert (too_long["user"], too_long["by"]) == ("ana", "server")


@pytest.mark.parametrize("level", ["warning", "error"])
def test_what_no_level_lets_through_is_not_even_gathered(level: Literal["warning", "error"]) -> None:
    assert journal(LogSettings(level=level, connections="all")) is None
    assert journal(LogSettings(connections="off")) is None
    assert journal(LogSettings()) is not None
