"""`POST /v1/events` of a real server: forms, answers, limits, streams."""

import json
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import RunningServer

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("events")) as running:
        yield running


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def review(subject: str, **rest: Any) -> dict[str, Any]:
    return {"type": "review", "subject": f"seller:{subject}", "value": 4, **rest}


def test_one_event_is_applied_and_a_repeat_is_a_duplicate_with_the_same_version(http: httpx.Client) -> None:
    body = review("one", id="one-1", actor="buyer:1")
    first = http.post("/v1/events", json=body)
    assert (first.status_code, first.json()) == (
        200,
        {"status": "applied", "id": "one-1", "subject": "seller:one", "version": 1},
    )
    again = http.post("/v1/events", json=body)
    assert (again.status_code, again.json()["status"], again.json()["version"]) == (200, "duplicate", 1)
    other = http.post("/v1/events", json={**body, "value": 5})
    assert (other.status_code, other.json()["code"], other.json()["id"]) == (409, "id_conflict", "one-1")
    assert http.get("/v1/standings/seller:one").json()["version"] == 1


def test_an_event_without_id_gets_one(http: httpx.Client) -> None:
    ids = {http.post("/v1/events", json=review("noid")).json()["id"] for _ in range(3)}
    assert len(ids) == 3


def test_the_standing_comes_along_when_asked_for(http: httpx.Client) -> None:
    answer = http.post("/v1/events?standing=true", json=review("along")).json()
    assert answer["standing"] == http.get("/v1/standings/seller:along").json()


@pytest.mark.parametrize(
    "body,status,code,field",
    [
        (b"", 400, "malformed_json", None),
        (b'{"type":', 400, "malformed_json", None),
        (b'{"type":"review","subject":"\xff"}', 400, "malformed_json", None),
        (b'{"type":"review","subject":"seller:1","data":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}", 400,
         "malformed_json", None),
        (b'"review"', 422, "invalid_event", None),
        (b'{"type":"review"}', 422, "invalid_event", "subject"),
        (b'{"type":"review","sbject":"seller:1"}', 422, "invalid_event", "sbject"),
        (b'{"type":"review","subject":"seller:1","value":"x"}', 422, "invalid_event", "value"),
        (b'{"type":"review","subject":"seller:1","value":1e999}', 422, "invalid_event", "value"),
        (b'{"type":"review","subject":"seller:1","value":6}', 422, "value_out_of_range", "value"),
        (b'{"type":"reviw","subject":"seller:1","value":5}', 422, "unknown_type", "type"),
        (b'{"type":"review","subject":"sellr:1","value":5}', 422, "unknown_kind", "subject"),
        (b'{"type":"review","subject":"seller:1","value":5,"data":{"a":"' + b"x" * 70_000 + b'"}}', 413,
         "too_large", None),
    ],
)  # fmt: skip
def test_bad_input_is_told_and_changes_nothing(
    http: httpx.Client, body: bytes, status: int, code: str, field: str | None
) -> None:
    response = http.post("/v1/events", content=body)
    problem = response.json()
    assert (response.status_code, problem["code"], problem.get("field")) == (status, code, field)
    assert http.get("/v1/standings/seller:1").status_code == 404


def test_unknown_fields_name_the_nearest(http: httpx.Client) -> None:
    problem = http.post("/v1/events", json={"type": "review", "sbject": "seller:1"}).json()
    assert problem["expected"] == "subject"


def test_an_array_has_an_answer_for_each_in_its_order(http: httpx.Client) -> None:
    body = [review("array", id="array-1"), 7, {"type": "review"}, review("array", value=9), review("array")]
    answers = http.post("/v1/events", json=body).json()
    assert [answer["status"] for answer in answers] == [
        "applied", "rejected", "rejected", "rejected", "applied",
    ]  # fmt: skip
    assert [answer.get("index") for answer in answers] == [None, 1, 2, 3, None]
    assert http.post("/v1/events", content=b"[]").json() == []


def test_an_array_with_too_many_events_is_refused_whole(http: httpx.Client) -> None:
    body = b"[" + b",".join([b"1"] * 10_001) + b"]"
    response = http.post("/v1/events", content=body)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_a_stream_answers_every_line_in_order_and_goes_on_after_bad_ones(http: httpx.Client) -> None:
    good = json.dumps(review("stream")).encode()
    long = b'{"type":"' + b"x" * 70_000 + b'"}'
    body = b"\n".join([good, b"nonsense", b"", b"  ", good, long, b'{"type":"review"}', good])
    response = http.post("/v1/events", content=body, headers=NDJSON)
    assert response.headers["content-type"] == "application/x-ndjson"
    answers = [json.loads(line) for line in response.text.splitlines()]
    assert [(answer["status"], answer.get("line")) for answer in answers] == [
        ("applied", None), ("rejected", 2), ("applied", None), ("rejected", 6), ("rejected", 7),
        ("applied", None),
    ]  # fmt: skip
    assert [answer["problem"]["code"] for answer in answers if "problem" in answer] == [
        "malformed_json", "too_large", "invalid_event",
    ]  # fmt: skip


