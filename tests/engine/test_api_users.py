"""Rights, revocations and disconnects: over HTTP, on open connections, on every process, over restarts."""

import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.raw import Raw
from tests.running import RunningServer, cli_key

SECRET = "0123456789abcdef0123456789abcdef"
POLICY = """
name = "shop"
kind = "shop"
version = 1
title = "Shop"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.review]
[visibility]
standing = "users"
activity = ["role:staff"]
scope = "org"
"""


class Backend(httpx.Client):
    """An API client. It blocks for a moment, in async tests too: who answers is another process."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("users")
    (made / "shop.toml").write_text(POLICY)
    (made / "renown.toml").write_text(
        f'policies = ["seller", "{made}/shop.toml"]\n[tokens]\nsecret = "{SECRET}"\n'
        "[access]\nanonymous = true\n"
    )
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    with RunningServer(folder, "--config", str(folder / "renown.toml"), dev=False) as running:
        yield running


@pytest.fixture(scope="module")
def neighbour(folder: Path, server: RunningServer) -> Iterator[RunningServer]:
    """A second process on the same data."""
    del server
    with RunningServer(folder, "--config", str(folder / "renown.toml"), dev=False) as running:
        yield running


@pytest.fixture(scope="module")
def backend(server: RunningServer) -> Iterator[Backend]:
    """An API client that may do everything."""
    secret = cli_key(server.data, "events", "read", "rooms", "tokens", "users")
    client = Backend(base_url=server.url, headers={"authorization": f"Bearer {secret}"}, timeout=30)
    with client:
        yield client


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


def token(backend: Backend, user: str, **more: Any) -> str:
    answer = backend.post("/v1/tokens", json={"user": user, **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


async def connected(stack: AsyncExitStack, server: RunningServer, secret: str) -> tuple[Raw, dict[str, Any]]:
    raw = await stack.enter_async_context(Raw.open(server.websocket))
    return raw, await raw.hello(secret)


async def pushes(raw: Raw, count: int) -> list[dict[str, Any]]:
    """Return the next pushes, pings left out."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        reply = await raw.reply()
        if "push" in reply:
            found.append(reply["push"])
    return found


async def test_open_connections_lose_what_they_may_no_longer_see(
    server: RunningServer, neighbour: RunningServer, backend: Backend, stack: AsyncExitStack
) -> None:
    backend.put("/v1/users/ana/rights", json={"subscribe": ["detail:seller:*"]})
    secret = token(backend, "ana")
    watchers = [await connected(stack, one, secret) for one in (server, neighbour)]
    bystander, _ = await connected(stack, neighbour, token(backend, "bo", rights={"roles": ["moderator"]}))
    for raw, hello in watchers:
        assert "user:ana" in hello["subs"]
        await raw.subscribe("detail:seller:1", 2)
        await raw.subscribe("standing:seller:1", 3)
    await bystander.subscribe("detail:seller:1", 2)
    stored = backend.put("/v1/users/ana/rights", json={"roles": ["guest"]}).json()
    assert (stored["user"], stored["version"], stored["rights"]["roles"]) == ("ana", 2, ["guest"])
    for raw, _ in watchers:
        got = {push["channel"]: push for push in await pushes(raw, 2)}
        assert got["detail:seller:1"]["unsubscribe"]["code"] == 2000
        assert got["detail:seller:1"]["unsubscribe"]["reason"]
        told = got["user:ana"]["pub"]["data"]
        assert told["type"] == "rights"
        assert told["rights"]["roles"] == ["guest"]
        refused = await raw.ask({"id": 9, "subscribe": {"channel": "detail:seller:1"}})
        assert refused["error"]["code"] == 103
    # What they may still see, and what others may, goes on.
    backend.post("/v1/events", json={"type": "review", "subject": "seller:1", "value": 5})
    for raw, _ in watchers:
        (push,) = await pushes(raw, 1)
        assert (push["channel"], push["pub"]["data"]["version"]) == ("standing:seller:1", 1)
    (push,) = await pushes(bystander, 1)
    assert push["channel"] == "detail:seller:1"


