"""A swarm of the official Python client, see `__init__.py`: `python -m bench.clients.python_swarm JSON`."""

import asyncio
import json
import logging
import sys
from typing import Any

from centrifuge import (
    Client,
    PublicationContext,
    SubscribedContext,
    SubscriptionEventHandler,
)

__all__: list[str] = []


class _Watch(SubscriptionEventHandler):
    def __init__(self, kept: dict[str, Any], *, stream: bool, binary: bool) -> None:
        self.subscribed = asyncio.Event()
        self._kept = kept
        self._stream = stream
        self._binary = binary

    async def on_subscribed(self, ctx: SubscribedContext) -> None:  # noqa: ARG002 - the library's signature
        self.subscribed.set()

    async def on_publication(self, ctx: PublicationContext) -> None:
        data: Any = json.loads(ctx.pub.data) if self._binary else ctx.pub.data
        if self._stream:
            self._kept["stream"].append(data["n"])
        else:
            self._kept["version"] = data["version"]


async def _main(task: dict[str, Any]) -> None:
    logging.getLogger("centrifuge").setLevel(logging.CRITICAL)
    binary = "Protobuf" in task["kind"]
    clients = list[dict[str, Any]]()
    watches = list[_Watch]()
    for number, url in enumerate(task["urls"]):
        subject = task["subjects"][(task["first"] + number) % len(task["subjects"])]
        kept: dict[str, Any] = {"kind": task["kind"], "subject": subject, "stream": [], "version": 0}
        address = url.replace("http", "ws", 1) + "/connection/websocket"
        client = Client(address + ("?format=protobuf" if binary else ""), use_protobuf=binary, proxy=None)
        for channel, stream in ((task["stream"], True), (f"standing:{subject}", False)):
            watch = _Watch(kept, stream=stream, binary=binary)
            await client.new_subscription(channel, watch).subscribe()
            watches.append(watch)
        await client.connect()
        clients.append(kept)
    for watch in watches:
        await watch.subscribed.wait()
    print(json.dumps({"event": "ready"}), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps({"clients": clients}), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
