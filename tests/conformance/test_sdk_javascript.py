"""The official JavaScript client, unchanged, against the gateway."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from renown.gateway.admission.tokens import Tokens
from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.javascript import JavaScript, install
from tests.conformance.keys import SECRET, Provider, shared, soon
from tests.running import RunningServer


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture
async def js() -> AsyncIterator[JavaScript]:
    async with JavaScript.run() as client:
        yield client


async def rate(ledger: Ledger, value: float = 4.0, subject: str = "seller:42") -> None:
    await ledger.append([Event("review", subject, value=value)])


async def test_subscribe_live_change_and_unsubscribe(js: JavaScript, served: Serve, ledger: Ledger) -> None:
    await rate(ledger)
    async with served() as server:
        await js.do("connect", url=server.url)
        await js.do("subscribe", channel="standing:seller:42")
        await js.next("connected")
        subscribed = await js.next("subscribed")
        assert (subscribed["recoverable"], subscribed["positioned"]) == (True, True)
        assert (await js.next("publication"))["data"]["version"] == 1
        await rate(ledger, 5.0)
        live = await js.next("publication")
        assert (live["offset"], live["data"]["version"], live["data"]["cause"]["type"]) == (2, 2, "review")
        await js.do("unsubscribe", channel="standing:seller:42")
        await js.next("unsubscribed")
        await rate(ledger, 5.0)
        await js.do("subscribe", channel="standing:seller:42")
        assert (await js.next("publication"))["offset"] == 3


async def test_unsubscribe_sent_while_the_subscription_is_being_made(
    js: JavaScript, served: Serve, ledger: Ledger
) -> None:
    async with served() as server:
        await js.do("connect", url=server.url)
        await js.next("connected")
        for name in ("subscribe", "unsubscribe", "subscribe"):
            await js.do(name, channel="activity:seller:42")
        await js.next("subscribed")
        await rate(ledger)
        assert (await js.next("publication"))["offset"] == 1


async def test_history_and_what_is_refused(js: JavaScript, served: Serve, ledger: Ledger) -> None:
    for _ in range(3):
        await rate(ledger)
    async with served() as server:
        await js.do("connect", url=server.url)
        await js.do("history", channel="activity:seller:42", options={"limit": 10})
        history = await js.next("history")
        assert (history["offsets"], history["offset"], history["epoch"]) == ([1, 2, 3], 3, ledger.id)
        await js.do("publish", channel="standing:seller:42", data={"score": 5})
        assert (await js.next("refused"))["code"] == 103
        await js.do("rpc", method="x")
        assert (await js.next("refused"))["code"] == 108
        await js.do("subscribe", channel="nothing:here")
        assert (await js.next("unsubscribed", channel="nothing:here"))["code"] == 102


@pytest.mark.parametrize(
    "algorithm, jwks", [("RS256", True), ("RS256", False), ("ES256", True), ("ES256", False), ("EdDSA", True)]
)
async def test_tokens_of_an_identity_provider(
    js: JavaScript, served: Serve, tmp_path: Path, algorithm: str, jwks: bool
) -> None:
    provider = Provider(algorithm, tmp_path, jwks=jwks)
    async with served(Tokens(provider.options()), anonymous=False) as server:
        await js.do("connect", url=server.url, token=provider.sign(sub="ana", exp=soon(60)))
        await js.do("subscribe", channel="standing:seller:42")
        await js.next("subscribed")


async def test_an_expired_token_is_replaced_by_the_client(js: JavaScript, served: Serve) -> None:
    tokens = shared()
    async with served(tokens, anonymous=False) as server:
        await js.do("connect", url=server.url, token=tokens.issue("ana", lifetime=-5), refresh=True)
        await js.next("token wanted")
        await js.do("token", token=tokens.issue("ana"))
        await js.next("connected")


async def test_a_bad_token_ends_it_for_good(js: JavaScript, served: Serve) -> None:
    async with served(shared(), anonymous=False) as server:
        await js.do("connect", url=server.url, token=shared().issue("ana")[:-8] + "AAAAAAAA")
        ended = await js.next("disconnected")
        assert (ended["code"], ended["reason"]) == (3500, "invalid token")


async def test_no_token_where_one_is_needed(js: JavaScript, served: Serve) -> None:
    async with served(anonymous=False) as server:
        await js.do("connect", url=server.url)
        assert (await js.next("disconnected"))["code"] == 3501


async def test_the_client_refreshes_a_short_token(js: JavaScript, served: Serve, ledger: Ledger) -> None:
    """Without the refresh the server would close after lifetime and grace, both a second."""
    tokens = shared()
    async with served(
        tokens, anonymous=False, expiry_grace=1.0, ping_interval=0.5, pong_timeout=0.4
    ) as server:
        await js.do("connect", url=server.url, token=tokens.issue("ana", lifetime=2), refresh=True)
        await js.next("connected")
        await js.do("subscribe", channel="standing:seller:42")
        await js.next("subscribed")
        for _ in range(3):
            await js.next("token wanted")
            await js.do("token", token=tokens.issue("ana", lifetime=2))
        await rate(ledger)
        await js.next("publication")
        assert [seen for seen in js.seen if seen["event"] == "connecting"] == [js.seen[0]]
        assert not server.gateway.metrics.closes


async def test_an_unrefreshed_connection_is_closed_and_comes_back(js: JavaScript, served: Serve) -> None:
    tokens = shared()
    async with served(tokens, anonymous=False, expiry_grace=0.0) as server:
        await js.do("connect", url=server.url, token=tokens.issue("ana", lifetime=2), refresh=True)
        await js.next("connected")
        assert (await js.next("connecting"))["code"] == 3005


async def test_a_subscription_token_opens_what_is_closed_and_is_refreshed(
    js: JavaScript, served: Serve, ledger: Ledger
) -> None:
    tokens, channel = shared(), "standing:seller:42"
    rules = {"standing": {"subscribe": "nobody"}}
    async with served(tokens, channels=rules) as server:
        await js.do("connect", url=server.url, token=tokens.issue("ana"))
        await js.do("subscribe", channel="standing:seller:1")
        assert (await js.next("unsubscribed", channel="standing:seller:1"))["code"] == 103
        token = tokens.issue("ana", channel=channel)
        await js.do("subscribe", channel=channel, options={"token": token})
        await js.next("subscribed", channel=channel)
        await rate(ledger)
        await js.next("publication", channel=channel)


async def test_pings_keep_both_sides_content(js: JavaScript, served: Serve, ledger: Ledger) -> None:
    async with served(ping_interval=0.4, pong_timeout=0.3) as server:
        await js.do("connect", url=server.url)
        await js.do("subscribe", channel="activity:seller:42")
        await js.next("subscribed")
        before = server.gateway.metrics.messages
        while server.gateway.metrics.messages < before + 4:
            await rate(ledger)
            await js.next("publication")
        assert not server.gateway.metrics.closes


def post(server: RunningServer, number: int, subject: str = "seller:42") -> None:
    for _ in range(number):
        event = {"type": "review", "subject": subject, "value": 5}
        assert httpx.post(f"{server.url}/v1/events", json=event).json()["status"] == "applied"


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_after_a_restart_nothing_is_missing(js: JavaScript, tmp_path: Path, how: str) -> None:
    """Standings end with the newest state; activity has no gap and no repetition."""
    with RunningServer(tmp_path) as server:
        post(server, 3)
        await js.do("connect", url=server.websocket)
        await js.do("subscribe", channel="activity:seller:42")
        await js.next("subscribed")
        await js.do("subscribe", channel="standing:seller:42")
        assert (await js.next("publication"))["data"]["version"] == 3
        post(server, 2)
        await js.next("publication", channel="activity:seller:42", offset=5)
        await js.next("publication", channel="standing:seller:42", offset=5)
        getattr(server, how)()
        await js.next("connecting")
        server.start()
        post(server, 4)
        await js.next("publication", channel="activity:seller:42", offset=9)
        if not any(seen.get("offset") == 9 and seen["channel"].startswith("standing") for seen in js.seen):
            await js.next("publication", channel="standing:seller:42", offset=9)
        publications = [seen for seen in js.seen if seen["event"] == "publication"]
        activity = [seen["offset"] for seen in publications if seen["channel"].startswith("activity")]
        standing = [seen["offset"] for seen in publications if seen["channel"].startswith("standing")]
        assert activity == list(range(4, 10))
        assert standing == sorted(set(standing))
        assert standing[-1] == 9


async def test_the_real_server_takes_tokens(
    js: JavaScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENOWN_TOKENS__SECRET", SECRET)
    with RunningServer(tmp_path) as server:
        await js.do("connect", url=server.websocket, token=shared().issue("ana"))
        await js.next("connected")
