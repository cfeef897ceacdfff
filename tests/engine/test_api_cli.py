"""The commands against a real server: what they print and how they exit."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from renown.client import Renown
from tests.running import RunningServer, free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("cli")) as running:
        yield running


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "renown.cli", *arguments], capture_output=True, text=True, check=False
    )


def test_an_event_can_be_told_shown_explained_and_taken_back(server: RunningServer) -> None:
    url = ("--url", server.url)
    told = _run("event", "seller:a", "review", "--value", "5", "--actor", "buyer:1", "--id", "a-1",
                "--category", "quality=4", "--data", '{"x":1}', "--json", *url)  # fmt: skip
    assert json.loads(told.stdout)["status"] == "applied"
    assert _run("event", "seller:a", "review", "--value", "3", "--id", "a-1", *url).returncode == 1
    shown = json.loads(_run("show", "seller:a", "--json", *url).stdout)
    assert (shown["subject"], shown["count"]) == ("seller:a", 1)
    explained = json.loads(_run("explain", "seller:a", "--json", *url).stdout)
    assert [line["id"] for line in explained["lines"]] == ["a-1"]
    assert "a-1" in _run("explain", "seller:a", *url).stdout
    past = _run("explain", "seller:a", "--at", "2020-01-01T00:00:00Z", *url)
    assert (past.returncode, "no standing then" in past.stderr) == (4, True), past.stderr
    assert json.loads(_run("explain", "seller:a", "--at", "2099-01-01T00:00:00Z", "--json", *url).stdout)[
        "lines"
    ]
    assert _run("event", "seller:a", "retract", "--ref", "a-1", *url).returncode == 0
    assert "version 2" in _run("show", "seller:a", *url).stdout


def test_an_explanation_fits_the_terminal_and_says_what_guards_said(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Renown(server.url) as renown:
        renown.event("trader:z", "rating", value=-7, actor="trader:y", id="bad")
        # The answer to a bad rating is flagged; beyond ten a day new members weigh less.
        renown.event("trader:y", "rating", value=-9, actor="trader:z", id="answer")
        for n in range(40):
            renown.event("trader:y", "rating", value=8, actor=f"trader:new{n}", id=f"praise-{n}")
        weighed = renown.explain("trader:y", limit=3)["lines"][0]
    assert [(each["kind"], each["name"]) for each in weighed["guards"]] == [("weigh", "newcomers")]
    command = ("explain", "trader:y", "--limit", "60", "--url", server.url)
    whole = _run(*command).stdout
    monkeypatch.setenv("COLUMNS", "80")
    shown = _run(*command).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.split() == whole.split(), "wrapped, and nothing left out"
    head = next(i for i, line in enumerate(shown.splitlines()) if line.endswith("praise-39 by trader:new39"))
    assert shown.splitlines()[head + 1].startswith("    weighed by newcomers: New accounts would count ")
    assert shown.splitlines()[head - 1].split()[3] == "0", "its weight"
    assert "    flagged by retaliation: It answers the -7 that the subject gave" in shown
    tiers = shown.partition("\ntiers\n")[2].splitlines()
    assert [line.split()[:2] for line in tiers] == [
        ["pillar", "held"], ["trusted", "reached"], ["neutral", "reached"], ["distrusted", "reached"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments,code,said",
    [
        (("show", "seller:nobody"), 4, "Nothing has happened"),
        (("event", "sellr:1", "review", "--value", "5"), 1, "expected: seller"),
        (("event", "seller:1", "review", "--category", "quality"), 2, "quality=5"),
        (("watch", "sellr:1"), 4, "expected: seller"),
        (("watch", "standing:sellr:1"), 4, "expected: seller"),
        (("shw",), 2, "show"),
        (("replay", "/nowhere.csv"), 2, "no file"),
    ],
)
def test_what_goes_wrong_is_told_with_its_exit_code(
    server: RunningServer, arguments: tuple[str, ...], code: int, said: str
) -> None:
    url = ("--url", server.url) if arguments[0] != "shw" else ()
    done = _run(*arguments, *url)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_server_the_exit_code_says_so() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert _run("show", "seller:1", "--url", url).returncode == 3
    assert _run("watch", "seller:1", "--url", url).returncode == 3


def test_watch_shows_the_newest_state_and_then_each_change(server: RunningServer) -> None:
    url = ("--url", server.url)
    _run("event", "seller:w", "review", "--value", "5", *url)
    with subprocess.Popen(
        [sys.executable, "-m", "renown.cli", "watch", "seller:w", "--json", "--count", "2", *url],
        stdout=subprocess.PIPE, text=True,
    ) as watching:  # fmt: skip
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        _run("event", "seller:w", "review", "--value", "4", *url)
        second = json.loads(watching.stdout.readline())
    assert [c["data"]["version"] for c in (first, second)] == [1, 2]
    assert watching.returncode == 0


def test_watch_follows_rooms_too_and_misses_nothing_while_the_server_is_away(tmp_path: Path) -> None:
    settings = tmp_path / "renown.toml"
    settings.write_text("[gateway.rooms.chat]\nhistory_size = 10\n")
    with RunningServer(tmp_path / "data", "--config", str(settings)) as server:
        url = ("--url", server.url)
        with subprocess.Popen(
            [sys.executable, "-m", "renown.cli", "watch", "chat:lobby", "seller:w", "--count", "4", *url],
            stdout=subprocess.PIPE, text=True,
        ) as watching:  # fmt: skip
            assert watching.stdout is not None
            _run("event", "seller:w", "review", "--value", "5", *url)
            assert "seller:w" in watching.stdout.readline()
            _say(server, "first")
            assert watching.stdout.readline() == 'chat:lobby  {"text": "first"}\n'
            server.kill()
            server.start()
            _say(server, "second")
            _say(server, "third")
            assert watching.stdout.readline() == 'chat:lobby  {"text": "second"}\n'
            assert watching.stdout.readline() == 'chat:lobby  {"text": "third"}\n'
        assert watching.returncode == 0


def _say(server: RunningServer, text: str) -> None:
    answer = httpx.post(f"{server.url}/api/publish", json={"channel": "chat:lobby", "data": {"text": text}})
    assert answer.json()["result"]["offset"] > 0


def test_a_second_replay_changes_nothing(server: RunningServer, tmp_path: Path) -> None:
    rows = "\n".join(f"{n % 9},{n % 7 + 10},{n % 10 + 1},{1_289_000_000 + n * 60}" for n in range(300))
    file = tmp_path / "r.csv"
    file.write_text(f"source,target,rating,time\n{rows}\n1,11,99,1289999999\n")
    command = ("replay", str(file), "--policy", "trader", "--json", "--url", server.url)
    first = json.loads(_run(*command).stdout)
    assert (first["applied"], first["duplicate"], first["rejected"]) == (300, 0, 1)
    assert first["reasons"][0].startswith("value_out_of_range")
    second = json.loads(_run(*command, "--speed", "1000000").stdout)
    assert (second["applied"], second["duplicate"], second["rejected"]) == (0, 300, 1)


def test_rebuild_check_and_doctor_find_nothing_wrong(server: RunningServer) -> None:
    data = ("--data", str(server.data))
    assert _run("rebuild", "--check", *data).returncode == 0
    examined = _run("doctor", "--url", server.url, "--json", *data)
    states = {finding["about"]: finding["state"] for finding in json.loads(examined.stdout)}
    assert states == {
        "data": "ok", "policies": "ok", "server": "ok", "clock": "ok", "websocket": "ok",
    }  # fmt: skip
    assert examined.returncode == 0


def test_rebuild_finds_and_repairs_what_was_tampered_with(tmp_path: Path) -> None:
    import sqlite3

    with RunningServer(tmp_path) as running:
        _run("event", "seller:t", "review", "--value", "5", "--url", running.url)
    with sqlite3.connect(tmp_path / "ledger.sqlite") as file:
        file.execute("update events set score = 1.0")
    data = ("--data", str(tmp_path))
    found = _run("rebuild", "--check", *data)
    assert (found.returncode, "score" in found.stderr) == (6, True)
    assert _run("rebuild", *data).returncode == 0
    assert _run("rebuild", "--check", *data).returncode == 0


def test_policies_can_be_listed_shown_and_checked(tmp_path: Path) -> None:
    names = [policy["name"] for policy in json.loads(_run("policy", "list", "--json").stdout)]
    assert names == ["account", "freelancer", "member", "product", "seller", "system", "trader"]
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(_run("policy", "show", "seller").stdout)
    bad.write_text(good.read_text().replace("[scale]", "[scal]"))
    assert _run("policy", "check", str(good)).returncode == 0
    checked = _run("policy", "check", str(good), str(bad))
    assert (checked.returncode, "scal" in checked.stderr) == (2, True)
    assert _run("policy", "show", "seler").returncode == 2


def test_settings_are_shown_with_their_source_and_without_secrets(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text(f'[tokens]\nsecret = "{"s" * 40}"\n')
    shown = _run("config", "show", "--config", str(file), "--json").stdout
    assert json.loads(shown)["tokens.secret"] == {"value": "(hidden)", "from": str(file)}
    assert "s" * 40 not in shown
    assert "RENOWN_PORT" in _run("config", "docs", "port").stdout
    assert "gateway.rooms.<name>.publish" in _run("config", "docs", "gateway.rooms.chat").stdout


def test_a_person_is_erased_when_it_is_meant(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    with RunningServer(tmp_path) as running:
        told = _run("event", "seller:a", "review", "--value", "5", "--actor", "buyer:1", "--url", running.url)
        assert told.returncode == 0, told.stderr
    asked = _run("erase", "buyer:1", *data)
    assert (asked.returncode, "Erase buyer:1" in asked.stderr) == (1, True)
    erased = json.loads(_run("erase", "buyer:1", "--yes", "--json", *data).stdout)
    assert (erased["events"], erased["subjects"]) == (1, 1)
    assert _run("rebuild", "--check", *data).returncode == 0


def test_what_is_disputed_is_told(server: RunningServer) -> None:
    url = ("--url", server.url)
    for n in range(3):
        _run("event", "seller:d", "review", "--value", "5", "--actor", f"buyer:{n}", *url)
    _run("event", "seller:d", "review", "--value", "1", "--actor", "buyer:9", "--id", "d-bad", *url)
    _run("event", "seller:d", "dispute", "--ref", "d-bad", *url)
    assert "1 under review" in _run("show", "seller:d", *url).stdout
    told = _run("explain", "seller:d", *url).stdout
    assert "under review" in told
    assert "d-bad  (dispute, until " in told
    assert "`d-bad` is disputed" in told