async def test_blocked_users_are_out_everywhere_and_over_restarts(
    server: RunningServer, neighbour: RunningServer, backend: Backend, stack: AsyncExitStack
) -> None:
    secret = token(backend, "cy")
    there = [(await connected(stack, one, secret))[0] for one in (server, neighbour)]
    path = "/v1/standings/seller:none"
    assert backend.get(path, headers=bearer(secret)).status_code == 404
    backend.put("/v1/users/cy/rights", json={"blocked": True})
    for raw in there:
        assert (await raw.closed())[0] == 3507
    assert (backend.get(path, headers=bearer(secret)).json()["code"]) == "blocked"
    neighbour.kill()
    neighbour.start()
    for one in (server, neighbour):
        async with Raw.open(one.websocket) as raw:
            await raw.send({"id": 1, "connect": {"token": token(backend, "cy")}})
            assert (await raw.closed())[0] == 3507
    assert backend.delete("/v1/users/cy/rights").status_code == 204
    _, hello = await connected(stack, server, secret)
    assert hello["client"]


async def test_revoked_tokens_end_their_connections(
    server: RunningServer, neighbour: RunningServer, backend: Backend, stack: AsyncExitStack
) -> None:
    first, second = token(backend, "dee"), token(backend, "dee")
    one, _ = await connected(stack, server, first)
    two, _ = await connected(stack, neighbour, second)
    id_ = claim(first, "jti")
    assert backend.post("/v1/tokens/revoke", json={"token_id": id_}).json() == {"token_id": id_}
    assert (await one.closed())[0] == 3500
    assert (await two.ask({"id": 5, "subscribe": {"channel": "standing:seller:9"}}))["subscribe"] is not None
    answer = backend.post("/v1/tokens/revoke", json={"user": "dee"}).json()
    assert answer["user"] == "dee"
    assert (await two.closed())[0] == 3500
    third = token(backend, "dee")
    _, hello = await connected(stack, neighbour, third)
    assert hello["client"]
    assert backend.get("/v1/info", headers=bearer(second)).status_code == 403
    assert backend.get("/v1/info", headers=bearer(third)).status_code == 200


async def test_a_revoked_subscription_token_ends_its_subscription_alone(
    server: RunningServer, backend: Backend, stack: AsyncExitStack
) -> None:
    raw, _ = await connected(stack, server, token(backend, "eve"))
    secret = token(backend, "eve", channel="detail:seller:1")
    await raw.subscribe("detail:seller:1", 2, token=secret)
    backend.post("/v1/tokens/revoke", json={"token_id": claim(secret, "jti")})
    (push,) = await pushes(raw, 1)
    assert (push["channel"], push["unsubscribe"]["code"]) == ("detail:seller:1", 2000)
    refused = await raw.ask({"id": 3, "subscribe": {"channel": "detail:seller:1", "token": secret}})
    assert refused["error"]["code"] == 103


async def test_disconnecting_a_user(
    server: RunningServer, neighbour: RunningServer, backend: Backend, stack: AsyncExitStack
) -> None:
    secret = token(backend, "fay")
    kept, hello = await connected(stack, server, secret)
    others = [(await connected(stack, one, secret))[0] for one in (server, neighbour)]
    body = {"code": 4501, "reason": "moved house", "whitelist": [hello["client"]]}
    answer = backend.post("/v1/users/fay/disconnect", json=body)
    assert answer.json() == {"user": "fay", "code": 4501}
    for raw in others:
        assert await raw.closed() == (4501, "moved house")
    assert await kept.subscribe("standing:seller:9") is not None
    backend.post("/v1/users/fay/disconnect")
    assert await kept.closed() == (3503, "force disconnect")


@pytest.mark.parametrize("path", ["/v1/users/gil/disconnect", "/api/disconnect"])
async def test_whatever_the_reason_is_the_connection_is_closed(
    server: RunningServer, neighbour: RunningServer, backend: Backend, stack: AsyncExitStack, path: str
) -> None:
    """A close frame holds 123 bytes, and a reason that is JSON would be taken for something else."""
    secret = token(backend, "gil")
    for reason, said in (("é" * 120, "é" * 61), ("true", "disconnected: true")):
        there = [(await connected(stack, one, secret))[0] for one in (server, neighbour)]
        how = {"code": 4500, "reason": reason}
        body = {"user": "gil", "disconnect": how} if path.startswith("/api") else how
        answer = backend.post(path, json=body)
        assert answer.status_code == 200
        assert "error" not in answer.json()
        for raw in there:
            assert await raw.closed() == (4500, said)


def claim(secret: str, name: str) -> Any:
    part = secret.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))[name]


