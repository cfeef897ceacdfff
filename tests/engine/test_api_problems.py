"""Every error over HTTP has one shape: RFC 9457 problem details with a stable code."""

from collections.abc import Iterator

import httpx
import pytest

from tests.running import RunningServer

FIELDS = {"type", "title", "status", "code", "detail", "field", "expected", "id"}
REQUIRED = {"type", "title", "status", "code", "detail"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("problems")) as running:
        httpx.post(f"{running.url}/v1/events", json={"type": "review", "subject": "seller:1", "value": 5})
        yield running


@pytest.mark.parametrize(
    "method,path,status,code",
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/assets/none.js", 404, "not_found"),
        ("GET", "/assets/..%2F..%2Fmodel.py", 404, "not_found"),
        ("GET", "/assets/%00", 404, "not_found"),
        ("GET", "/assets/a%00.js", 404, "not_found"),
        ("GET", "/assets/" + 300 * "a", 404, "not_found"),
        ("GET", "/assets/" + 120 * "%C3%A4", 404, "not_found"),
        ("GET", "/assets/%FF", 404, "not_found"),
        ("GET", "/assets/.", 404, "not_found"),
        ("GET", "/v1/events", 405, "method_not_allowed"),
        ("DELETE", "/v1/standings/seller:1", 405, "method_not_allowed"),
        ("GET", "/v1/standings/seller", 400, "invalid_subject"),
        ("GET", "/v1/standings/seller:%ff", 400, "invalid_parameter"),
        ("GET", "/v1/standings/sellr:1", 404, "unknown_kind"),
        ("GET", "/v1/standings/seller:2", 404, "unknown_subject"),
        ("GET", "/v1/standings/seller:1?at=yesterday", 400, "invalid_parameter"),
        ("GET", "/v1/standings/seller:1?at=nan", 400, "invalid_parameter"),
        ("GET", "/v1/standings/seller:1?at=2026-01-01T00:00:00", 400, "invalid_parameter"),
        ("GET", "/v1/standings/seller:1?at=2020-01-01T00:00:00Z", 404, "unknown_subject"),
        ("GET", "/v1/standings", 400, "missing_parameter"),
        ("GET", "/v1/standings?" + "&".join(f"subject=seller:{n}" for n in range(201)), 400,
         "invalid_parameter"),
        ("GET", "/v1/standings/seller:1/history?points=x", 400, "invalid_parameter"),
        ("GET", "/v1/standings/seller:1/history?points=0", 400, "invalid_parameter"),
        ("GET", "/v1/standings/seller:1/explain?category=qualty", 400, "unknown_category"),
        ("GET", "/v1/standings/seller:1/explain?cursor=zzz", 400, "bad_cursor"),
        ("GET", "/v1/standings/seller:1/events?limit=501", 400, "invalid_parameter"),
        ("GET", "/v1/boards/sellers", 404, "unknown_kind"),
        ("GET", "/v1/subjects?kind=sellers", 404, "unknown_kind"),
        ("GET", "/badge/seller:1.png", 400, "unknown_form"),
        ("GET", "/badge/seller.svg", 400, "invalid_subject"),
        ("POST", "/v1/events", 400, "malformed_json"),
        ("POST", "/v1/events?standing=perhaps", 400, "invalid_parameter"),
    ],
)  # fmt: skip
def test_errors_have_one_shape(server: RunningServer, method: str, path: str, status: int, code: str) -> None:
    response = httpx.request(method, server.url + path)
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem.keys() >= REQUIRED
    assert problem.keys() <= FIELDS
    assert problem["type"] == f"urn:renown:problem:{code}"
    assert problem["detail"].strip()


def test_a_wrong_parameter_is_named_with_what_was_expected_in_plain_words(server: RunningServer) -> None:
    problem = httpx.get(f"{server.url}/v1/standings/seller:1/history?points=0").json()
    assert problem["field"] == "points"
    assert problem["expected"] == "a whole number of at least 2"
    assert httpx.get(f"{server.url}/v1/boards/sellers").json()["expected"] == "seller"
    assert httpx.get(f"{server.url}/v1/standings").json()["field"] == "subject"


def test_an_unforeseen_failure_is_a_500_that_tells_nothing_of_the_inside(
    server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with RunningServer(tmp_path_factory.mktemp("broken")) as broken:
        httpx.post(f"{broken.url}/v1/events", json={"type": "review", "subject": "seller:1", "value": 5})
        import sqlite3

        with sqlite3.connect(broken.data / "ledger.sqlite") as file:
            file.execute("update events set contributions = 'nonsense'")
        response = httpx.get(f"{broken.url}/v1/standings/seller:1/events")
    problem = response.json()
    assert (response.status_code, problem["code"]) == (500, "internal_error")
    assert "nonsense" not in response.text
    assert "Traceback" not in response.text
