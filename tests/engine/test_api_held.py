"""What is under review over HTTP: seen by whom it is for; released and dismissed, many at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.raw import Raw
from tests.engine.test_api_users import SECRET, Backend, bearer
from tests.running import RunningServer, cli_key

BOMBED = "product:lamp"


BLIND = """
name = "guest"
kind = "guest"
version = 1
title = "Guest"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.stay]
blind = { days = 14 }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("held")
    (made / "guest.toml").write_text(BLIND)
    (made / "renown.toml").write_text(
        f'policies = ["product", "seller", "{made}/guest.toml"]\n'
        f'[tokens]\nsecret = "{SECRET}"\n[access]\nanonymous = true\n'
    )
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    with RunningServer(folder, "--config", str(folder / "renown.toml"), dev=False) as running:
        yield running


@pytest.fixture(scope="module")
def backend(server: RunningServer) -> Iterator[Backend]:
    secret = cli_key(server.data, "events", "read", "tokens", "users")
    with Backend(base_url=server.url, headers=bearer(secret), timeout=30) as client:
        yield client


def _review(n: int, value: int, subject: str = BOMBED) -> dict[str, Any]:
    return {
        "type": "review",
        "subject": subject,
        "id": f"{subject}-{n}",
        "actor": f"user:a{n}",
        "value": value,
    }


@pytest.fixture(scope="module")
def held(backend: Backend) -> list[str]:
    """The ids of what a bombing left under review."""
    day = datetime.now(UTC)
    good = [_review(n, 5) | {"occurred_at": (day - timedelta(days=90 - n)).isoformat()} for n in range(60)]
    bombs = [_review(n, 1) for n in range(100, 130)]
    assert {each["status"] for each in backend.post("/v1/events", json=good).json()} == {"applied"}
    answers = backend.post("/v1/events", json=bombs).json()
    ids = [each["id"] for each in answers if each["status"] == "held"]
    assert len(ids) >= 20
    return ids


def _standing(backend: Backend) -> dict[str, Any]:
    return backend.get(f"/v1/standings/{BOMBED}").json()


def test_what_is_held_is_told_with_its_reasons(backend: Backend, held: list[str]) -> None:
    page = backend.get("/v1/held", params={"kind": "product", "limit": 200}).json()
    assert [each["event"]["id"] for each in page["held"]] == held[::-1]
    assert {each["why"] for each in page["held"]} == {"guard:bombing"}
    assert page["counts"] == {"product": {"guard:bombing": len(held)}}
    assert all("expected" in reason for each in page["held"] for reason in each["reasons"]), page["held"][0]
    assert _standing(backend)["held"] == len(held)
    first = backend.get("/v1/held", params={"subject": BOMBED, "limit": 5}).json()
    then = backend.get("/v1/held", params={"subject": BOMBED, "limit": 5, "before": first["before"]}).json()
    assert [each["event"]["id"] for each in first["held"] + then["held"]] == held[:-11:-1]


async def test_decisions_move_the_score_live(
    server: RunningServer, backend: Backend, held: list[str]
) -> None:
    before = _standing(backend)
    async with Raw.open(server.websocket) as raw:
        await raw.hello()
        await raw.subscribe(f"standing:{BOMBED}")
        some, rest = held[:3], held[3:]
        body = {"ids": some, "reason": "bought it, checked", "actor": "user:mo"}
        released = backend.post("/v1/held/release", json=body).json()
        assert [each["status"] for each in released] == ["applied"] * 3
        told = (await raw.publication())["data"]
        while told.get("held") != len(rest):
            told = (await raw.publication())["data"]
        assert told["score"] < before["score"]
        dismissed = backend.post("/v1/held/dismiss", json={"ids": rest}).json()
        assert [each["status"] for each in dismissed] == ["applied"] * len(rest)
        while told.get("held"):
            told = (await raw.publication())["data"]
    after = _standing(backend)
    assert (after.get("held"), after["count"]) == (None, before["count"] + 3)
    assert after["score"] == told["score"]
    page = backend.get(f"/v1/standings/{BOMBED}/events", params={"limit": 500}).json()
    steps = [each["event"] for each in page["events"] if each["event"]["type"] == "release"]
    assert {(each["actor"], each["data"]["reason"]) for each in steps} == {("user:mo", "bought it, checked")}
    again = backend.post("/v1/held/release", json={"ids": [some[0], "nothing"]}).json()
    assert [(each["status"], each["problem"]["code"]) for each in again] == [
        ("rejected", "not_held"), ("rejected", "ref_not_found"),
    ]  # fmt: skip
    undone = backend.post("/v1/held/release", json={"ids": rest[:2], "reason": "dismissed by mistake"}).json()
    assert [each["status"] for each in undone] == ["applied"] * 2
    assert _standing(backend)["count"] == after["count"] + 2
    assert [each["status"] for each in backend.post("/v1/held/release", json={"ids": rest[:2]}).json()] == (
        ["rejected"] * 2
    )