def test_stored_rights_over_http(backend: Backend) -> None:
    path = "/v1/users/org%2Fgus/rights"
    assert backend.get(path).json()["code"] == "no_rights"
    put = backend.put(path, json={"owns": ["seller:7"], "orgs": ["acme"]})
    assert (put.status_code, put.json()["user"]) == (200, "org/gus")
    got = backend.get(path).json()
    assert (got["version"], got["rights"]["owns"], got["rights"]["orgs"]) == (1, ["seller:7"], ["acme"])
    assert backend.delete(path).status_code == 204
    assert backend.delete(path).status_code == 404


def test_a_person_is_erased_over_http(backend: Backend) -> None:
    told = {"type": "review", "subject": "seller:erased", "actor": "buyer:ghost", "value": 5, "id": "ghost-1"}
    assert backend.post("/v1/events", json=told).json()["status"] == "applied"
    before = backend.get("/v1/standings/seller:erased").json()
    answer = backend.delete("/v1/actors/buyer:ghost")
    assert (answer.status_code, answer.json()["events"], answer.json()["subjects"]) == (200, 1, 1)
    events = backend.get("/v1/standings/seller:erased/events").json()["events"]
    assert [each["event"]["actor"] for each in events] == [answer.json()["pseudonym"]]
    assert backend.get("/v1/standings/seller:erased").json() == before
    assert backend.post("/v1/events", json=told).json()["status"] == "duplicate"


