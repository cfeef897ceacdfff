"""The official Python client, unchanged, against the gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from centrifuge import (
    Client,
    ClientEventHandler,
    ConnectedContext,
    ConnectingContext,
    DisconnectedContext,
    PublicationContext,
    SubscribedContext,
    SubscriptionEventHandler,
    UnsubscribedContext,
)

from renown.gateway.admission.tokens import Tokens
from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.keys import Provider, shared, soon
from tests.running import RunningServer


class _Seen:
    def __init__(self) -> None:
        self.seen: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def next(self, name: str) -> Any:
        """Return what came with the next event of that name; what comes before it is skipped."""
        while True:
            found, value = await self.seen.get()
            if found == name:
                return value


class Connection(_Seen, ClientEventHandler):
    """Puts what happens to a connection into a queue."""

    async def on_connecting(self, ctx: ConnectingContext) -> None:
        self.seen.put_nowait(("connecting", ctx.code))

    async def on_connected(self, ctx: ConnectedContext) -> None:
        self.seen.put_nowait(("connected", ctx.client))

    async def on_disconnected(self, ctx: DisconnectedContext) -> None:
        self.seen.put_nowait(("disconnected", ctx.code))


class Subscription(_Seen, SubscriptionEventHandler):
    """Puts what happens to a subscription into a queue."""

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        self.seen.put_nowait(("subscribed", ctx))

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self.seen.put_nowait(("unsubscribed", ctx.code))

    async def on_publication(self, ctx: PublicationContext) -> None:
        self.seen.put_nowait(("publication", ctx.pub))


@asynccontextmanager
async def connected(url: str, events: Connection, **options: Any) -> AsyncIterator[Client]:
    client = Client(url, events=events, proxy=None, max_reconnect_delay=0.5, **options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


async def rate(ledger: Ledger, value: float = 4.0) -> None:
    await ledger.append([Event("review", "seller:42", value=value)])


async def test_subscribe_live_change_history_and_unsubscribe(served: Serve, ledger: Ledger) -> None:
    await rate(ledger)
    watching = Subscription()
    async with served() as server, connected(server.url, Connection()) as client:
        subscription = client.new_subscription("standing:seller:42", events=watching)
        await subscription.subscribe()
        found = await watching.next("subscribed")
        assert (found.recoverable, found.positioned) == (True, True)
        assert (await watching.next("publication")).data["version"] == 1
        await rate(ledger)
        assert (await watching.next("publication")).offset == 2
        history = await client.history("activity:seller:42", limit=10)
        assert [pub.offset for pub in history.publications] == [1, 2]
        await subscription.unsubscribe()
        await watching.next("unsubscribed")


@pytest.mark.parametrize("algorithm, jwks", [("RS256", True), ("ES256", False)])
async def test_tokens_of_an_identity_provider(
    served: Serve, tmp_path: Path, algorithm: str, jwks: bool
) -> None:
    provider, watching = Provider(algorithm, tmp_path, jwks=jwks), Connection()
    token = provider.sign(sub="ana", exp=soon(60))
    async with served(Tokens(provider.options()), anonymous=False) as server:
        async with connected(server.url, watching, token=token):
            await watching.next("connected")
        await watching.next("disconnected")
        async with connected(server.url, watching, token=provider.sign(sub="ana", channel="a:1")):
            assert await watching.next("disconnected") == 3500


async def test_tokens_are_asked_for_when_expired_and_refreshed_in_time(served: Serve, ledger: Ledger) -> None:
    tokens, connection, watching = shared(), Connection(), Subscription()
    wanted: asyncio.Queue[None] = asyncio.Queue()

    async def get_token() -> str:
        wanted.put_nowait(None)
        return tokens.issue("ana", lifetime=2)

    async with served(tokens, anonymous=False, expiry_grace=1.0) as server:
        expired = tokens.issue("ana", lifetime=-5)
        async with connected(server.url, connection, token=expired, get_token=get_token) as client:
            await connection.next("connected")
            await client.new_subscription("standing:seller:42", events=watching).subscribe()
            for _ in range(4):
                await wanted.get()
            await rate(ledger)
            await watching.next("publication")
            assert not server.gateway.metrics.closes


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_after_a_restart_nothing_is_missing(tmp_path: Path, how: str) -> None:
    """Standings end with the newest state; activity has no gap and no repetition."""
    connection, standing, activity = Connection(), Subscription(), Subscription()

    async def post(server: RunningServer, number: int) -> None:
        async with httpx.AsyncClient() as http:
            for _ in range(number):
                event = {"type": "review", "subject": "seller:42", "value": 5}
                answer = await http.post(f"{server.url}/v1/events", json=event)
                assert answer.json()["status"] == "applied"

    async def offsets(watching: Subscription, last: int) -> list[int]:
        found: list[int] = []
        while last not in found:
            found.append((await watching.next("publication")).offset)
        return found

    with RunningServer(tmp_path) as server:
        await post(server, 3)
        async with connected(server.websocket, connection) as client:
            await client.new_subscription("standing:seller:42", events=standing).subscribe()
            await client.new_subscription("activity:seller:42", events=activity).subscribe()
            await standing.next("subscribed")
            await activity.next("subscribed")
            await post(server, 2)
            assert (await offsets(standing, 5))[-1] == 5
            assert await offsets(activity, 5) == [4, 5]
            await asyncio.to_thread(getattr(server, how))
            await connection.next("connecting")
            await connection.next("connecting")
            await asyncio.to_thread(server.start)
            await post(server, 4)
            newest = await offsets(standing, 9)
            assert newest == sorted(set(newest))
            assert await offsets(activity, 9) == [6, 7, 8, 9]
