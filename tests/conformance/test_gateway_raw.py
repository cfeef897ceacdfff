"""Byte-exact replies and close codes, seen by a client that knows nothing of the protocol."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.raw import Raw


async def rate(ledger: Ledger, value: float = 4.0, subject: str = "seller:42") -> int:
    """Append one review; return the version it made."""
    answer = (await ledger.append([Event("review", subject, value=value)]))[0]
    assert answer.version is not None, answer
    return answer.version


def filled(pattern: str, value: str) -> str:
    """Return `pattern` with its `@` replaced."""
    return pattern.replace("@", value)


async def test_connect_and_subscribe_in_one_frame_are_answered_in_order(
    served: Serve, ledger: Ledger
) -> None:
    await rate(ledger)
    async with served() as server, Raw.open(server.url) as raw:
        await raw.send(
            '{"connect":{"token":"","name":"js"},"id":1}',
            '{"subscribe":{"channel":"standing:seller:42","flag":1},"id":2}',
        )
        connected = await raw.line()
        assert connected.startswith('{"id":1,"connect":{"client":"')
        assert connected.endswith('","version":"renown","ping":25,"pong":true}}')
        subscribed = await raw.reply()
        result = subscribed["subscribe"]
        assert (subscribed["id"], result["recoverable"], result["positioned"]) == (2, True, True)
        assert (result["epoch"], result["offset"]) == (ledger.id, 1)
        assert [pub["offset"] for pub in result["publications"]] == [1]
        assert result["publications"][0]["data"]["subject"] == "seller:42"


async def test_every_change_is_pushed_as_the_public_standing(client: Raw, ledger: Ledger) -> None:
    empty = await client.line_of({"id": 2, "subscribe": {"channel": "standing:seller:42"}})
    assert empty == filled(
        '{"id":2,"subscribe":{"recoverable":true,"epoch":"@","positioned":true}}', ledger.id
    )
    await rate(ledger)
    found = await ledger.snapshot("seller:42")
    assert found is not None
    assert await client.line() == filled(
        '{"push":{"channel":"standing:seller:42","pub":{"data":@,"offset":1}}}', found[1].decode()
    )


async def test_the_newest_of_a_burst_arrives_last_and_few_are_sent(client: Raw, ledger: Ledger) -> None:
    await client.subscribe("standing:seller:42")
    for _ in range(30):
        await rate(ledger)
    offsets: list[int] = []
    while not offsets or offsets[-1] < 30:
        offsets.append((await client.publication())["offset"])
    assert offsets == sorted(set(offsets))
    assert len(offsets) < 30


async def test_activity_is_complete_and_in_order(client: Raw, ledger: Ledger) -> None:
    await client.subscribe("activity:seller:42")
    await asyncio.gather(*(rate(ledger) for _ in range(50)))
    assert [(await client.publication())["offset"] for _ in range(50)] == list(range(1, 51))


@pytest.mark.parametrize("subject", ["seller:a#b", "seller:42#ana,eve", "seller:#"])
async def test_a_subject_whose_key_holds_a_hash_is_watched_like_any_other(
    client: Raw, ledger: Ledger, subject: str
) -> None:
    await client.subscribe(f"standing:{subject}")
    await client.subscribe(f"activity:{subject}", 3)
    await rate(ledger, subject=subject)
    pushes = [(await client.reply())["push"] for _ in range(2)]
    assert {(push["channel"], push["pub"]["data"]["subject"]) for push in pushes} == {
        (f"standing:{subject}", subject),
        (f"activity:{subject}", subject),
    }
    history = await client.ask({"id": 4, "history": {"channel": f"activity:{subject}", "limit": 1}})
    assert [pub["offset"] for pub in history["history"]["publications"]] == [1]


async def test_feed_holds_the_newest_changes_first(client: Raw, ledger: Ledger) -> None:
    await rate(ledger)
    result = await client.subscribe("feed:all")
    assert [change["version"] for change in result["publications"][0]["data"]["changes"]] == [1]
    await rate(ledger, subject="product:7")
    changes = (await client.publication())["data"]["changes"]
    assert [change["subject"] for change in changes] == ["product:7", "seller:42"]


async def test_feed_of_a_kind_leaves_other_kinds_out(client: Raw, ledger: Ledger) -> None:
    await client.subscribe("feed:product")
    await rate(ledger)
    await rate(ledger, subject="product:7")
    changes = (await client.publication())["data"]["changes"]
    assert [change["subject"] for change in changes] == ["product:7"]


async def test_board_is_published_when_its_top_changes(client: Raw, ledger: Ledger) -> None:
    for _ in range(12):
        await rate(ledger, subject="seller:1")
    result = await client.subscribe("board:seller")
    board = result["publications"][0]["data"]
    assert board["board"] == "seller"
    assert [(row["rank"], row["subject"]) for row in board["rows"]] == [(1, "seller:1")]
    assert set(board["rows"][0]) == {
        "rank", "subject", "score", "low", "high", "count", "tier", "version", "provisional"
    }  # fmt: skip
    for _ in range(12):
        await rate(ledger, 5.0, "seller:2")
    while [row["subject"] for row in board["rows"]] != ["seller:2", "seller:1"]:
        board = (await client.publication())["data"]


async def test_a_reconnecting_client_gets_the_newest_or_nothing(client: Raw, ledger: Ledger) -> None:
    await rate(ledger)
    known = {"recover": True, "epoch": ledger.id, "offset": 1}
    result = await client.subscribe("standing:seller:42", **known)
    assert (result["recovered"], result["was_recovering"], result["offset"]) == (True, True, 1)
    assert "publications" not in result
    await client.ask({"id": 3, "unsubscribe": {"channel": "standing:seller:42"}})
    await rate(ledger)
    result = await client.subscribe("standing:seller:42", **known)
    assert (result["recovered"], [pub["offset"] for pub in result["publications"]]) == (True, [2])


async def test_activity_recovers_exactly_what_was_missed(client: Raw, ledger: Ledger) -> None:
    for _ in range(5):
        await rate(ledger)
    known = {"recover": True, "epoch": ledger.id, "offset": 2}
    result = await client.subscribe("activity:seller:42", **known)
    assert (result["recovered"], result["was_recovering"], result["offset"]) == (True, True, 2)
    assert [pub["offset"] for pub in result["publications"]] == [3, 4, 5]
    await rate(ledger)
    assert (await client.publication())["offset"] == 6


@pytest.mark.parametrize(
    "position", [{"epoch": "_", "offset": 2}, {"offset": 9}], ids=["another epoch", "from the future"]
)
async def test_activity_says_when_it_cannot_recover(
    client: Raw, ledger: Ledger, position: dict[str, Any]
) -> None:
    for _ in range(5):
        await rate(ledger)
    result = await client.subscribe("activity:seller:42", recover=True, **position)
    assert "recovered" not in result
    assert (result["was_recovering"], result["offset"]) == (True, 5)
    await client.ask({"id": 3, "unsubscribe": {"channel": "activity:seller:42"}})
    refused = await client.ask(
        {"id": 4, "subscribe": {"channel": "activity:seller:42", "recover": True, "flag": 3, **position}}
    )
    assert refused == {"id": 4, "error": {"code": 112, "message": "unrecoverable position"}}
    await rate(ledger)
    assert await client.ask({"id": 5, "unsubscribe": {"channel": "activity:seller:42"}}) == {
        "id": 5,
        "unsubscribe": {},
    }


async def test_more_than_the_recovery_limit_is_not_recovered(served: Serve, ledger: Ledger) -> None:
    await ledger.append([Event("review", "seller:42", value=4.0) for _ in range(12)])
    async with served(recovery_limit=10) as server, Raw.open(server.url) as raw:
        await raw.hello()
        result = await raw.subscribe("activity:seller:42", recover=True, epoch=ledger.id, offset=1)
        assert "recovered" not in result
        await raw.ask({"id": 3, "unsubscribe": {"channel": "activity:seller:42"}})
        result = await raw.subscribe("activity:seller:42", recover=True, epoch=ledger.id, offset=2)
        assert [pub["offset"] for pub in result["publications"]] == list(range(3, 13))


async def test_history_of_activity_in_both_directions(client: Raw, ledger: Ledger) -> None:
    channel = "activity:seller:42"
    assert await client.line_of({"id": 2, "history": {"channel": channel}}) == filled(
        '{"id":2,"history":{"publications":[],"epoch":"@","offset":0}}', ledger.id
    )
    for _ in range(5):
        await rate(ledger)

    async def offsets(**request: Any) -> list[int]:
        reply = await client.ask({"id": 3, "history": {"channel": channel, **request}})
        assert reply["history"]["offset"] == 5
        return [pub["offset"] for pub in reply["history"]["publications"]]

    assert await offsets(limit=2) == [1, 2]
    assert await offsets(limit=-1) == [1, 2, 3, 4, 5]
    assert await offsets(limit=2, since={"offset": 2, "epoch": ledger.id}) == [3, 4]
    assert await offsets(limit=2, reverse=True) == [5, 4]
    assert await offsets(limit=-1, reverse=True, since={"offset": 3}) == [2, 1]
    gone = await client.ask({"id": 4, "history": {"channel": channel, "since": {"offset": 1, "epoch": "x"}}})
    assert gone["error"]["code"] == 112


@pytest.mark.parametrize(
    "request_, code",
    [
        ({"subscribe": {"channel": "nothing:seller:42"}}, 102),
        ({"subscribe": {"channel": "seller"}}, 102),
        ({"subscribe": {"channel": "standing:nobody:42"}}, 102),
        ({"subscribe": {"channel": "activity:nobody:42"}}, 102),
        ({"subscribe": {"channel": "board:nobody"}}, 102),
        ({"subscribe": {"channel": "feed:nobody"}}, 102),
        ({"history": {"channel": "activity:nobody:42", "limit": 1}}, 102),
        ({"subscribe": {"channel": "standing:Seller 42"}}, 107),
        ({"subscribe": {"channel": "standing:seller:ä"}}, 107),
        ({"subscribe": {"channel": "standing:seller:" + "4" * 250}}, 107),
        ({"subscribe": {"channel": "standing:seller:1", "token": "a.b.c"}}, 103),
        ({"subscribe": {"channel": "standing:seller:1", "tf": {"op": "and"}}}, 107),
        ({"publish": {"channel": "standing:seller:42", "data": {}}}, 103),
        ({"publish": {"channel": "standing:seller:42"}}, 107),
        ({"publish": {"channel": "nothing:1", "data": {}}}, 102),
        ({"presence": {"channel": "standing:seller:42"}}, 108),
        ({"presence_stats": {"channel": "standing:seller:42"}}, 108),
        ({"history": {"channel": "standing:seller:42"}}, 108),
        ({"rpc": {"method": "x", "data": {}}}, 108),
        ({"sub_refresh": {"channel": "standing:seller:42", "token": "x"}}, 103),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_errors_leave_the_connection_open(client: Raw, request_: dict[str, Any], code: int) -> None:
    reply = await client.ask({"id": 7, **request_})
    assert (reply["id"], reply["error"]["code"]) == (7, code)
    assert reply["error"]["message"]
    assert await client.subscribe("standing:seller:42")


async def test_subscribing_twice_and_too_often(served: Serve) -> None:
    async with served(channels_per_connection=3) as server, Raw.open(server.url) as raw:
        await raw.hello()
        for number in range(3):
            await raw.subscribe(f"standing:seller:{number}")
        again = await raw.ask({"id": 5, "subscribe": {"channel": "standing:seller:1"}})
        assert again["error"]["code"] == 105
        more = await raw.ask({"id": 6, "subscribe": {"channel": "standing:seller:9"}})
        assert more["error"]["code"] == 106


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "{",
        "null",
        "[]",
        '{"id":2,"subscribe":{"channel":7}}',
        '{"id":-1,"subscribe":{"channel":"standing:a:1"}}',
        '{"id":2}',
        '{"id":2,"ping":{}}',
        '{"id":2,"connect":{}}',
        '{"id":2,"subscribe":{}}',
        '{"id":2,"subscribe":{"channel":"standing:a:1","delta":"x"}}',
        '{"id":2,"refresh":{}}',
        "{}",
    ],
)
async def test_what_is_no_command_ends_the_connection(client: Raw, text: str) -> None:
    await client.socket.send(text)
    assert await client.closed() == (3501, "bad request")


async def test_unhandled_messages_end_the_connection(client: Raw) -> None:
    await client.send('{"send":{"data":1}}')
    assert await client.closed() == (3508, "not available")


async def test_nothing_goes_before_connect(served: Serve) -> None:
    async with served() as server, Raw.open(server.url) as raw:
        await raw.send('{"id":1,"subscribe":{"channel":"standing:a:1"}}')
        assert await raw.closed() == (3501, "bad request")


async def test_without_anonymous_access_a_token_is_needed(served: Serve) -> None:
    async with served(anonymous=False) as server, Raw.open(server.url) as raw:
        await raw.send('{"id":1,"connect":{}}')
        assert await raw.closed() == (3501, "bad request")


async def test_a_silent_connection_is_stale(served: Serve) -> None:
    async with served(connect_deadline=0.2) as server, Raw.open(server.url) as raw:
        assert await raw.closed() == (3502, "stale")


async def test_a_missing_pong_ends_the_connection_and_a_pong_keeps_it(served: Serve) -> None:
    async with served(ping_interval=0.4, pong_timeout=0.3) as server, Raw.open(server.url) as raw:
        result = await raw.hello()
        assert (result["ping"], result["pong"]) == (1, True)
        for _ in range(3):
            assert await raw.line() == "{}"
            await raw.send("{}")
        assert await raw.line() == "{}"
        assert await raw.closed() == (3012, "no pong")


async def test_a_message_above_the_limit_is_refused(client: Raw) -> None:
    await client.socket.send("x" * 65_537)
    code, _ = await client.closed()
    assert code == 1009


async def test_fragments_make_one_message_and_count_together(client: Raw) -> None:
    await client.socket.send(['{"id":2,"subscribe":', '{"channel":"standing:', 'seller:42"}}'])
    assert (await client.reply())["id"] == 2
    await client.socket.send(["x" * 40_000, "x" * 40_000])
    code, _ = await client.closed()
    assert code == 1009


async def test_control_pings_are_answered(client: Raw) -> None:
    await (await client.socket.ping(b"there?"))


async def test_as_many_subscriptions_as_one_frame_holds(served: Serve) -> None:
    async with served(channels_per_connection=1_000) as server, Raw.open(server.url) as other:
        channels = [f"standing:seller:{number}" for number in range(900)]
        asked = [{"id": n, "subscribe": {"channel": name}} for n, name in enumerate(channels, 2)]
        await other.hello()
        await other.send(*asked)
        assert [(await other.reply())["id"] for _ in asked] == [command["id"] for command in asked]
        # All are known by now, so that each answer comes while its question is being asked.
        async with Raw.open(server.url) as client:
            await client.hello()
            await client.send(*asked)
            assert [(await client.reply())["id"] for _ in asked] == [command["id"] for command in asked]


async def test_unsubscribing_ends_delivery(client: Raw, ledger: Ledger) -> None:
    await client.send(
        {"id": 2, "subscribe": {"channel": "standing:seller:42"}},
        {"id": 3, "unsubscribe": {"channel": "standing:seller:42"}},
        {"id": 4, "unsubscribe": {"channel": "standing:seller:42"}},
        {"id": 5, "subscribe": {"channel": "standing:seller:1"}},
    )
    assert [(await client.reply())["id"] for _ in range(4)] == [2, 3, 4, 5]
    await rate(ledger)
    await rate(ledger, subject="seller:1")
    assert (await client.publication())["data"]["subject"] == "seller:1"


@pytest.mark.parametrize(
    "path, origin, status",
    [
        ("/connection/websocket", "https://evil.example", 403),
        ("/connection/websocket", "null", 403),
        ("/elsewhere", None, 404),
    ],
)
async def test_upgrades_that_are_refused(served: Serve, path: str, origin: str | None, status: int) -> None:
    async with served() as server:
        url = f"ws://127.0.0.1:{server.port}{path}"
        with pytest.raises(InvalidStatus) as refused:
            async with Raw.open(url, origin=origin):
                pass
        assert refused.value.response.status_code == status


async def test_a_plain_request_is_told_that_it_should_be_an_upgrade(served: Serve) -> None:
    """As it arrives behind a proxy that does not pass the header on."""
    async with served() as server, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{server.http}/connection/websocket", headers={"connection": "close"})
        assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
        assert "proxy" in answer.text


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:{port}", "https://shop.example.org", "http://[::1]:3000"]
)
async def test_origins_that_are_let_in(served: Serve, origin: str) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(origins=("https://*.Example.org", "http://[::1]:*")))
        raw = await stack.enter_async_context(Raw.open(server.url, origin=origin.format(port=server.port)))
        assert await raw.hello()


@pytest.mark.parametrize(
    "host, origin, status",
    [
        ("evil.example:{port}", "http://evil.example:{port}", 403),
        ("evil.example:{port}", None, 403),
        ("localhost.evil.example", "http://localhost:3000", 403),
        ("127.0.0.1:{port}", "http://evil.example:{port}", 403),
        ("127.0.0.1:{port}", "http://localhost:3000", 101),
        ("shop.localhost:{port}", "http://shop.localhost:{port}", 101),
        ("[::1]:{port}", None, 101),
    ],
)
async def test_in_dev_mode_only_names_of_this_machine_are_served(
    served: Serve, host: str, origin: str | None, status: int
) -> None:
    """A foreign name may resolve to this machine; its pages send it as Host and as Origin alike."""
    async with served(dev=True) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        headers = [
            "GET /connection/websocket HTTP/1.1",
            f"Host: {host}",
            *([f"Origin: {origin}"] if origin else []),
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        writer.write("".join(f"{line}\r\n" for line in [*headers, ""]).format(port=server.port).encode())
        assert (await reader.readline()).split()[1] == str(status).encode()
        writer.close()


@pytest.mark.parametrize(
    "header, chosen",
    [
        (None, None),
        ("", None),
        ("graphql-ws", None),
        ("centrifuge-json", "centrifuge-json"),
        ("x, centrifuge-json", "centrifuge-json"),
    ],
)
async def test_subprotocols(served: Serve, header: str | None, chosen: str | None) -> None:
    """Written by hand: client libraries refuse to send an empty header, which one SDK does."""
    async with served() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        lines = [
            "GET /connection/websocket HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *([] if header is None else [f"Sec-WebSocket-Protocol: {header}"]),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.close()
        assert head.startswith("HTTP/1.1 101 ")
        echoed = [line.partition(": ")[2] for line in head.split("\r\n") if "protocol:" in line.lower()]
        assert echoed == ([] if chosen is None else [chosen])
        assert "extensions" not in head.lower()


async def test_control_pings_in_place_of_the_protocols(served: Serve) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(ping_interval=0.1))
        client = await stack.enter_async_context(Raw.open(f"{server.url}?cf_ws_frame_ping_pong=true"))
        result = await client.hello()
        assert not {"ping", "pong"} & set(result)
        # Several pings later, each answered by the library, it still stands and no `{}` came.
        await asyncio.sleep(0.5)
        assert (await client.ask({"id": 2, "subscribe": {"channel": "standing:seller:1"}}))["id"] == 2
