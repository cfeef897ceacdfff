"""The official server library (`cent`) against the real server: rooms, presence, history, connections."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import cent
import pytest
from centrifuge import (
    Client,
    ClientEventHandler,
    ConnectingContext,
    DisconnectedContext,
    Publication,
    PublicationContext,
    ServerPublicationContext,
    ServerSubscribedContext,
    SubscriptionEventHandler,
)

from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import TokenOptions
from tests.running import RunningServer, cli_key

SECRET = "a secret of more than thirty-two bytes"
SETTINGS = f"""
policies = ["seller"]
[tokens]
secret = "{SECRET}"
[gateway]
expiry_grace = 0.5
[gateway.rooms.chat]
history_size = 20
presence = true
publish = "subscribers"
[gateway.rooms.typing]
subscribe = "users"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server_api")
    (folder / "renown.toml").write_text(SETTINGS)
    running = RunningServer(folder / "data", "--config", str(folder / "renown.toml"), dev=False)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def key(server: RunningServer) -> str:
    return cli_key(server.data, "rooms")


@pytest.fixture
async def api(server: RunningServer, key: str) -> AsyncIterator[cent.AsyncClient]:
    async with cent.AsyncClient(f"{server.url}/api", key) as client:
        yield client


class Watch:
    """What came to a client, by kind."""

    def __init__(self) -> None:
        self.publications: asyncio.Queue[Publication] = asyncio.Queue()
        self.subscribed: asyncio.Queue[ServerSubscribedContext] = asyncio.Queue()
        self.connecting: asyncio.Queue[ConnectingContext] = asyncio.Queue()
        self.ended: asyncio.Queue[DisconnectedContext] = asyncio.Queue()


class Watching(SubscriptionEventHandler):
    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    async def on_publication(self, ctx: PublicationContext) -> None:
        self._watch.publications.put_nowait(ctx.pub)


class Connected(ClientEventHandler):
    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    async def on_subscribed(self, ctx: ServerSubscribedContext) -> None:
        self._watch.subscribed.put_nowait(ctx)

    async def on_publication(self, ctx: ServerPublicationContext) -> None:
        self._watch.publications.put_nowait(ctx.pub)

    async def on_connecting(self, ctx: ConnectingContext) -> None:
        self._watch.connecting.put_nowait(ctx)

    async def on_disconnected(self, ctx: DisconnectedContext) -> None:
        self._watch.ended.put_nowait(ctx)


async def connected(server: RunningServer, user: str, watch: Watch) -> Client:
    token = Tokens(TokenOptions(secret=SECRET)).issue(user)
    client = Client(server.websocket, token=token, events=Connected(watch))
    await client.connect()
    await client.ready()
    return client


async def test_publish_reaches_watchers_and_history(server: RunningServer, api: cent.AsyncClient) -> None:
    watch = Watch()
    client = await connected(server, "ana", watch)
    subscription = client.new_subscription("chat:publish", events=Watching(watch))
    await subscription.subscribe()
    await subscription.ready()
    first = await api.publish(
        cent.PublishRequest(channel="chat:publish", data={"text": "hello"}, tags={"lang": "en"})
    )
    assert first.offset == 1
    assert first.epoch
    seen = await asyncio.wait_for(watch.publications.get(), 10)
    assert (seen.data, seen.offset) == ({"text": "hello"}, 1)
    history = await api.history(cent.HistoryRequest(channel="chat:publish", limit=10))
    assert [(entry.offset, entry.data, entry.tags) for entry in history.publications] == [
        (1, {"text": "hello"}, {"lang": "en"})
    ]
    assert history.epoch == first.epoch
    await client.disconnect()


async def test_the_same_idempotency_key_publishes_once(api: cent.AsyncClient) -> None:
    wanted = cent.PublishRequest(channel="chat:once", data=1, idempotency_key="k1")
    assert (await api.publish(wanted)).offset == (await api.publish(wanted)).offset == 1
    assert (await api.history(cent.HistoryRequest(channel="chat:once"))).offset == 1


async def test_broadcast_answers_for_each_channel(api: cent.AsyncClient) -> None:
    done = await api.broadcast(cent.BroadcastRequest(channels=["chat:a", "nowhere:b"], data={}))
    assert done.responses[0].result is not None
    assert done.responses[1].error is not None
    assert done.responses[1].error.code == 102


async def test_presence_and_channels(server: RunningServer, api: cent.AsyncClient) -> None:
    watch = Watch()
    client = await connected(server, "ben", watch)
    subscription = client.new_subscription("chat:here", events=Watching(watch))
    await subscription.subscribe()
    await subscription.ready()
    present = (await api.presence(cent.PresenceRequest(channel="chat:here"))).presence
    assert [info.user for info in present.values()] == ["ben"]
    stats = await api.presence_stats(cent.PresenceStatsRequest(channel="chat:here"))
    assert (stats.num_clients, stats.num_users) == (1, 1)
    channels = (await api.channels(cent.ChannelsRequest(pattern="chat:h*"))).channels
    assert {name: info.num_clients for name, info in channels.items()} == {"chat:here": 1}
    nodes = (await api.info(cent.InfoRequest())).nodes
    assert nodes[0].num_clients >= 1
    await client.disconnect()


