"""What every read said at a time is what it says of that time later."""

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from renown.client import Renown
from tests.conformance.raw import Raw
from tests.engine.test_api_users import Backend
from tests.running import RunningServer

LAMP, SHOP = "product:lamp", "seller:past"
READS: tuple[tuple[str, dict[str, Any]], ...] = (
    *((f"/v1/standings/{subject}", {}) for subject in (LAMP, SHOP)),
    *((f"/v1/standings/{subject}/{what}", {}) for subject in (LAMP, SHOP) for what in ("explain", "events")),
    (f"/v1/standings/{LAMP}/explain", {"limit": 5}),
    (f"/v1/standings/{SHOP}/explain", {"category": "delivery"}),
    (f"/v1/standings/{LAMP}/events", {"limit": 3, "before": 66}),
    (f"/v1/standings/{LAMP}/history", {"points": 10}),
    ("/v1/standings", {"subject": [LAMP, SHOP, "seller:never"]}),
    ("/v1/boards/product", {}),
    ("/v1/boards/seller", {}),
    ("/v1/subjects", {"q": "la"}),
    ("/v1/subjects", {"q": "p", "kind": "seller"}),
    ("/v1/held", {}),
    ("/v1/held", {"kind": "seller"}),
    ("/v1/held", {"subject": LAMP, "limit": 4}),
    ("/v1/incidents", {}),
    ("/v1/incidents", {"kind": "seller"}),
    ("/v1/incidents", {"subject": LAMP}),
    (f"/badge/{LAMP}.json", {}),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("past")) as running:
        yield running


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[Backend]:
    with Backend(base_url=server.url, timeout=60) as client:
        yield client


Told = tuple[float, list[Any]]


def _ask(http: Backend, at: float | None = None) -> list[Any]:
    when = {} if at is None else {"at": repr(at)}
    answers = [http.get(path, params=query | when) for path, query in READS]
    return [(each.status_code, each.json() if each.status_code == 200 else None) for each in answers]


def _now(http: Backend) -> Told:
    """Ask all that can be asked; return with it a time after all that has happened and before what will."""
    time.sleep(0.005)
    told = time.time(), _ask(http)
    time.sleep(0.005)
    return told


def _tell(http: Backend, *events: dict[str, Any]) -> list[dict[str, Any]]:
    answers = http.post("/v1/events", json=list(events)).json()
    assert {each["status"] for each in answers} <= {"applied", "held"}, answers
    return answers


def _review(subject: str, n: int, value: int, **more: Any) -> dict[str, Any]:
    given = {"type": "review", "subject": subject, "id": f"{subject}-{n}", "actor": f"buyer:{n}"}
    return given | {"value": value, "ref": f"order:{n}"} | more


@pytest.fixture(scope="module")
def told(http: Backend) -> list[Told]:
    """The answers of each moment of a story: reviews, a bombing, decisions, a dispute, a retraction."""
    day = datetime.now(UTC)
    quiet = [_review(LAMP, n, 5, occurred_at=(day - timedelta(days=90 - n)).isoformat()) for n in range(60)]
    _tell(http, *quiet, *[_review(SHOP, n, 4, categories={"delivery": 5}) for n in range(4)])
    found = [_now(http)]
    answers = _tell(http, *[_review(LAMP, n, 1) for n in range(100, 120)])
    held = [each["id"] for each in answers if each["status"] == "held"]
    assert len(held) > 10
    _tell(http, _review(SHOP, 9, 1), {"type": "late_shipment", "subject": SHOP, "ref": "order:1"})
    found.append(_now(http))
    _tell(http, {"type": "dispute", "subject": SHOP, "ref": f"{SHOP}-9", "actor": SHOP})
    http.post("/v1/held/release", json={"ids": held[:3], "actor": "user:mo", "reason": "bought it"})
    found.append(_now(http))
    http.post("/v1/held/dismiss", json={"ids": held[3:9], "actor": "user:mo", "reason": "the same text"})
    resolved = {"type": "resolve", "subject": SHOP, "ref": f"{SHOP}-9", "actor": "moderator:m"}
    _tell(http, resolved | {"data": {"decision": "for"}})
    found.append(_now(http))
    _tell(http, {"type": "retract", "subject": LAMP, "ref": f"{LAMP}-7"})
    _tell(http, {"type": "hold", "subject": SHOP, "ref": f"{SHOP}-2", "actor": "moderator:m"})
    found.append(_now(http))
    _tell(http, _review(SHOP, 20, 5), _review("product:later", 1, 3), _review("seller:lapwing", 1, 3))
    return found


