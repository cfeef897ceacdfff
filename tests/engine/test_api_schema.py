"""The OpenAPI document is complete, and what the server does is what it says."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("schema")) as running:
        for n in range(5):
            httpx.post(
                f"{running.url}/v1/events",
                json={"type": "review", "subject": "seller:1", "actor": f"buyer:{n}", "value": 4},
            )
        yield running


def test_the_document_knows_every_path_and_the_forms_of_an_event(server: RunningServer) -> None:
    document = httpx.get(f"{server.url}/schema").json()
    assert document == httpx.get(f"{server.url}/schema/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/events",
        "/v1/standings",
        "/v1/standings/{subject}",
        "/v1/standings/{subject}/history",
        "/v1/standings/{subject}/explain",
        "/v1/standings/{subject}/events",
        "/v1/boards/{kind}",
        "/v1/subjects",
        "/v1/policies",
        "/v1/policies/{kind}",
        "/v1/policies/{kind}/check",
        "/v1/policies/{kind}/try",
        "/v1/held",
        "/v1/held/release",
        "/v1/held/dismiss",
        "/v1/incidents",
        "/v1/actors/{actor}",
        "/v1/gateway",
        "/v1/info",
        "/v1/channels",
        "/v1/tokens",
        "/v1/tokens/revoke",
        "/v1/users/{user}/rights",
        "/v1/users/{user}/disconnect",
        "/api/{method}",
        "/badge/{file}",
        "/health/live",
        "/health/ready",
    }
    content = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-ndjson"}
    event = document["components"]["schemas"]["Event"]
    assert event["required"] == ["type", "subject"]
    methods = document["paths"]["/api/{method}"]["post"]["parameters"][0]["schema"]["enum"]
    assert {"publish", "history_remove", "batch"} <= set(methods)
    for path, method in (("/v1/tokens/revoke", "post"), ("/v1/users/{user}/rights", "put")):
        assert "requestBody" in document["paths"][path][method]


@pytest.mark.timeout(300)
def test_generated_requests_never_break_the_server_or_its_word(server: RunningServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/schema",
            "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,"
            "response_schema_conformance",
            "--max-examples", "15",
            "--seed", "7",
            "--no-color",
            "--exclude-path", "/v1/tokens",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert "Traceback" not in server.log.read_text()
