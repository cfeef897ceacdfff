"""The official Python client over Protobuf gets standings in JSON or, when it asks, in Protobuf."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest
from centrifuge import Client, PublicationContext, SubscribedContext, SubscriptionEventHandler

from renown.protocol.standing_form import unpack
from tests.running import RunningServer


class _Kept(SubscriptionEventHandler):
    """Keeps what comes, in order."""

    def __init__(self) -> None:
        self.come: asyncio.Queue[bytes] = asyncio.Queue()

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        """Nothing: the newest state follows as a publication."""

    async def on_publication(self, ctx: PublicationContext) -> None:
        self.come.put_nowait(ctx.pub.data)


def _packed(data: bytes) -> bytes:
    return msgspec.json.encode(unpack(data))


@pytest.mark.parametrize("asked, read", [(b"", bytes), (b'{"form":"protobuf"}', _packed)])
async def test_standings(tmp_path: Path, asked: bytes, read: Callable[[bytes], bytes]) -> None:
    event = {"type": "review", "subject": "seller:42", "value": 5, "categories": {"quality": 4}}
    with RunningServer(tmp_path / "data") as server:
        client, kept = Client(server.websocket, use_protobuf=True), _Kept()
        await client.connect()
        subscription = client.new_subscription("standing:seller:42", kept, data=asked or None)
        await subscription.subscribe()
        await subscription.ready()
        try:
            async with httpx.AsyncClient(base_url=server.url) as http:
                for version in (1, 2):
                    await http.post("/v1/events", json=event)
                    standing = (await http.get("/v1/standings/seller:42")).json()
                    assert standing["version"] == version
                    data = await asyncio.wait_for(kept.come.get(), 30)
                    assert (data[:1] == b"{") == (not asked)
                    assert msgspec.json.decode(read(data)) == standing
        finally:
            await client.disconnect()