def _alike(one: Any, other: Any, path: str) -> None:
    """Compare answers; what fades has faded a little between an event and the time that is asked for."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys(), path
        # An explanation of the past is of the time that was asked for, one of now of the newest event.
        for key in one.keys() - ({"at", "cursor"} if "/explain" in path and path.endswith("[1]") else set()):
            _alike(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        assert len(one) == len(other), path
        for i, (each, its) in enumerate(zip(one, other, strict=True)):
            _alike(each, its, f"{path}[{i}]")
    elif isinstance(one, float) and isinstance(other, float):
        assert math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9), (path, one, other)
    else:
        assert one == other, path


@pytest.mark.parametrize("moment", range(5))
def test_every_read_says_of_then_what_it_said_then(http: Backend, told: list[Told], moment: int) -> None:
    at, said = told[moment]
    for (path, query), then, later in zip(READS, said, _ask(http, at), strict=True):
        _alike(then, later, f"{path} {query}")


def test_the_moments_of_the_story_differ(told: list[Told]) -> None:
    """Else the test above would compare nothing with nothing."""
    held = [READS.index(("/v1/held", {})), READS.index(("/v1/incidents", {}))]
    for place in held:
        answers = [said[place] for _, said in told]
        assert all(answers[i] != answers[i + 1] for i in range(4))
    whys = {each["why"] for _, said in told for each in said[held[0]][1]["held"]}
    assert whys == {"guard:bombing", "dispute", "moderator"}
    (line,) = told[1][1][held[1]][1]["incidents"]
    assert (line["guard"], line["open"]) == ("bombing", True)
    alerts = {each["alert"] for each in told[1][1][held[1]][1]["alerts"]}
    assert alerts == {"bombing", "bad-review", "late-shipment"}


def test_a_time_that_is_none_is_refused_everywhere(http: Backend) -> None:
    for path, query in READS:
        answer = http.get(path, params=query | {"at": "yesterday"})
        assert (answer.status_code, answer.json()["field"]) == (400, "at"), path


def test_the_last_moment_that_can_be_written_is_a_time(http: Backend, told: list[Told]) -> None:
    # Its tiers are decided on dates, so that the next one is told.
    ended = {"type": "contract_ended", "subject": "freelancer:last", "ref": "c:1", "value": 1}
    _tell(http, ended | {"id": "last-1", "data": {"earned": 100}})
    host = "/v1/standings/freelancer:last"
    for at in ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00", "253402300799.9"):
        for path, query in (*READS, (host, {})):
            answer = http.get(path, params=query | {"at": at})
            assert answer.status_code == 200, (path, at, answer.text)
        explained = http.get(f"{host}/explain", params={"at": at})
        assert explained.json()["tiers"].get("next_look") is None, at


def test_the_client_asks_for_the_past_alike(server: RunningServer, told: list[Told]) -> None:
    at, said = told[1]
    when = datetime.fromtimestamp(at, UTC)
    answers = {READS[i][0] + str(READS[i][1]): body for i, (_, body) in enumerate(said)}
    with Renown(server.url) as renown:
        held = renown.held(at=when)
        assert [each["seq"] for each in held["held"]] == [e["seq"] for e in answers["/v1/held{}"]["held"]]
        assert renown.incidents(at=when)["incidents"] == answers["/v1/incidents{}"]["incidents"]
        found = renown.search("la", at=when)
        assert [each.subject for each in found] == [LAMP]
        assert [each.score for each in renown.standings([LAMP, "seller:never"], at=when)] == [found[0].score]
        events = renown.events_of(LAMP, at=when, limit=3)
        assert events["events"][0]["version"] == 80


async def test_connected_clients_ask_for_the_past_alike(server: RunningServer, told: list[Told]) -> None:
    at, said = told[2]
    async with Raw.open(server.websocket) as raw:
        await raw.hello()

        async def call(method: str, **data: Any) -> dict[str, Any]:
            return await raw.ask({"id": 2, "rpc": {"method": method, "data": {"subject": SHOP} | data}})

        standing = (await call("standing.get", at=at))["rpc"]["data"]
        _alike(said[READS.index((f"/v1/standings/{SHOP}", {}))][1], standing, "standing.get")
        page = (await call("standing.explain", at=repr(at)))["rpc"]["data"]
        assert [line["why"] for line in page["held"]] == ["dispute"]
        assert page["score"] == pytest.approx(standing["score"])
        assert (await call("standing.get", at="1990-01-01T00:00:00Z"))["error"]["code"] == 404
        assert (await call("standing.get", at="soon"))["error"]["code"] == 400


def test_an_explanation_says_what_is_missing_to_each_tier(http: Backend, told: list[Told]) -> None:
    page = http.get(f"/v1/standings/{SHOP}/explain").json()
    assert page["tiers"]["tier"] == http.get(f"/v1/standings/{SHOP}").json()["tier"]
    top = page["tiers"]["steps"][-1]
    assert (top["name"], top["reached"]) == ("top-rated", False)
    missing = {need["what"]: need for need in top["needs"] if "part" not in need}
    assert missing["score"] == {"what": "score", "have": page["score"], "need": 4.5, "met": False}
    assert missing["count"]["need"] - missing["count"]["have"] > 15
    assert missing["lasting"] == {"what": "lasting", "have": 0.0, "need": 14.0, "met": False}
    assert {"tiers": None}.items() <= http.get(
        f"/v1/standings/{SHOP}/explain?category=delivery"
    ).json().items()
    again = http.get(f"/v1/standings/{SHOP}/explain", params={"limit": 2}).json()
    older = http.get(f"/v1/standings/{SHOP}/explain", params={"limit": 2, "cursor": again["cursor"]}).json()
    assert (again["tiers"], older["tiers"]) == (page["tiers"], None)
