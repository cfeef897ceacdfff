"""Reading over HTTP from a real server: standings, history, explanations, boards, badges, files."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.running import RunningServer

ODD = "seller:a/b?c#d%25"
"""A key with everything that means something in an address."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("reading")) as running:
        events = [_event("seller:42", n, 3 + n % 3) for n in range(30)]
        events += [_event("seller:7", n, 5) for n in range(12)] + [_event("seller:new", 1, 5)]
        events += [_event(ODD, n, 2) for n in range(4)]
        answers = httpx.post(f"{running.url}/v1/events", json=events).json()
        assert {answer["status"] for answer in answers} == {"applied"}
        yield running


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def _event(subject: str, n: int, value: int) -> dict[str, Any]:
    return {
        "id": f"{subject}-{n}", "type": "review", "subject": subject, "actor": f"buyer:{n}", "value": value,
        "categories": {"quality": value}, "occurred_at": f"2026-0{1 + n % 6}-{1 + n % 28:02d}T10:00:00Z",
        "data": {"text": f"number {n}"},
    }  # fmt: skip


def test_the_etag_of_a_standing_is_its_version(http: httpx.Client) -> None:
    response = http.get("/v1/standings/seller:42")
    assert response.headers["etag"] == '"30"'
    assert response.json()["version"] == 30
    for tag in ('"30"', 'W/"30"', '"1", "30"', "*"):
        same = http.get("/v1/standings/seller:42", headers={"if-none-match": tag})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", '"30"')
    assert http.get("/v1/standings/seller:42", headers={"if-none-match": '"29"'}).status_code == 200


def test_head_answers_like_get_without_a_body(http: httpx.Client) -> None:
    response = http.head("/v1/standings/seller:42")
    assert (response.status_code, response.headers["etag"], response.content) == (200, '"30"', b"")


def test_keys_may_hold_what_addresses_reserve(http: httpx.Client) -> None:
    from urllib.parse import quote

    path = f"/v1/standings/{quote(ODD, safe='')}"
    assert http.get(path).json()["subject"] == ODD
    assert len(http.get(f"{path}/events").json()["events"]) == 4


def test_the_past_can_be_asked_for(http: httpx.Client) -> None:
    past = http.get("/v1/standings/seller:42", params={"at": "2026-02-01T00:00:00+00:00"}).json()
    seconds = http.get("/v1/standings/seller:42", params={"at": "1769904000"}).json()
    assert past == seconds
    assert 0 < past["count"] < 30


def test_several_standings_come_in_the_order_asked_for(http: httpx.Client) -> None:
    subjects = ["seller:7", "seller:none", "seller:42", "seller:7"]
    answer = http.get("/v1/standings", params={"subject": subjects}).json()
    assert [standing["subject"] for standing in answer["standings"]] == ["seller:7", "seller:42"]
    assert answer["missing"] == ["seller:none"]


def test_history_keeps_the_first_and_the_last_point(http: httpx.Client) -> None:
    points = http.get("/v1/standings/seller:42/history", params={"points": 5}).json()["points"]
    assert len(points) == 5
    assert (points[0]["version"], points[-1]["version"]) == (1, 30)
    assert points[-1]["score"] == http.get("/v1/standings/seller:42").json()["score"]


@pytest.mark.parametrize("category", ["", "quality"])
def test_the_points_of_all_pages_of_an_explanation_are_the_score(http: httpx.Client, category: str) -> None:
    query: dict[str, Any] = {"limit": 7} | ({"category": category} if category else {})
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["cursor"]:
        cursor = {"cursor": pages[-1]["cursor"]} if pages else {}
        pages.append(http.get("/v1/standings/seller:42/explain", params=query | cursor).json())
    lines = [line for page in pages for line in page["lines"]]
    assert len(lines) == 30
    assert len({line["id"] for line in lines}) == 30
    total = pages[0]["prior"]["points"] + sum(line["points"] for line in lines)
    assert total == pytest.approx(pages[0]["score"], abs=1e-9)
    first = sum(line["points"] for line in pages[0]["lines"]) + pages[0]["prior"]["points"]
    assert first + pages[0]["points_of_older"] == pytest.approx(pages[0]["score"], abs=1e-9)
    standing = http.get("/v1/standings/seller:42").json()
    expected = standing["categories"][category]["score"] if category else standing["score"]
    assert pages[0]["score"] == expected


def test_events_are_paged_newest_first(http: httpx.Client) -> None:
    seen: list[int] = []
    before: int | None = None
    while True:
        page = http.get(
            "/v1/standings/seller:42/events", params={"limit": 10, **({"before": before} if before else {})}
        ).json()
        seen += [record["version"] for record in page["events"]]
        before = page["before"]
        if before is None:
            break
    assert seen == list(range(30, 0, -1))


