"""Policies over HTTP and on the command line: read, compared, tried and switched, with a running server."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from renown.client import Renown
from renown.policy import preset_text
from tests.conformance.raw import Raw
from tests.engine.ledger_kit import raw
from tests.engine.test_api_users import SECRET, Backend
from tests.running import RunningServer, cli_key

SHOP = """
name = "shop"
kind = "shop"
version = 1          # raise it with every change
title = "Shop"

[scale]
min = 1
max = 5

[score]
method = "bayesian_mean"
prior = { value = 3.5, weight = 7 }

[rules.review]
one_per = "actor"
"""


def shop(version: int, prior: float = 7) -> str:
    text = SHOP.replace("version = 1 ", f"version = {version} ", 1)
    return text.replace("weight = 7", f"weight = {prior:g}", 1)


def running_in(folder: Path) -> Iterator[RunningServer]:
    (folder / "shop.toml").write_text(SHOP)
    (folder / "renown.toml").write_text(f'policies = ["{folder}/shop.toml"]\n')
    running = RunningServer(folder / "data", "--config", str(folder / "renown.toml"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    yield from running_in(tmp_path)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for tests that change nothing."""
    yield from running_in(tmp_path_factory.mktemp("still"))


@pytest.fixture
def http(server: RunningServer) -> Iterator[Backend]:
    with Backend(base_url=server.url, timeout=60) as client:
        yield client


def renown(server: RunningServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "renown.cli", *arguments]
    where = ["--data", str(server.data), "--config", str(server.data.parent / "renown.toml")]
    return subprocess.run([*command, *where], capture_output=True, text=True, check=False)


def fill(http: Backend, subjects: int = 20, each: int = 3) -> None:
    lines = [
        {"type": "review", "subject": f"shop:{i:03d}", "id": f"{i}-{k}", "actor": f"buyer:{k}", "value": 5}
        for i in range(subjects)
        for k in range(each)
    ]
    assert all(one["status"] == "applied" for one in http.post("/v1/events", json=lines).json())


def switched(http: Backend) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (state := http.get("/v1/policies/shop").json())["switching"] is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return state


def test_a_policy_is_read_with_its_text_and_its_versions(still: RunningServer) -> None:
    http = Backend(base_url=still.url)
    state = http.get("/v1/policies/shop").json()
    assert (state["name"], state["version"], state["switching"]) == ("shop", 1, None)
    assert state["text"] == SHOP
    assert state["policy"]["score"]["prior"]["weight"] == 7
    assert [each["version"] for each in state["versions"]] == [1]
    assert http.get("/v1/policies/nothing").status_code == 404
    http.close()


async def test_a_put_policy_holds_for_readers_watchers_and_after_a_restart(
    server: RunningServer, http: Backend
) -> None:
    fill(http)
    before = http.get("/v1/standings/shop:003")
    async with Raw.open(server.websocket) as raw:
        await raw.hello()
        await raw.subscribe("standing:shop:003")
        put = http.put("/v1/policies/shop", content=shop(2, 1))
        assert put.status_code == 200, put.text
        assert put.json()["version"] == 2
        told = (await raw.publication())["data"]
    assert (told["version"], told["score"]) == (4, pytest.approx((3.5 + 15) / 4))
    assert told["cause"]["type"] == "renown.policy"
    after = switched(http)
    assert [each["version"] for each in after["versions"]] == [1, 2]
    again = http.get("/v1/standings/shop:003", headers={"if-none-match": before.headers["etag"]})
    assert again.status_code == 200, "what was fetched before is not fresh any more"
    (event, *_) = http.get("/v1/standings/shop:003/events").json()["events"]
    assert event["event"]["type"] == "renown.policy"
    assert event["event"]["data"] == {"policy": "shop", "from": 1, "to": 2, "before": 3.95, "after": 4.625}
    server.stop()
    server.start()
    assert http.get("/v1/policies/shop").json()["version"] == 2
    assert http.get("/v1/standings/shop:003").json()["version"] == 4


