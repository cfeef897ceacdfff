"""Who may do what: keys, scopes, client tokens, anonymous readers, origins; and how a server stops."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import RunningServer

EVENT = {"type": "review", "subject": "seller:1", "value": 5}
SETTINGS = """
policies = ["seller"]
origins = ["https://shop.example", "https://*.partner.example"]

[tokens]
secret = "0123456789abcdef0123456789abcdef"
"""


def _cli(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "renown.cli", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def _key(data: Path, *scopes: str) -> tuple[str, str]:
    options = [part for scope in scopes for part in ("--scope", scope)]
    made = json.loads(_cli("key", "create", "test", *options, "--data", str(data), "--json"))
    return made["id"], made["secret"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("access")
    (folder / "renown.toml").write_text(SETTINGS)
    with RunningServer(folder, "--config", str(folder / "renown.toml"), dev=False) as running:
        yield running


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("open")
    (folder / "renown.toml").write_text(f"{SETTINGS}\n[access]\nanonymous = true\n")
    with RunningServer(folder, "--config", str(folder / "renown.toml"), dev=False) as running:
        yield running


@pytest.fixture(scope="module")
def writer(server: RunningServer) -> str:
    return _key(server.data, "events")[1]


@pytest.fixture(scope="module")
def reader(server: RunningServer) -> str:
    return _key(server.data, "read", "tokens")[1]


def _bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def test_without_a_key_nothing_is_written_and_nothing_read(server: RunningServer) -> None:
    written = httpx.post(f"{server.url}/v1/events", json=EVENT)
    assert (written.status_code, written.json()["code"]) == (401, "unauthenticated")
    assert written.headers["www-authenticate"].startswith("Bearer")
    for path in ("/v1/standings/seller:1", "/v1/standings?subject=seller:1", "/v1/info", "/v1/boards/seller",
                 "/v1/subjects", "/v1/policies", "/v1/standings/seller:1/explain",
                 "/v1/standings/seller:1/history", "/v1/standings/seller:1/events"):  # fmt: skip
        assert httpx.get(f"{server.url}{path}").status_code == 401, path


def test_what_must_work_without_a_key_does(server: RunningServer) -> None:
    for path in ("/health/live", "/health/ready", "/metrics", "/schema"):
        assert httpx.get(f"{server.url}{path}").status_code == 200
    badge = httpx.get(f"{server.url}/badge/seller:1.svg")
    assert (badge.status_code, "–" in badge.text) == (200, True)


def test_a_key_may_do_what_its_scopes_say(server: RunningServer, writer: str, reader: str) -> None:
    assert httpx.post(f"{server.url}/v1/events", json=EVENT, headers=_bearer(writer)).status_code == 200
    assert httpx.post(f"{server.url}/v1/events", json=EVENT, headers={"x-api-key": writer}).status_code == 200
    path = f"{server.url}/v1/standings/seller:1"
    refused = httpx.get(path, headers=_bearer(writer))
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    assert httpx.get(path, headers=_bearer(reader)).status_code == 200
    assert httpx.post(f"{server.url}/v1/events", json=EVENT, headers=_bearer(reader)).status_code == 403


def test_a_revoked_key_ends_at_once(server: RunningServer) -> None:
    id_, secret = _key(server.data, "read")
    path = f"{server.url}/v1/info"
    assert httpx.get(path, headers=_bearer(secret)).status_code == 200
    _cli("key", "revoke", id_, "--data", str(server.data))
    assert httpx.get(path, headers=_bearer(secret)).status_code == 401
    assert "revoked" in _cli("key", "list", "--data", str(server.data))
    assert secret.encode() not in (server.data / "ledger.sqlite").read_bytes()


WHOLE = {"id": "whole-1", "type": "review", "subject": "seller:whole", "value": 4, "actor": "buyer:secret",
         "ref": "order:secret", "data": {"text": "secret"}}  # fmt: skip
PUBLIC = {"subject", "version", "type", "at", "score", "delta", "value"}


def _behind(server: RunningServer, headers: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    path = f"{server.url}/v1/standings/seller:whole"
    events, explained = (httpx.get(f"{path}/{part}", headers=headers) for part in ("events", "explain"))
    assert (events.status_code, explained.status_code) == (200, 200)
    assert events.headers["cache-control"] == explained.headers["cache-control"] == "private, no-cache"
    return events.json(), explained.json()


def _tell_whole(server: RunningServer, secret: str) -> None:
    second = WHOLE | {"id": "whole-2", "actor": "buyer:secret-too"}
    httpx.post(f"{server.url}/v1/events", json=[WHOLE, second], headers=_bearer(secret)).raise_for_status()


def _assert_public(events: dict[str, Any], explained: dict[str, Any]) -> None:
    assert [set(event) for event in events["events"]] == [PUBLIC, PUBLIC]
    assert [event["version"] for event in events["events"]] == [2, 1]
    assert [line.keys() & {"id", "actor", "data", "ref"} for line in explained["lines"]] == [set(), set()]
    for told in (events, explained):
        assert "secret" not in json.dumps(told)
        assert "whole-" not in json.dumps(told)
    total = explained["prior"]["points"] + sum(line["points"] for line in explained["lines"])
    assert total == pytest.approx(explained["score"], abs=1e-9)


def test_who_did_what_is_for_keys_only(server: RunningServer, writer: str, reader: str) -> None:
    _tell_whole(server, writer)
    events, explained = _behind(server, _bearer(reader))
    assert events["events"][1]["event"].items() >= WHOLE.items()
    assert [line["id"] for line in explained["lines"]] == ["whole-2", "whole-1"]
    assert [line["actor"] for line in explained["lines"]] == ["buyer:secret-too", "buyer:secret"]
    minted = httpx.post(f"{server.url}/v1/tokens", json={"user": "ana"}, headers=_bearer(reader)).json()
    _assert_public(*_behind(server, _bearer(minted["token"])))
    path = f"{server.url}/v1/standings/seller:whole/events"
    first = httpx.get(path, params={"limit": 1}, headers=_bearer(minted["token"])).json()
    older = httpx.get(path, params={"before": first["before"]}, headers=_bearer(minted["token"])).json()
    assert [first["events"][0]["version"], older["events"][0]["version"]] == [2, 1]


def test_nobody_in_particular_sees_no_persons(open_server: RunningServer) -> None:
    secret = _key(open_server.data, "events", "read")[1]
    _tell_whole(open_server, secret)
    _assert_public(*_behind(open_server, {}))
    events, _ = _behind(open_server, {"x-api-key": secret})
    assert events["events"][0]["event"]["actor"] == "buyer:secret-too"


def test_a_token_without_a_user_is_good_only_where_anybody_may_read(
    server: RunningServer, reader: str, open_server: RunningServer
) -> None:
    nobody = httpx.post(f"{server.url}/v1/tokens", json={}, headers=_bearer(reader)).json()["token"]
    refused = httpx.get(f"{server.url}/v1/info", headers=_bearer(nobody))
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
    assert httpx.get(f"{open_server.url}/v1/info", headers=_bearer(nobody)).status_code == 200


def test_a_client_token_reads_and_no_more(server: RunningServer, reader: str) -> None:
    answer = httpx.post(
        f"{server.url}/v1/tokens", json={"user": "ana", "lifetime": 60}, headers=_bearer(reader)
    ).json()
    token = answer["token"]
    assert httpx.get(f"{server.url}/v1/info", headers=_bearer(token)).status_code == 200
    assert httpx.post(f"{server.url}/v1/events", json=EVENT, headers=_bearer(token)).status_code == 403
    assert httpx.post(f"{server.url}/v1/tokens", json={}, headers=_bearer(token)).status_code == 403
    forged = token[:-4] + ("aaaa" if token[-4:] != "aaaa" else "bbbb")
    refused = httpx.get(f"{server.url}/v1/info", headers=_bearer(forged))
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")


def test_the_command_line_mints_tokens_with_the_same_secret(server: RunningServer) -> None:
    token = _cli("token", "ana", "--config", str(server.data / "renown.toml")).strip()
    assert httpx.get(f"{server.url}/v1/info", headers=_bearer(token)).status_code == 200


@pytest.mark.parametrize("body,status", [({"usr": "ana"}, 422), ({"lifetime": -1}, 422), ({"user": 3}, 422)])
def test_a_wrong_request_for_a_token_is_told(
    server: RunningServer, reader: str, body: dict[str, object], status: int
) -> None:
    response = httpx.post(f"{server.url}/v1/tokens", json=body, headers=_bearer(reader))
    assert (response.status_code, response.json()["code"]) == (status, "invalid_request")


@pytest.mark.parametrize(
    "origin,allowed",
    [
        ("https://shop.example", True),
        ("https://eu.partner.example", True),
        ("https://shop.example.evil.example", False),
        ("http://localhost:3000", False),
        ("null", False),
    ],
)
def test_browser_origins_are_those_of_the_settings(
    server: RunningServer, reader: str, origin: str, allowed: bool
) -> None:
    preflight = httpx.options(
        f"{server.url}/v1/info", headers={"origin": origin, "access-control-request-method": "GET"}
    )
    assert preflight.status_code == (204 if allowed else 403)
    read = httpx.get(f"{server.url}/v1/info", headers={"origin": origin, **_bearer(reader)})
    assert read.headers.get("access-control-allow-origin") == (origin if allowed else None)
    assert read.headers["vary"] == "Origin"


def test_pages_of_the_server_itself_are_no_strangers(server: RunningServer, writer: str) -> None:
    headers = {"origin": server.url, **_bearer(writer)}
    assert httpx.post(f"{server.url}/v1/events", json=EVENT, headers=headers).status_code == 200


def test_in_dev_mode_a_foreign_page_cannot_write(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as running:
        for origin, status in (("https://evil.example", 403), ("http://localhost:5173", 200)):
            response = httpx.post(f"{running.url}/v1/events", json=EVENT, headers={"origin": origin})
            assert response.status_code == status
        # A foreign name that resolves to this machine is no page of this machine.
        rebound = {"origin": f"http://evil.example:{running.port}", "host": f"evil.example:{running.port}"}
        assert httpx.post(f"{running.url}/v1/events", json=EVENT, headers=rebound).status_code == 403
        assert running.stop() == 0
        assert "stopped" in running.log.read_text()


def test_in_dev_mode_a_foreign_name_for_this_machine_gets_nothing(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as running:
        httpx.post(f"{running.url}/v1/events", json=EVENT).raise_for_status()
        events = f"{running.url}/v1/standings/seller:1/events"
        for name, status in (
            ("evil.example", 403), ("localhost.evil.example", 403), ("127.0.0.1.evil.example", 403),
            ("10.0.0.1", 403), ("[2001:db8::1]", 403), ("localhost", 200), ("shop.localhost", 200),
            ("127.0.0.1", 200), ("127.8.9.1", 200), ("[::1]", 200), ("LOCALHOST", 200),
        ):  # fmt: skip
            for host in (name, f"{name}:{running.port}"):
                headers = {"host": host}
                answers = [
                    httpx.get(events, headers=headers),
                    httpx.get(running.url, headers=headers),
                    httpx.post(f"{running.url}/v1/events", json=EVENT, headers=headers),
                    httpx.post(f"{running.url}/v1/tokens", json={}, headers=headers),
                ]
                # Without a web build the page itself is a 503.
                answered = {answer.status_code for answer in answers} - ({503} if status == 200 else set())
                assert answered == {status}, host
        refused = httpx.get(events, headers={"host": f"evil.example:{running.port}"})
        assert refused.headers["content-type"] == "application/problem+json"
        assert (refused.json()["code"], refused.json()["field"]) == ("host_not_allowed", "Host")
        options = {"host": "evil.example", "origin": "http://evil.example"}
        assert httpx.options(events, headers=options).status_code == 403


def test_outside_dev_mode_a_server_has_any_name(server: RunningServer, reader: str) -> None:
    headers = {"host": "renown.example", **_bearer(reader)}
    assert httpx.get(f"{server.url}/v1/info", headers=headers).status_code == 200


def test_in_dev_mode_tokens_are_minted_without_a_secret(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as running:
        token = httpx.post(f"{running.url}/v1/tokens", json={"user": "ana"}).json()["token"]
        forged = f"{token.rpartition('.')[0]}.{'A' * 43}"
        for bearer, status in ((token, 200), (forged, 401)):
            assert httpx.get(f"{running.url}/v1/info", headers=_bearer(bearer)).status_code == status
        assert "random secret" in running.log.read_text()


def test_elsewhere_a_secret_is_needed_to_mint_tokens(tmp_path: Path) -> None:
    (tmp_path / "renown.toml").write_text('policies = ["seller"]')
    with RunningServer(tmp_path, "--config", str(tmp_path / "renown.toml"), dev=False) as running:
        key = _key(tmp_path, "tokens")[1]
        refused = httpx.post(f"{running.url}/v1/tokens", json={"user": "ana"}, headers=_bearer(key))
        assert (refused.status_code, refused.json()["code"]) == (503, "tokens_not_configured")


def test_dev_mode_listens_on_this_machine_only(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "renown.cli", "serve", "--dev", "--host", "0.0.0.0", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "this machine only" in done.stderr


def test_a_taken_port_is_told_with_the_option_that_helps(server: RunningServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "renown.cli", "serve", "--dev", "--port", str(server.port),
         "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert str(server.port) in done.stderr