def test_a_board_has_the_best_and_nobody_provisional(http: httpx.Client) -> None:
    board = http.get("/v1/boards/seller", params={"limit": 2}).json()
    assert board["board"] == "seller"
    assert [(row["rank"], row["subject"]) for row in board["rows"]] == [(1, "seller:7"), (2, "seller:42")]
    everyone = http.get("/v1/boards/seller").json()["rows"]
    assert "seller:new" not in {row["subject"] for row in everyone}
    assert set(everyone[0]) == {
        "rank", "subject", "score", "low", "high", "count", "tier", "version", "provisional",
    }  # fmt: skip


def test_subjects_are_found_by_a_part_of_their_id(http: httpx.Client) -> None:
    found = http.get("/v1/subjects", params={"q": "4", "kind": "seller"}).json()["standings"]
    assert [standing["subject"] for standing in found] == ["seller:42"]
    assert http.get("/v1/subjects", params={"q": "42", "kind": "trader"}).json() == {"standings": []}


def test_info_describes_the_server_and_its_kinds(http: httpx.Client) -> None:
    info = http.get("/v1/info").json()
    assert info["dev"] is True
    # Over HTTP everything may be seen in dev mode; a connection stays somebody's or anybody's.
    assert info["may"] == {"send": True, "decide": True, "policies": True, "listen": []}
    kinds = {kind["kind"]: kind for kind in info["kinds"]}
    assert set(kinds) == {"account", "freelancer", "member", "product", "seller", "system", "trader"}
    assert kinds["seller"]["subjects"] == 4
    assert {"type": "review", "title": "Review", "value": "optional", "min": 1.0, "max": 5.0,
            "categories": "optional"} in kinds["seller"]["types"]  # fmt: skip
    policies = http.get("/v1/policies").json()["policies"]
    assert {policy["name"] for policy in policies} == set(kinds)


def test_a_badge_is_a_titled_image_that_caches_may_keep_shortly(http: httpx.Client) -> None:
    response = http.get("/badge/seller:42.svg")
    assert response.headers["content-type"].startswith("image/svg+xml")
    assert response.headers["cache-control"] == "public, max-age=30, stale-while-revalidate=300"
    assert response.headers["access-control-allow-origin"] == "*"
    image = ET.fromstring(response.text)
    title = image.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text is not None
    assert title.text.startswith("seller:42: ")
    score = http.get("/v1/standings/seller:42").json()["score"]
    assert f"{score:.2f}" in title.text
    tag = response.headers["etag"]
    assert http.get("/badge/seller:42.svg", headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize(
    "subject,message", [("seller:new", "new"), ("seller:nobody", "–"), ("sellr:1", "–"), ("x:<&>", "–")]
)
def test_a_badge_is_never_an_error_for_a_well_formed_subject(
    http: httpx.Client, subject: str, message: str
) -> None:
    from urllib.parse import quote

    image = http.get(f"/badge/{quote(subject)}.svg")
    assert image.status_code == 200
    assert [e.text for e in ET.fromstring(image.text).iter("{http://www.w3.org/2000/svg}text")][1] == message
    shield = http.get(f"/badge/{quote(subject)}.json").json()
    assert (shield["schemaVersion"], shield["message"]) == (1, message)


def test_a_badge_has_the_colour_of_its_place_on_a_scale_that_has_ends(http: httpx.Client) -> None:
    events = [
        *({"type": "rating", "subject": "trader:low", "actor": f"trader:{n}", "value": -4} for n in range(9)),
        *({"type": "upvote", "subject": "member:low", "actor": f"member:{n}"} for n in range(9)),
    ]
    answers = http.post("/v1/events", json=events).json()
    assert {each["status"] for each in answers} == {"applied"}
    trader = http.get("/badge/trader:low.json").json()
    assert trader["message"].startswith("\N{MINUS SIGN}")
    assert trader["color"] in ("c2410c", "b91c1c")
    # Ninety points of a million are no bad sign.
    member = http.get("/badge/member:low.json").json()
    assert member["message"].startswith("91")
    assert member["color"] == "2563eb"


def test_health_says_ready(http: httpx.Client) -> None:
    assert http.get("/health/live").json() == {"status": "ok"}
    assert http.get("/health/ready").json() == {"status": "ok"}


def test_the_widget_is_for_every_origin_and_the_dashboard_in_no_frame(http: httpx.Client) -> None:
    widget = http.get("/widget.js", headers={"origin": "https://shop.example"})
    assert widget.headers["access-control-allow-origin"] == "*"
    assert widget.headers["content-type"].startswith("text/javascript")
    page = http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["x-content-type-options"] == "nosniff"
    if page.status_code == 200:
        assert page.headers["x-frame-options"] == "DENY"
        assert "etag" in page.headers
    else:
        assert (page.status_code, widget.status_code) == (503, 503)
        assert "make setup" in page.text


def test_everything_that_is_json_parses_as_json(http: httpx.Client) -> None:
    for path in ("/v1/info", "/v1/policies", "/schema", "/v1/boards/member", "/v1/standings/seller:42"):
        json.loads(http.get(path).text)