async def test_who_may_no_longer_see_a_subject_is_unsubscribed_at_once(
    server: RunningServer, http: Backend
) -> None:
    fill(http, 2)
    async with Raw.open(server.websocket) as raw:
        await raw.hello()
        assert "error" not in await raw.subscribe("standing:shop:001")
        hidden = shop(2) + '\n[visibility]\nstanding = "nobody"\n'
        assert http.put("/v1/policies/shop", content=hidden).status_code == 200
        push = (await raw.reply())["push"]
        assert push["channel"] == "standing:shop:001"
        assert "unsubscribe" in push


@pytest.mark.parametrize(
    "kind, text, status, code",
    [
        ("shop", shop(1, 2), 409, "version_taken"),
        ("shop", preset_text("product"), 400, "wrong_value"),
        ("shop", "name = ", 400, "invalid_toml"),
        ("shop", b"\xff", 400, "invalid_toml"),
        ("shop", shop(2).replace("one_per", "one_pre"), 400, "unknown_key"),
        ("nothing", shop(2), 404, "unknown_kind"),
        ("shop", b"#" * 1_100_000, 413, "too_large"),
    ],
)
def test_what_cannot_be_put_changes_nothing(
    still: RunningServer, kind: str, text: str | bytes, status: int, code: str
) -> None:
    http = Backend(base_url=still.url)
    answer = http.put(f"/v1/policies/{kind}", content=text)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert http.get("/v1/policies/shop").json()["version"] == 1
    http.close()


def test_a_trial_streams_progress_and_then_what_would_change(http: Backend) -> None:
    fill(http)
    with http.stream("POST", "/v1/policies/shop/try", content=shop(2, 1)) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = [json.loads(line) for line in answer.iter_lines()]
    trial = lines[-1]["trial"]
    assert (trial["subjects"], trial["events"], trial["changed"], trial["rising"]) == (20, 60, 20, 20)
    assert trial["movers"][0]["subject"] == "shop:000"
    assert sum(each["subjects"] for each in trial["histogram"]) == 20
    assert all(set(line) == {"progress"} for line in lines[:-1])
    assert http.get("/v1/policies/shop").json()["version"] == 1


def test_one_trial_at_a_time_and_none_without_a_listener(http: Backend) -> None:
    fill(http, 1_500, 6)
    with http.stream("POST", "/v1/policies/shop/try", content=shop(2, 1)) as first:
        lines = first.iter_lines()
        assert "progress" in next(lines)
        second = http.post("/v1/policies/shop/try", content=shop(2, 2))
        assert (second.status_code, second.json()["code"]) == (409, "trial_running")
    # The first one's listener has left; it ends at the next subject.
    deadline = time.monotonic() + 30
    while True:
        with http.stream("POST", "/v1/policies/shop/try", content=shop(2, 2)) as third:
            if third.status_code == 200:
                break
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_only_keys_with_the_scope_may(tmp_path: Path) -> None:
    folder = tmp_path / "guarded"
    folder.mkdir()
    (folder / "shop.toml").write_text(SHOP)
    (folder / "renown.toml").write_text(f'policies = ["{folder}/shop.toml"]\n[tokens]\nsecret = "{SECRET}"\n')
    server = RunningServer(folder / "data", "--config", str(folder / "renown.toml"), dev=False)
    server.start()
    try:
        reader, keeper = cli_key(server.data, "read"), cli_key(server.data, "policies")
        for path, method in (("/v1/policies/shop", "PUT"), ("/v1/policies/shop/try", "POST")):
            for key, status in ((None, 401), (reader, 403), (keeper, 200)):
                headers = {} if key is None else {"x-api-key": key}
                answer = httpx.request(method, server.url + path, content=shop(2), headers=headers)
                assert answer.status_code == status, answer.text
        assert httpx.get(f"{server.url}/v1/policies/shop").status_code == 401
        read = httpx.get(f"{server.url}/v1/policies/shop", headers={"x-api-key": reader})
        assert read.json()["version"] == 2
    finally:
        server.stop()