async def test_subscribe_unsubscribe_and_disconnect_a_user(
    server: RunningServer, api: cent.AsyncClient
) -> None:
    watch = Watch()
    client = await connected(server, "cleo", watch)
    own = await asyncio.wait_for(watch.subscribed.get(), 10)
    assert own.channel == "user:cleo"
    await api.subscribe(cent.SubscribeRequest(user="cleo", channel="chat:made"))
    made = await asyncio.wait_for(watch.subscribed.get(), 10)
    assert made.channel == "chat:made"
    await api.publish(cent.PublishRequest(channel="chat:made", data={"n": 1}))
    assert (await asyncio.wait_for(watch.publications.get(), 10)).data == {"n": 1}
    await api.unsubscribe(cent.UnsubscribeRequest(user="cleo", channel="chat:made"))
    await api.disconnect(
        cent.DisconnectRequest(user="cleo", disconnect=cent.Disconnect(code=4500, reason="go away"))
    )
    ended = await asyncio.wait_for(watch.ended.get(), 10)
    assert (ended.code, ended.reason) == (4500, "go away")
    await client.disconnect()


def _lent(seconds: int) -> cent.SubscribeRequest:
    # The library passes on what it has no name for.
    until = int(time.time()) + seconds
    return cent.SubscribeRequest.model_validate({"user": "tess", "channel": "chat:lent", "expire_at": until})


async def test_a_subscription_may_be_for_a_time_only(server: RunningServer, api: cent.AsyncClient) -> None:
    watch = Watch()
    client = await connected(server, "tess", watch)
    await asyncio.wait_for(watch.subscribed.get(), 10)
    with pytest.raises(cent.CentApiResponseError) as caught:
        await api.subscribe(_lent(-5))
    assert caught.value.code == 110
    await api.subscribe(_lent(2))
    assert (await asyncio.wait_for(watch.subscribed.get(), 10)).channel == "chat:lent"
    await asyncio.wait_for(watch.connecting.get(), 10)
    assert (await asyncio.wait_for(watch.connecting.get(), 10)).code == 3006
    while (back := await asyncio.wait_for(watch.subscribed.get(), 10)).channel != "user:tess":
        assert back.channel != "chat:lent"
    await client.disconnect()


async def test_the_channels_of_the_ledger_cannot_be_published_into(api: cent.AsyncClient) -> None:
    for channel in ("standing:seller:1", "board:seller", "activity:seller:1", "alerts:seller", "feed:all"):
        with pytest.raises(cent.CentApiResponseError) as caught:
            await api.publish(cent.PublishRequest(channel=channel, data={}))
        assert caught.value.code == 103, channel


async def test_users_can_be_told_things(server: RunningServer, api: cent.AsyncClient) -> None:
    watch = Watch()
    client = await connected(server, "dora", watch)
    await asyncio.wait_for(watch.subscribed.get(), 10)
    await api.publish(cent.PublishRequest(channel="user:dora", data={"badge": "gold"}))
    assert (await asyncio.wait_for(watch.publications.get(), 10)).data == {"badge": "gold"}
    await client.disconnect()


async def test_a_batch_answers_in_order(api: cent.AsyncClient) -> None:
    done = await api.batch(
        cent.BatchRequest(
            requests=[
                cent.PublishRequest(channel="chat:batch", data=1),
                cent.PublishRequest(channel="chat:batch", data=2),
                cent.HistoryRequest(channel="chat:batch", limit=5),
            ]
        )
    )
    assert [getattr(reply, "offset", None) for reply in done.replies] == [1, 2, 2]


async def test_history_can_be_removed(api: cent.AsyncClient) -> None:
    before = await api.publish(cent.PublishRequest(channel="chat:gone", data=1))
    await api.history_remove(cent.HistoryRemoveRequest(channel="chat:gone"))
    after = await api.history(cent.HistoryRequest(channel="chat:gone", limit=5))
    assert (after.publications, after.offset) == ([], 0)
    assert after.epoch != before.epoch


async def test_wrong_keys_and_keys_without_the_scope_are_refused(server: RunningServer) -> None:
    async with cent.AsyncClient(f"{server.url}/api", "rk_wrong") as stranger:
        with pytest.raises(cent.CentUnauthorizedError):
            await stranger.info(cent.InfoRequest())
    async with cent.AsyncClient(f"{server.url}/api", cli_key(server.data, "read")) as reader:
        with pytest.raises(cent.CentTransportError) as caught:
            await reader.info(cent.InfoRequest())
        assert caught.value.status_code == 403
