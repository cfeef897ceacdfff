"""What guards say of events that count, and what is disputed, over HTTP: without persons but for keys."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.test_api_users import SECRET, Backend, bearer
from tests.running import RunningServer, cli_key

POLICY = """
name = "stall"
kind = "stall"
version = 1
title = "Stall"
[scale]
min = 1
max = 5
[score]
method = "bayesian_mean"
prior = { value = 3, weight = 2 }
[rules.review]
[rules.visit]
value = 4
[disputes]
window_days = 30
open_days = 10
[[guards]]
name = "again"
kind = "repeat"
most = 1
weight = 0.25
[[guards]]
name = "many"
kind = "budget"
per = "subject"
most = 3
action = "count"
[[guards]]
name = "own"
kind = "self"
same = { phone = "stall_phone" }
"""
STALL = "stall:1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("flags")
    (folder / "stall.toml").write_text(POLICY)
    (folder / "renown.toml").write_text(
        f'policies = ["{folder}/stall.toml"]\n[tokens]\nsecret = "{SECRET}"\n[access]\nanonymous = true\n'
    )
    with RunningServer(folder, "--config", str(folder / "renown.toml"), dev=False) as running:
        yield running


@pytest.fixture(scope="module")
def backend(server: RunningServer) -> Iterator[Backend]:
    secret = cli_key(server.data, "events", "read")
    with Backend(base_url=server.url, headers=bearer(secret), timeout=30) as client:
        told = [_review(0, "user:ann", 5), _review(1, "user:ann", 5), _review(2, "user:ben", 5)]
        told += [_review(3, "user:cem", 1)]
        told.append({"type": "dispute", "subject": STALL, "id": "d3", "ref": "e3", "actor": "user:owner"})
        for each in told:
            assert client.post("/v1/events", json=each).json()["status"] == "applied"
        yield client


def _review(n: int, actor: str, value: float, **data: Any) -> dict[str, Any]:
    return {"type": "review", "subject": STALL, "id": f"e{n}", "actor": actor, "value": value, "data": data}


WEIGHED = {
    "kind": "weigh",
    "name": "again",
    "before": "1",
    "after": "0.25",
    "why": "2 of the last 2 events are by the same actor; up to 1 is in order. Its weight is cut to 25 %.",
}
FLAGGED = {"kind": "flag", "name": "many", "why": "4 events in a day; up to 3 are in order."}


def test_a_key_reads_what_guards_said(backend: Backend) -> None:
    events = backend.get(f"/v1/standings/{STALL}/events").json()["events"]
    by_id = {each["event"]["id"]: each for each in events}
    assert "changes" not in by_id["e2"]
    assert by_id["e1"]["changes"] == [WEIGHED]
    assert FLAGGED in by_id["e3"]["changes"]
    assert by_id["e3"]["held_why"] == "dispute"
    page = backend.get(f"/v1/standings/{STALL}/explain").json()
    lines = {line["id"]: line for line in page["lines"]}
    assert lines["e1"]["guards"] == [WEIGHED]
    assert (lines["e0"]["weight"], lines["e1"]["weight"]) == (1.0, 0.25)
    assert lines["e0"]["guards"] == []
    steps = {step["id"]: step for step in page["steps"]}
    assert WEIGHED in steps["e1"]["changes"]
    assert [(line["id"], line["why"]) for line in page["held"]] == [("e3", "dispute")]
    held = backend.get("/v1/held").json()["held"]
    assert FLAGGED["why"] in held[0]["reasons"]


def test_everybody_sees_what_is_disputed_and_no_suspicion(server: RunningServer, backend: Backend) -> None:
    with httpx.Client(base_url=server.url, timeout=30) as anybody:
        events = anybody.get(f"/v1/standings/{STALL}/events").json()
        page = anybody.get(f"/v1/standings/{STALL}/explain").json()
    (disputed,) = page["held"]
    assert (disputed["type"], disputed["value"], disputed["why"]) == ("review", 1, "dispute")
    assert disputed.keys() & {"id", "actor", "reason"} == set()
    changes = [change for step in page["steps"] for change in step["changes"]]
    assert {"kind": "dispute", "before": "counted", "after": "disputed"} in changes
    for told in (events, page):
        text = json.dumps(told)
        assert not any(word in text for word in ("again", "many", 'weigh"', "flag", "user:", "e3"))
    assert [line["weight"] for line in page["lines"]] == [1.0, 0.25, 1.0]
    assert backend.get(f"/v1/standings/{STALL}").json()["held"] == 1


def test_a_refused_event_is_told_why_with_the_figures(backend: Backend) -> None:
    answer = backend.post("/v1/events", json=_review(9, "user:eve", 5, phone="1", stall_phone="1"))
    problem = answer.json().get("problem", answer.json())
    assert problem["code"] == "guarded"
    assert problem["detail"] == "`phone` and `stall_phone` are the same."
