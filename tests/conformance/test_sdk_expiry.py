"""Tokens that expire under the official JavaScript client: asked for in time, or the way back afterwards."""

from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Connect, Serve
from tests.conformance.keys import shared
from tests.conformance.site import BOTH

CHANNEL = "activity:seller:42"


async def rate(ledger: Ledger) -> None:
    await ledger.append([Event("review", "seller:42", value=4.0)])


@BOTH
async def test_both_kinds_of_tokens_are_replaced_without_a_gap(
    connect: Connect, served: Serve, ledger: Ledger, protocol: str
) -> None:
    """Without new tokens the server would end both after lifetime and grace, two seconds and one."""
    tokens = shared()
    async with served(tokens, anonymous=False, expiry_grace=1.0) as server:
        js = await connect(server.url, protocol, token=tokens.issue("ana", lifetime=2), refresh=True)
        await js.do("subscribe", channel=CHANNEL, refresh=True)
        asked = {"connection": 0, CHANNEL: 0}
        while min(asked.values()) < 2:
            wanted = await js.next("token wanted")
            channel = wanted.get("channel")
            asked[channel or "connection"] += 1
            await js.do("token", token=tokens.issue("ana", channel=channel, lifetime=2))
            await rate(ledger)
        for offset in range(1, sum(asked.values()) + 1):
            if not any(seen.get("offset") == offset for seen in js.seen):
                await js.next("publication", offset=offset)
        assert [seen["event"] for seen in js.seen].count("subscribed") == 1
        assert [seen["event"] for seen in js.seen].count("connected") == 1
        assert not server.gateway.metrics.closes


@BOTH
async def test_an_expired_subscription_ends_alone_and_comes_back_with_a_new_token(
    connect: Connect, served: Serve, ledger: Ledger, protocol: str
) -> None:
    tokens = shared()
    rules = {"activity": {"subscribe": "nobody"}}
    async with served(tokens, channels=rules, expiry_grace=0.0) as server:
        js = await connect(server.url, protocol, token=tokens.issue("ana"))
        await js.do("token", token=tokens.issue("ana", channel=CHANNEL, lifetime=2))
        await js.do("subscribe", channel=CHANNEL, refresh=True)
        await js.next("subscribed")
        assert (await js.next("subscribing", channel=CHANNEL))["code"] == 2501
        await rate(ledger)
        # One may be wanted for the refresh, which is too late; one is for coming back.
        for _ in range(2):
            await js.do("token", token=tokens.issue("ana", channel=CHANNEL))
        assert (await js.next("subscribed"))["recovered"]
        assert (await js.next("publication"))["offset"] == 1
        assert not server.gateway.metrics.closes


@BOTH
async def test_an_expired_subscription_token_is_replaced_at_once(
    connect: Connect, served: Serve, protocol: str
) -> None:
    tokens = shared()
    async with served(tokens, channels={"activity": {"subscribe": "nobody"}}) as server:
        js = await connect(server.url, protocol, token=tokens.issue("ana"))
        await js.do("token", token=tokens.issue("ana", channel=CHANNEL, lifetime=-5))
        await js.do("token", token=tokens.issue("ana", channel=CHANNEL))
        await js.do("subscribe", channel=CHANNEL, refresh=True)
        await js.next("subscribed")
        assert [seen["event"] for seen in js.seen].count("token wanted") == 2


@BOTH
async def test_a_refresh_with_a_token_of_somebody_else_ends_the_connection(
    connect: Connect, served: Serve, protocol: str
) -> None:
    tokens = shared()
    async with served(tokens, anonymous=False, expiry_grace=2.0) as server:
        js = await connect(server.url, protocol, token=tokens.issue("ana", lifetime=2), refresh=True)
        await js.next("token wanted")
        await js.do("token", token=tokens.issue("eve"))
        assert (await js.next("disconnected"))["code"] == 3500
