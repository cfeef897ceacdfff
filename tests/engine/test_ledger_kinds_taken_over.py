"""Kinds that a ledger has events of are known to whoever opens it, whatever their settings name."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from renown.errors import EventError
from renown.ledger import Ledger
from renown.model import Event, Status
from renown.policy import Policies, load, preset
from tests.conformance.raw import Raw
from tests.engine.ledger_kit import Hands, News, StoreFactory, applied, moment, opened, raw, view
from tests.engine.test_api_users import Backend
from tests.engine.test_ledger_switching import finished
from tests.running import RunningServer

MILL = """
name = "mill"
kind = "mill"
version = 1
title = "Mills"

[scale]
min = 1
max = 5

[score]
method = "mean"
window = { days = 10 }

[rules.review]

[[alerts]]
name = "low"
when = { score_below = 2 }
"""


def mills() -> Policies:
    return Policies([load(MILL), preset("seller")])


def others() -> Policies:
    return Policies([preset("trader")])


def reviews(count: int = 3, subject: str = "mill:1", value: float = 4.0) -> list[Event]:
    return [
        Event("review", subject, id=f"{subject}-{i}", value=value, occurred_at=moment(i))
        for i in range(count)
    ]


async def test_whoever_opens_a_ledger_knows_the_kinds_it_has_events_of(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path, mills()) as ledger:
        applied(await ledger.append(reviews()))
    policies = others()
    clock = Hands(60)
    async with opened(make, tmp_path, policies, clock=clock) as ledger:
        assert policies.kinds == ("trader", "mill"), "there is no event of `seller`"
        assert "mill" in policies
        assert ledger.policies.of("mill").text == MILL
        assert view(await ledger.snapshot("mill:1"))["score"] == 4
        assert applied(await ledger.append([Event("review", "mill:1", value=1.0)])) == [4]
        assert applied(await ledger.append(reviews(1, "mill:low", 1.5))) == [1]
        _, board = await ledger.board("mill", 5)
        assert [json.loads(row)["subject"] for row in board] == ["mill:1", "mill:low"]
        (refused,) = await ledger.append([Event("review", "seller:1", value=1.0)])
        assert refused.problem is not None
        assert refused.problem.code == "unknown_kind"
        assert (await ledger.rebuild(check=True)).clean
        clock.minutes = 60 * 24 * 30
        await ledger.pass_time()
        assert view(await ledger.snapshot("mill:1"))["count"] == 0, "the window is over"
        await ledger.policies.put(load(MILL.replace("version = 1", "version = 2")))
        await finished(ledger, "mill")
    async with opened(make, tmp_path, mills()) as ledger:
        assert ledger.policies.of("mill").policy.version == 2


async def test_a_kind_that_another_process_begins_is_known_from_its_first_event_on(
    make: StoreFactory, tmp_path: Path
) -> None:
    policies = others()
    async with opened(make, tmp_path, policies) as ledger:
        news, kinds = News(ledger), iter(policies)
        next(kinds)
        async with opened(make, tmp_path, mills()) as beside:
            await ledger.sweep()
            assert "mill" not in policies, "nobody has used it yet"
            (early,) = await ledger.append(reviews(1, "mill:2"))
            assert early.status is Status.REJECTED
            applied(await beside.append(reviews()))
            assert applied(await ledger.append(reviews(1, "mill:2"))) == [1]
            await news.until("mill:1", 3)
        assert [*kinds] == [], "whoever goes through them goes through those of then"
        assert policies.kinds == ("trader", "mill")
        assert not news.problems


@pytest.mark.parametrize("text", ["of = 'a later version'", MILL.replace("version = 1", "version = 3")])
async def test_a_kind_whose_rules_cannot_be_read_stays_unknown_and_that_is_said_once(
    make: StoreFactory, tmp_path: Path, text: str
) -> None:
    async with opened(make, tmp_path, mills()) as ledger:
        applied(await ledger.append(reviews()))
    beside = raw(tmp_path)
    beside.execute("INSERT INTO policies VALUES ('mill', 9, 'future', ?, 1e9, NULL)", (text,))
    beside.commit()
    beside.close()
    with capture_logs() as logs:
        async with opened(make, tmp_path, others()) as ledger, opened(make, tmp_path, others()) as other:
            for i in range(4):
                event = Event("rating", "trader:a", actor=f"trader:{i}", value=1.0)
                applied(await (other if i % 2 else ledger).append([event]))
            with pytest.raises(EventError) as caught:
                ledger.policies.of("mill")
            assert caught.value.problem_code == "unknown_kind"
            report = await ledger.rebuild(check=True)
            assert [(each.subject, each.what) for each in report.differences] == [("mill:1", "policy")]
    said = [each for each in logs if each["log_level"] == "error"]
    assert len(said) == 2, "once in each of the two"


async def test_settings_that_name_a_kind_have_the_higher_version_in_force(
    make: StoreFactory, tmp_path: Path
) -> None:
    for version, expected in ((2, 2), (1, 2), (3, 3)):
        policy = load(MILL.replace("version = 1", f"version = {version}"))
        with capture_logs() as logs:
            async with opened(make, tmp_path, Policies([policy])) as ledger:
                applied(await ledger.append([Event("review", "mill:1", value=2.0)]))
                assert ledger.policies.of("mill").policy.version == expected
        warned = [(each["settings"], each["ledger"]) for each in logs if each["log_level"] == "warning"]
        assert warned == ([] if version == expected else [(1, 2)])


def cli(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "renown.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def test_an_export_is_served_and_checked_where_nobody_has_its_policies(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "data", mills())
    await ledger.start()
    now = datetime.now(UTC)
    applied(await ledger.append([Event("review", "mill:1", value=4.0, occurred_at=now)]))
    await ledger.export(tmp_path / "mills.sqlite")
    await ledger.close()
    file = str(tmp_path / "mills.sqlite")
    checked = cli("rebuild", "--check", "--data", file)
    assert (checked.returncode, checked.stderr) == (0, "")
    (tmp_path / "new.toml").write_text(MILL.replace("version = 1", "version = 2"))
    tried = cli("policy", "try", str(tmp_path / "new.toml"), "--data", file, "--json")
    assert json.loads(tried.stdout)["subjects"] == 1
    running = RunningServer(tmp_path / "mills.sqlite")
    running.log = tmp_path / "server.log"
    running.start()
    try:
        with Backend(base_url=running.url, timeout=30) as http:
            assert http.get("/v1/standings/mill:1").json()["score"] == 4
            assert http.get("/v1/boards/mill").json()["rows"][0]["subject"] == "mill:1"
            assert http.get("/v1/policies/mill").json()["text"] == MILL
            assert "mill" in [each["kind"] for each in http.get("/v1/info").json()["kinds"]]
            assert "mill" in [each["kind"] for each in http.get("/v1/policies").json()["policies"]]
            assert cli("show", "mill:1", "--url", running.url).returncode == 0
            async with Raw.open(running.websocket) as client:
                await client.hello()
                await client.subscribe("standing:mill:1")
                await client.subscribe("board:mill")
                event = {"type": "review", "subject": "mill:1", "value": 2}
                assert http.post("/v1/events", json=[event]).json()[0]["status"] == "applied"
                assert (await client.publication())["data"]["version"] == 2
    finally:
        running.stop()


async def test_a_running_server_knows_a_kind_once_another_process_has_used_it(tmp_path: Path) -> None:
    running = RunningServer(tmp_path, "--config", str(tmp_path / "renown.toml"))
    (tmp_path / "renown.toml").write_text('policies = ["seller"]\n')
    running.start()
    try:
        with Backend(base_url=running.url, timeout=30) as http:
            assert http.get("/v1/policies/mill").status_code == 404
            async with Raw.open(running.websocket) as client:
                await client.hello()
                await client.subscribe("feed:seller")
                unknown = await client.ask({"id": 9, "subscribe": {"channel": "board:mill"}})
                assert unknown["error"]["code"] == 102
                ledger = Ledger.open(tmp_path, mills())
                await ledger.start()
                seller = Event("review", "seller:1", value=4.0, actor="buyer:1", ref="o")
                applied(await ledger.append([*reviews(), seller]))
                await client.publication()
                await client.subscribe("board:mill")
                await client.subscribe("standing:mill:1")
                applied(await ledger.append([Event("review", "mill:1", value=3.0)]))
                await ledger.close()
                assert (await client.reply())["push"]["channel"] in ("board:mill", "standing:mill:1")
            assert http.get("/v1/standings/mill:1").json()["version"] == 4
            assert "mill" in [each["kind"] for each in http.get("/v1/info").json()["kinds"]]
    finally:
        running.stop()