def test_only_those_who_may_see_and_decide(server: RunningServer, backend: Backend) -> None:
    told = {"type": "review", "subject": "seller:9", "id": "s-1", "actor": "buyer:1", "value": 2}
    backend.post("/v1/events", json=[told, {"type": "hold", "subject": "seller:9", "ref": "s-1"}])

    def of(**rights: Any) -> dict[str, str]:
        made = backend.post("/v1/tokens", json={"user": "mo", "rights": rights}).json()
        return bearer(made["token"])

    with httpx.Client(base_url=server.url, timeout=30) as anybody:
        assert anybody.get("/v1/held").json()["held"] == []
        assert anybody.get("/v1/held", params={"subject": "seller:9"}).status_code == 403
        assert anybody.post("/v1/held/release", json={"ids": ["s-1"]}).status_code == 401
        owner = of(owns=["seller:9"])
        seen = anybody.get("/v1/held", headers=owner).json()
        assert [(each["event"]["id"], each["why"]) for each in seen["held"]] == [("s-1", "moderator")]
        (refused,) = anybody.post("/v1/held/release", json={"ids": ["s-1"]}, headers=owner).json()
        assert refused["problem"]["code"] == "may_not_submit"
        moderator = of(roles=["moderator"], submit=["release@seller:*"])
        body = {"ids": ["s-1"], "actor": "user:somebody-else"}
        (released,) = anybody.post("/v1/held/release", json=body, headers=moderator).json()
        assert released["status"] == "applied"
    events = backend.get("/v1/standings/seller:9/events").json()["events"]
    assert events[0]["event"]["actor"] == "user:mo"


def test_a_blind_review_is_shown_to_keys_alone(server: RunningServer, backend: Backend) -> None:
    told = {"type": "stay", "subject": "guest:1", "id": "b-1", "actor": "host:1", "ref": "trip:1", "value": 2}
    assert backend.post("/v1/events", json=told).json()["status"] in ("applied", "held")
    (seen,) = backend.get("/v1/standings/guest:1/events").json()["events"]
    assert (seen["event"]["value"], seen["held_why"]) == (2, "blind")
    owner = backend.post("/v1/tokens", json={"user": "ann", "rights": {"owns": ["guest:1"]}}).json()["token"]
    with httpx.Client(base_url=server.url, headers=bearer(owner), timeout=30) as client:
        (masked,) = client.get("/v1/standings/guest:1/events").json()["events"]
        assert masked["event"]["type"] == "hold"
        assert "value" not in masked["event"]
        assert "host:1" not in client.get("/v1/standings/guest:1/events").text


@pytest.mark.parametrize(
    "body, status",
    [("{", 400), ("{}", 422), ('{"ids":[]}', 422), ('{"ids":"s-1"}', 422), ('{"ids":["a"],"why":"x"}', 422)],
)
def test_what_cannot_be_meant(backend: Backend, body: str, status: int) -> None:
    answer = backend.post("/v1/held/dismiss", content=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
