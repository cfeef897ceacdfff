"""Keys that change while the server runs: in files, and behind a URL served by a real HTTP server."""

import asyncio
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from websockets.exceptions import ConnectionClosed

from renown.gateway.admission import key_sets
from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import KeyOptions, TokenOptions
from renown.protocol.access import KeysPending, TokenRefused
from tests.conformance.raw import Raw
from tests.running import RunningServer

FIRST, SECOND, THIRD = (RSAKey.generate_key(2048, {"kid": kid}, auto_kid=False) for kid in ("1", "2", "3"))


def signed(key: RSAKey, **claims: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid}, {"sub": "ana", **claims}, key, algorithms=["RS256"])


def key_set(*keys: RSAKey) -> bytes:
    return json.dumps(KeySet(list(keys)).as_dict(private=False)).encode()


class Provider:
    """An identity provider's key set, over HTTP."""

    def __init__(self) -> None:
        self.body = key_set(FIRST)
        self.status = 200
        self.cache_control = "max-age=300"
        self.asked = 0
        self.hold = threading.Event()
        self.hold.set()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                provider.hold.wait(20)
                body = provider.body
                self.send_response(provider.status)
                self.send_header("cache-control", provider.cache_control)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/jwks.json"

    def stop(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def provider() -> Iterator[Provider]:
    served = Provider()
    yield served
    served.stop()


@pytest.fixture
async def tokens(provider: Provider) -> AsyncIterator[Tokens]:
    made = Tokens(TokenOptions(jwks_url=provider.url))
    yield made
    await made.stop()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let unknown keys be asked for soon again, so that a test need not wait."""
    monkeypatch.setattr(key_sets, "_LEAST_GAP", 0.3)


async def verified(tokens: Tokens, token: str) -> str:
    """Verify as a connection does: ask again once keys were fetched."""
    for _ in range(20):
        try:
            return tokens.connection(token).user
        except KeysPending:
            await tokens.refreshed()
    raise AssertionError("the keys never came")


async def test_the_first_token_waits_for_the_keys(provider: Provider, tokens: Tokens) -> None:
    with pytest.raises(KeysPending):
        tokens.connection(signed(FIRST))
    assert await verified(tokens, signed(FIRST)) == "ana"
    assert provider.asked == 1


async def test_keys_are_there_before_the_first_token_once_started(provider: Provider, tokens: Tokens) -> None:
    tokens.start()
    assert await tokens.refreshed()
    assert tokens.connection(signed(FIRST)).user == "ana"
    assert provider.asked == 1


@pytest.mark.usefixtures("hasty")
async def test_rotation(provider: Provider, tokens: Tokens) -> None:
    assert await verified(tokens, signed(FIRST)) == "ana"
    provider.body = key_set(SECOND)
    # The old key is good as long as it is cached, and the new one is fetched when it is first named.
    assert tokens.connection(signed(FIRST)).user == "ana"
    assert await verified(tokens, signed(SECOND)) == "ana"
    assert provider.asked == 2
    with pytest.raises(TokenRefused):
        await verified(tokens, signed(FIRST))


async def test_made_up_key_ids_do_not_flood_the_provider(
    provider: Provider, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await verified(tokens, signed(FIRST)) == "ana"
    made_up = [
        signed(RSAKey.import_key(THIRD.as_dict(private=True) | {"kid": f"made-up-{number}"}))
        for number in range(20)
    ]
    monkeypatch.setattr(key_sets, "_LEAST_GAP", 1_000.0)
    for token in made_up:
        with pytest.raises(KeysPending):
            tokens.connection(token)
    assert not await tokens.refreshed(timeout=0.1)
    assert provider.asked == 1
    assert tokens.connection(signed(FIRST)).user == "ana"


@pytest.mark.usefixtures("hasty")
async def test_a_dead_provider_leaves_the_old_keys_good(provider: Provider, tokens: Tokens) -> None:
    assert await verified(tokens, signed(FIRST)) == "ana"
    for status, body in ((500, b""), (200, b"{}"), (200, b"<html>"), (200, b'{"keys":[{"kty":"?"}]}')):
        provider.status, provider.body = status, body
        with pytest.raises(KeysPending):
            tokens.connection(signed(SECOND))
        assert not await tokens.refreshed()
        # Not refused for good: that key may well exist, and nobody can say now.
        with pytest.raises(KeysPending):
            tokens.connection(signed(SECOND))
        assert tokens.connection(signed(FIRST)).user == "ana"
    provider.status, provider.body = 200, key_set(FIRST, SECOND)
    assert await verified(tokens, signed(SECOND)) == "ana"


async def test_nobody_listens_there() -> None:
    tokens = Tokens(TokenOptions(jwks_url="http://127.0.0.1:9/jwks.json", secret="s" * 32))
    tokens.start()
    await tokens.refreshed()
    assert tokens.connection(tokens.issue("bo")).user == "bo"
    with pytest.raises(KeysPending):
        tokens.connection(signed(FIRST))
    await tokens.stop()


async def test_a_provider_that_hangs_blocks_nobody(provider: Provider, tokens: Tokens) -> None:
    provider.hold.clear()
    with pytest.raises(KeysPending):
        tokens.connection(signed(FIRST))
    assert not await tokens.refreshed(timeout=0.05)
    waiting = asyncio.create_task(verified(tokens, signed(FIRST)))
    await asyncio.sleep(0)
    assert not waiting.done()
    provider.hold.set()
    assert await waiting == "ana"


async def test_subscription_tokens_have_their_own_provider(provider: Provider) -> None:
    tokens = Tokens(TokenOptions(secret="s" * 32, subscription=KeyOptions(jwks_url=provider.url)))
    tokens.start()
    await tokens.refreshed()
    assert tokens.subscription(signed(FIRST, channel="chat:1")).channel == "chat:1"
    with pytest.raises(TokenRefused):
        tokens.connection(signed(FIRST))
    await tokens.stop()


def test_without_a_loop_an_unknown_key_is_refused(provider: Provider) -> None:
    with pytest.raises(TokenRefused):
        Tokens(TokenOptions(jwks_url=provider.url)).connection(signed(FIRST))


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("max-age=300", 300),
        ("public, max-age=120, must-revalidate", 120),
        ("Max-Age=1", 60),
        ("max-age=999999999", 86_400),
        ("no-store", 60),
        ("no-cache, max-age=600", 60),
        ("", 600),
        ("s-maxage=5", 600),
        ("max-age=soon", 600),
    ],
)
async def test_how_long_keys_are_kept(provider: Provider, header: str, seconds: float) -> None:
    provider.cache_control = header
    source = key_sets.FetchedKeys(provider.url, "tokens.jwks_url")
    source.start()
    await source.fetched()
    assert source.age == seconds
    await source.stop()


def test_files_are_read_again_when_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sets, "_LOOK_EVERY", 0.0)
    path = tmp_path / "keys.json"
    path.write_bytes(key_set(FIRST))
    tokens = Tokens(TokenOptions(jwks_file=str(path)))
    assert tokens.connection(signed(FIRST)).user == "ana"

    def replaced(content: bytes) -> None:
        new = tmp_path / "new"
        new.write_bytes(content)
        os.utime(new, ns=(time.time_ns(), path.stat().st_mtime_ns + 1))
        new.replace(path)

    replaced(key_set(SECOND))
    assert tokens.connection(signed(SECOND)).user == "ana"
    with pytest.raises(TokenRefused):
        tokens.connection(signed(FIRST))
    for broken in (b"", b"{}", b"nonsense"):
        replaced(broken)
        assert tokens.connection(signed(SECOND)).user == "ana"
    path.unlink()
    assert tokens.connection(signed(SECOND)).user == "ana"
    replaced_again = tmp_path / "again"
    replaced_again.write_bytes(key_set(THIRD))
    replaced_again.replace(path)
    assert tokens.connection(signed(THIRD)).user == "ana"


async def test_clients_wait_for_keys_and_are_not_sent_away_for_good(
    provider: Provider, tmp_path: Path
) -> None:
    (tmp_path / "renown.toml").write_text(f'policies = ["seller"]\n[tokens]\njwks_url = "{provider.url}"\n')
    provider.hold.clear()
    with RunningServer(tmp_path, "--config", str(tmp_path / "renown.toml"), dev=False) as server:
        async with Raw.open(server.websocket) as raw:
            reply = await raw.ask({"id": 1, "connect": {"token": signed(FIRST)}})
            assert (reply["error"]["code"], reply["error"]["temporary"]) == (100, True)
        async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
            headers = {"authorization": f"Bearer {signed(FIRST)}"}
            answer = await client.get("/v1/info", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "keys_unavailable")
        async with Raw.open(server.websocket) as raw:
            await raw.send({"id": 1, "connect": {"token": signed(FIRST)}})
            provider.hold.set()
            assert "user:ana" in (await raw.reply())["connect"]["subs"]
        provider.body = key_set(FIRST, SECOND)
        for key in (SECOND, FIRST):
            assert (await verified_over(server, key))["client"]
        with pytest.raises(ConnectionClosed) as closed:
            await verified_over(server, THIRD)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 3500


async def verified_over(server: RunningServer, key: RSAKey) -> dict[str, Any]:
    """Connect as SDKs do: again after a temporary error."""
    while True:
        async with Raw.open(server.websocket) as raw:
            reply = await raw.ask({"id": 1, "connect": {"token": signed(key)}})
            if "connect" in reply:
                return dict(reply["connect"])
            assert reply["error"]["temporary"]
        await asyncio.sleep(0.2)
