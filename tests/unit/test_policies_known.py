"""Known systems as policies: the engine gives the numbers that the pages work out by hand."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown import scoring
from renown.model import Basis, Contribution, Entry, Event
from renown.policy import Policy, load
from renown.scoring import State

FOLDER = Path(__file__).parents[2] / "docs" / "policies"
PAGES = sorted(page.stem for page in FOLDER.glob("*.md") if page.stem != "README")
DAY = 86_400.0


class Live:
    """The live events of one subject, kept as a ledger keeps them: one per key, the newest."""

    def __init__(self) -> None:
        self._by_key: dict[str, tuple[Event, tuple[Contribution, ...], float]] = {}

    def add(self, policy: Policy, event: Event, at: float, number: int) -> None:
        effect = scoring.interpret(policy, event)
        key = effect.one_per or f"#{number}"
        self._by_key.pop(key, None)
        self._by_key[key] = (event, effect.contributions, at)

    def state(self, policy: Policy) -> State:
        return scoring.refold(policy, [(said, at) for _, said, at in self._by_key.values()])

    def entries(self) -> list[Entry]:
        live = enumerate(self._by_key.values(), 1)
        return [Entry(i, i, event, at, at, Basis(), said, 0.0) for i, (event, said, at) in live][::-1]


@cache
def text_of(page: str) -> str:
    return (FOLDER / f"{page}.md").read_text()


@cache
def policy_of(page: str) -> Policy:
    found = re.search(r"```toml\n(.*?)```", text_of(page), re.DOTALL)
    assert found
    return load(found.group(1), page)


@cache
def history_of(page: str) -> list[tuple[float, Event]]:
    """Return the events of a page by time."""
    found = re.search(r"```history\n(.*?)```", text_of(page), re.DOTALL)
    assert found
    lines = [msgspec.json.decode(line) for line in found.group(1).splitlines()]
    events = [event for line in lines for event in told(policy_of(page).kind, line)]
    return sorted(events, key=lambda each: each[0])


def told(kind: str, line: dict[str, Any]) -> Iterator[tuple[float, Event]]:
    start, apart = moment(line.pop("at")), line.pop("every_days", 0) * DAY
    subject = line.pop("subject", f"{kind}:1")
    for i in range(1, line.pop("times", 1) + 1):
        given = {key: said.replace("{i}", str(i)) for key, said in line.items() if isinstance(said, str)}
        yield start + (i - 1) * apart, Event(subject=subject, **{**line, **given})


def moment(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00" if "T" in text else f"{text}T00:00:00+00:00").timestamp()


def rows() -> Iterator[tuple[str, str, str, str]]:
    for page in PAGES:
        for row in re.findall(r"^\| (\d{4}-\S+) \| (.+?) \| (.+?) \|$", text_of(page), re.MULTILINE):
            yield page, *row


def live_at(page: str, subject: str, at: float) -> Live:
    live = Live()
    for i, (when, event) in enumerate(history_of(page)):
        if when <= at and event.subject == subject:
            live.add(policy_of(page), event, when, i)
    return live


@pytest.mark.parametrize("page, when, what, by_hand", list(rows()))
def test_the_engine_gives_what_the_page_works_out(page: str, when: str, what: str, by_hand: str) -> None:
    policy, at = policy_of(page), moment(when)
    subject, _, name = what.rpartition(" ")
    state = live_at(page, subject or f"{policy.kind}:1", at).state(policy)
    reading = scoring.read(policy, scoring.decode_state(policy, scoring.encode_state(state)), at)
    if name.startswith("categories."):
        found: object = reading.categories[name.partition(".")[2]].score
    else:
        found = getattr(reading, name)
    if isinstance(found, float):
        places = len(by_hand.partition(".")[2])
        assert f"{found:.{places}f}" == by_hand
    else:
        assert str(found).lower() == by_hand


@pytest.mark.parametrize("page", [page for page in PAGES if page != "imdb"])
def test_every_score_of_a_page_is_explained_to_the_last_point(page: str) -> None:
    policy = policy_of(page)
    at, last = history_of(page)[-1]
    live = live_at(page, last.subject, at)
    state = live.state(policy)
    for category in ("", *policy.categories):
        told = scoring.explain(policy, live.entries(), state, at, category=category)
        total = told.prior.points + sum(line.points for line in told.lines)
        assert total == pytest.approx(told.score, abs=1e-6), category


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_in_the_list_and_works_something_out(page: str) -> None:
    assert f"({page}.md)" in text_of("README")
    assert [row for row in rows() if row[0] == page]