@pytest.mark.parametrize(
    "request_, status, field",
    [
        (("PUT", "/v1/users/ana/rights", '{"rolse":["x"]}'), 422, None),
        (("PUT", "/v1/users/ana/rights", '{"roles":"x"}'), 422, "roles"),
        (("PUT", "/v1/users/ana/rights", '{"roles":[""]}'), 422, "roles"),
        (("PUT", "/v1/users/ana/rights", "{"), 400, None),
        (("PUT", f"/v1/users/{'x' * 129}/rights", "{}"), 400, "user"),
        (("PUT", "/v1/users/%FF/rights", "{}"), 400, "user"),
        (("POST", "/v1/users/ana/disconnect", '{"code":200}'), 422, "code"),
        (("POST", "/v1/users/ana/disconnect", '{"reason":""}'), 422, "reason"),
        (("POST", "/v1/tokens/revoke", "{}"), 422, "token_id"),
        (("DELETE", "/v1/actors/ghost", ""), 422, "actor"),
        (("POST", "/v1/tokens/revoke", '{"user":"ana","token_id":"x"}'), 422, "token_id"),
        (("POST", "/v1/tokens/revoke", '{"user":"ana","issued_before":"then"}'), 400, "at"),
        (("POST", "/v1/tokens", '{"user":"ana","channel":"a:1","rights":{}}'), 422, "rights"),
        (("POST", "/v1/tokens", '{"user":"ana","rights":{"owns":[""]}}'), 422, "owns"),
    ],
)
def test_what_cannot_be_meant(
    backend: Backend, request_: tuple[str, str, str], status: int, field: str | None
) -> None:
    method, path, body = request_
    answer = backend.request(method, path, content=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if field is not None:
        assert answer.json()["field"] == field


def test_it_takes_a_key_with_the_scope(server: RunningServer, backend: Backend) -> None:
    reader = cli_key(server.data, "read", "tokens", "events")
    client = token(backend, "hal")
    for secret, status in ((None, 401), (reader, 403), (client, 403)):
        headers = {} if secret is None else bearer(secret)
        for method, path in (
            ("GET", "/v1/users/ana/rights"),
            ("PUT", "/v1/users/ana/rights"),
            ("DELETE", "/v1/users/ana/rights"),
            ("POST", "/v1/users/ana/disconnect"),
            ("POST", "/v1/tokens/revoke"),
        ):
            answer = httpx.request(method, f"{server.url}{path}", headers=headers)
            assert answer.status_code == status, (method, path, answer.text)


def test_views_over_http_obey_the_policy(server: RunningServer, backend: Backend) -> None:
    for subject in ("shop:acme/1", "shop:other/1"):
        backend.post("/v1/events", json={"type": "review", "subject": subject, "value": 4})
    member = bearer(token(backend, "ida", rights={"orgs": ["acme"]}))
    staff = bearer(token(backend, "ivo", rights={"orgs": ["acme"], "roles": ["staff"]}))
    nobody: dict[str, str] = {}

    def status(path: str, headers: dict[str, str]) -> int:
        answer = httpx.get(f"{server.url}{path}", headers=headers)
        if answer.status_code == 403:
            assert answer.json()["code"] == "not_visible"
        return answer.status_code

    for name, visible in (("acme", 200), ("other", 403)):
        base = f"/v1/standings/shop:{name}%2F1"
        for tail in ("", "/history"):
            found = [status(base + tail, who) for who in (nobody, member, staff)]
            assert found == [403, visible, visible], (base, tail)
        for tail in ("/events", "/explain"):
            found = [status(base + tail, who) for who in (nobody, member, staff)]
            assert found == [403, 403, visible], (base, tail)
        assert status(f"/v1/standings?subject=seller:1&subject=shop:{name}/1", member) == visible
        assert backend.get(base).status_code == 200
    # Nobody learns what there is by asking for what is not there.
    assert status("/v1/standings/shop:other%2Fnone", member) == 403
    assert status("/v1/boards/shop", staff) == 403
    assert status("/v1/boards/seller", nobody) == 200
    assert backend.get("/v1/boards/shop").status_code == 200


async def test_a_page_is_told_whose_alerts_it_may_listen_to(
    server: RunningServer, backend: Backend, stack: AsyncExitStack
) -> None:
    def told(**headers: Any) -> list[str]:
        found: list[str] = backend.get("/v1/info", **headers).json()["may"]["listen"]
        return found

    every = [
        token(backend, "mo", rights={"roles": ["moderator"]}),
        token(backend, "hear", rights={"subscribe": ["alerts:*"]}),
    ]
    for secret in (token(backend, "joe"), *every):
        raw, _ = await connected(stack, server, secret)
        heard: list[str] = []
        for name in ("all", "seller", "shop"):
            reply = await raw.ask({"id": 2, "subscribe": {"channel": f"alerts:{name}"}})
            if "subscribe" in reply:
                heard.append(name)
            else:
                assert reply["error"]["code"] == 103
        assert told(headers=bearer(secret)) == heard
    # Shops are of orgs, and all of them together are nobody's but by a right that says so.
    assert told(headers=bearer(every[0])) == ["seller"]
    assert told(headers=bearer(every[1])) == ["all", "seller", "shop"]
    # With an API key the page connects as the user `dashboard`, who may what is stored.
    assert told() == []
    backend.put("/v1/users/dashboard/rights", json={"roles": ["moderator"]})
    assert told() == ["seller"]


def test_search_and_badges_show_only_what_may_be_seen(server: RunningServer, backend: Backend) -> None:
    for subject in ("shop:acme/seek", "shop:other/seek", "seller:seek"):
        backend.post("/v1/events", json={"type": "review", "subject": subject, "value": 4})
    member = bearer(token(backend, "ida", rights={"orgs": ["acme"]}))

    def found(headers: dict[str, str] | None, query: str = "q=seek") -> set[str]:
        get = backend.get if headers is None else httpx.get
        url = f"{server.url}/v1/subjects?{query}"
        answer = get(url) if headers is None else get(url, headers=headers)
        return {one["subject"] for one in answer.json()["standings"]}

    assert found(None) == {"shop:acme/seek", "shop:other/seek", "seller:seek"}
    assert found(member) == {"shop:acme/seek", "seller:seek"}
    assert found({}) == {"seller:seek"}
    assert found(member, "q=&kind=shop&limit=200") >= {"shop:acme/seek"}
    assert "shop:other/seek" not in found(member, "q=&kind=shop&limit=200")
    badge = f"{server.url}/badge/shop:acme%2Fseek.json"
    assert httpx.get(badge).json()["message"] == "–"
    assert httpx.get(badge, headers=member).json()["message"] != "–"


def test_issued_tokens_say_what_was_asked_for(server: RunningServer, backend: Backend) -> None:
    secret = token(
        backend, "joe", info={"name": "Joe"}, channels=["standing:seller:1"], rights={"orgs": ["acme"]}
    )
    assert claim(secret, "info") == {"name": "Joe"}
    assert claim(secret, "channels") == ["standing:seller:1"]
    assert claim(secret, "rights")["orgs"] == ["acme"]
    assert abs(claim(secret, "iat") - time.time()) < 3600
    huge = {"user": "joe", "info": {"text": "x" * 20_000}}
    assert backend.post("/v1/tokens", json=huge).status_code == 422
    del server