def test_a_long_stream_from_a_client_that_reads_only_at_the_end(server: RunningServer) -> None:
    """The answers outgrow every socket buffer long before the request ends; nobody may wait for ever."""
    count = 12_000
    line = b'{"type":"upvote","subject":"member:%d","ref":"' + b"r" * 100 + b'"}\n'
    body = b"".join(line % (n % 500) for n in range(count))
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.sendall(
            b"POST /v1/events?standing=true HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        client.sendall(body)
        response = HTTPResponse(client)
        response.begin()
        answers = response.read().splitlines()
    assert len(answers) == count
    assert all(answer.startswith(b'{"status":"applied"') for answer in answers)


def test_answers_of_a_stream_come_while_it_is_still_being_sent(server: RunningServer) -> None:
    line = json.dumps(review("duplex")).encode() + b"\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(
            b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/x-ndjson\r\n\r\n"
        )
        client.sendall(b"%x\r\n%s\r\n" % (len(line), line))
        received = b""
        while b'"applied"' not in received:
            received += client.recv(65_536)
        client.sendall(b"0\r\n\r\n")
        while not received.endswith(b"0\r\n\r\n"):
            received += client.recv(65_536)


def test_a_client_that_leaves_in_the_middle_of_a_stream_harms_nobody(
    server: RunningServer, http: httpx.Client
) -> None:
    line = json.dumps(review("leaver")).encode() + b"\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(
                b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
                b"Content-Type: application/x-ndjson\r\n\r\n" + line * 50
            )
    assert http.post("/v1/events", json=review("leaver")).status_code == 200
    assert "Traceback" not in server.log.read_text()


def test_parallel_posts_are_all_applied_once(server: RunningServer) -> None:
    failures: list[str] = []

    def send(worker: int) -> None:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            for n in range(25):
                answer = client.post("/v1/events", json=review("many", id=f"many-{worker}-{n}"))
                if answer.json().get("status") != "applied":
                    failures.append(answer.text)

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert httpx.get(f"{server.url}/v1/standings/seller:many").json()["version"] == 200


@pytest.mark.parametrize(
    "headers,code",
    [
        ({"content-type": "text/csv"}, "unsupported_media_type"),
        ({"content-encoding": "gzip"}, "unsupported_media_type"),
    ],
)
def test_bodies_of_another_kind_are_refused(http: httpx.Client, headers: dict[str, str], code: str) -> None:
    response = http.post("/v1/events", content=b"x", headers=headers)
    assert (response.status_code, response.json()["code"]) == (415, code)


def test_metrics_count_events_commits_and_requests(http: httpx.Client) -> None:
    def read() -> dict[str, float]:
        lines = [line for line in http.get("/metrics").text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    before = read()
    http.post("/v1/events", json=[review("counted"), review("counted"), 1])
    after = read()
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert grown['renown_events_total{status="applied"}'] == 2
    assert grown['renown_events_total{status="rejected"}'] == 1
    assert grown["renown_commit_events_sum"] == 2
    assert grown["renown_ledger_events"] == 2
    assert grown['renown_http_requests_total{method="POST",status="200"}'] == 1
    assert grown["renown_append_seconds_count"] == 1
    assert "renown_gateway_connections" in after


def test_answers_on_one_connection_come_in_order_with_all_that_answers_say(server: RunningServer) -> None:
    """Pipelined, one of them bad, the last closing: no answer is mixed with another, or written in parts."""
    bodies = [json.dumps(review("piped", id=f"piped-{i}")).encode() for i in range(3)]
    bodies[1] = b'{"type":"review"}'
    asked = b""
    for i, body in enumerate(bodies):
        more = b"Connection: close\r\n" if i == 2 else b""
        asked += b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        asked += b"%bContent-Length: %d\r\n\r\n%b" % (more, len(body), body)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall(asked)
        said = b""
        while piece := link.recv(65_536):
            said += piece
    answers = [part.partition(b"\r\n\r\n") for part in said.split(b"HTTP/1.1 ")[1:]]
    heads = [head.decode().lower().splitlines() for head, _, _ in answers]
    assert [head[0] for head in heads] == ["200 ok", "422 unprocessable entity", "200 ok"]
    assert [json.loads(body).get("version") for _, _, body in answers] == [1, None, 2]
    for head, (_, _, body) in zip(heads, answers, strict=True):
        names = dict(line.split(": ", 1) for line in head[1:])
        assert int(names["content-length"]) == len(body)
        assert names["x-content-type-options"] == "nosniff"
        assert "date" in names
    assert "connection: close" in heads[2]


def test_data_folder_of_the_server_is_the_one_named(server: RunningServer) -> None:
    assert Path(server.data / "ledger.sqlite").is_file()