def test_the_command_line_tries_compares_and_switches_beside_a_server(
    server: RunningServer, http: Backend, tmp_path: Path
) -> None:
    fill(http)
    old, file = tmp_path / "shop.toml", tmp_path / "new.toml"
    file.write_text(shop(2, 1))
    compared = renown_alone("policy", "diff", str(old), str(file))
    assert compared.stdout.splitlines() == ["version: 1 → 2", "score.prior.weight: 7 → 1"]
    as_json = json.loads(renown_alone("policy", "diff", str(old), str(file), "--json").stdout)
    assert as_json[1] == {"path": "score.prior.weight", "before": 7.0, "after": 1.0}
    tried = renown(server, "policy", "try", str(file))
    assert tried.returncode == 0, tried.stderr
    assert "standings that change          20  100.0 %" in tried.stdout
    assert "shop:000  3.95 → 4.625  (+0.675)" in tried.stdout
    trial = json.loads(renown(server, "policy", "try", str(file), "--json").stdout)
    assert trial["scores"] == 20
    assert http.get("/v1/policies/shop").json()["version"] == 1
    done = renown(server, "policy", "switch", str(file), "--json")
    assert json.loads(done.stdout) == {"kind": "shop", "policy": "shop", "version": 2, "subjects": 20}
    deadline = time.monotonic() + 30
    while http.get("/v1/policies/shop").json()["version"] != 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert http.get("/v1/standings/shop:000").json()["score"] == 4.625
    assert renown(server, "policy", "switch", str(old)).returncode == 1
    assert "higher" in renown(server, "policy", "switch", str(old)).stderr


def renown_alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "renown.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_a_policy_is_checked_without_doing_anything(still: RunningServer) -> None:
    with Backend(base_url=still.url, timeout=60) as backend:
        same = backend.post("/v1/policies/shop/check", content=SHOP).json()
        assert same == {
            "kind": "shop",
            "name": "shop",
            "version": 1,
            "at_least": 2,
            "same": True,
            "differences": [],
        }
        other = backend.post("/v1/policies/shop/check", content=shop(2, prior=9)).json()
        assert (other["version"], other["same"]) == (2, False)
        assert other["differences"] == ["version: 1 → 2", "score.prior.weight: 7 → 9"]
        wrong = backend.post("/v1/policies/shop/check", content=SHOP.replace("max = 5", "max = 0"))
        assert wrong.status_code == 400
        assert wrong.json()["field"].startswith("scale")
        assert backend.get("/v1/policies/shop").json()["version"] == 1


def test_every_version_a_kind_has_had_can_be_read(server: RunningServer, http: Backend) -> None:
    fill(http, 3)
    put = http.put("/v1/policies/shop", content=shop(3, 1).replace('"shop"\nkind', '"newer"\nkind'))
    assert put.status_code == 200, put.text
    now = switched(http)
    first = http.get("/v1/policies/shop", params={"version": 1}).json()
    assert (first["version"], first["name"], first["text"]) == (1, "shop", SHOP)
    assert first["policy"]["score"]["prior"]["weight"] == 7
    assert first["since"] == now["versions"][0]["since"]
    assert (first["versions"], first["switching"]) == (now["versions"], None)
    assert http.get("/v1/policies/shop", params={"version": 3}).json() == now
    with Renown(server.url) as renown:
        assert (renown.policy("shop", version=1), renown.policy("shop")) == (first, now)
    assert (now["name"], now["policy"]["score"]["prior"]["weight"]) == ("newer", 1)
    missing = http.get("/v1/policies/shop", params={"version": 2})
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_version")
    assert missing.json()["expected"] == "one of 1, 3"
    assert http.get("/v1/policies/shop", params={"version": "two"}).status_code == 400


def test_rules_that_this_server_cannot_read_are_shown_as_they_are_kept(
    server: RunningServer, http: Backend
) -> None:
    with raw(server.data) as beside:
        row = ("shop", 9, "future", "of = 'a later version'", 1e9, None)
        beside.execute("INSERT INTO policies VALUES (?, ?, ?, ?, ?, ?)", row)
        beside.commit()
    kept = http.get("/v1/policies/shop", params={"version": 9}).json()
    assert (kept["name"], kept["text"], kept["policy"]) == ("future", "of = 'a later version'", None)
    assert http.get("/v1/policies/shop").json()["version"] == 1
