"""Known systems as policies: the engine gives the numbers that the pages work out by hand."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown import scoring
from renown.model import Basis, Contribution, Entry, Event, instant
from renown.policy import Policy, load, preset
from renown.scoring import Moment, Reading, State, Turned
from renown.scoring.effect import TIME

FOLDER = Path(__file__).parents[2] / "docs" / "policies"
PAGES = sorted(page.stem for page in FOLDER.glob("*.md") if page.stem != "README")
JUDGED = ("product", "stack-overflow", "trader")
"""Pages whose numbers depend on others' events: on who rates, on all of the kind, on guards. A ledger plays
them, in `tests/engine/test_ledger_lived_pages.py`; what is alone with one subject is played here."""
DAY = 86_400.0
LIVING = ("tier", "badges", "status", "status_until", "alerts")
"""What of a page's table is part of the life."""


class Live:
    """The live events of one subject, kept as a ledger keeps them: one per key, the newest."""

    def __init__(self) -> None:
        self._by_key: dict[str, tuple[Event, tuple[Contribution, ...], float]] = {}

    def add(self, policy: Policy, event: Event, at: float, number: int) -> None:
        effect = scoring.interpret(policy, event)
        key = effect.one_per or f"#{number}"
        self._by_key.pop(key, None)
        self._by_key[key] = (event, effect.contributions, at)

    def alone(self, policy: Policy, event: Event) -> bool:
        """Tell whether nothing makes room for the event."""
        return scoring.interpret(policy, event).one_per not in self._by_key

    def state(self, policy: Policy) -> State:
        return scoring.refold(policy, [(said, at) for _, said, at in self._by_key.values()])

    def entries(self) -> list[Entry]:
        live = enumerate(self._by_key.values(), 1)
        return [Entry(i, i, event, at, at, Basis(), said, 0.0) for i, (event, said, at) in live][::-1]


class Lived:
    """The life of one subject, turned by events and by time as a ledger turns it."""

    def __init__(self, policy: Policy, *, timers: bool = True) -> None:
        self.policy, self.timers = policy, timers
        self.live, self.state = Live(), scoring.empty(policy)
        self.life, self.turned, self.at = scoring.begin_life(policy), None, 0.0
        self.open: list[str] = []
        self.lasting = {alert.name: alert.lasts for alert in policy.alerts}
        self.told: list[tuple[float, str, str | None, str | None]] = []

    turned: Turned | None

    def add(self, event: Event, at: float, number: int) -> None:
        if self.timers:
            self.wait(at)
        policy, before = self.policy, self.state
        alone = self.live.alone(policy, event)
        self.live.add(policy, event, at, number)
        said = scoring.interpret(policy, event).contributions
        late = scoring.needs_refold(policy, before, at)
        fresh = alone and not late
        self.state = scoring.fold(policy, before, said, at) if fresh else self.live.state(policy)
        delta = self.reading(at).score - scoring.read(policy, before, at).score
        self._turn(
            Moment(
                at,
                self.reading(at),
                event.type,
                delta=delta,
                value=event.value,
                data=event.data,
                actor=event.actor,
                ref=event.ref,
                earlier=lambda time: scoring.read(policy, before, time),
            )
        )

    def wait(self, until: float) -> None:
        while (due := self.due()) is not None and due <= until:
            self._turn(Moment(due, self.reading(due), TIME, earlier=self.reading))

    def due(self) -> float | None:
        if self.turned is None:
            return None
        times = (self.turned.due, scoring.next_change(self.policy, self.state, self.at))
        return min((time for time in times if time is not None), default=None)

    def reading(self, at: float) -> Reading:
        return scoring.read(self.policy, self.state, at)

    def _turn(self, moment: Moment) -> None:
        self.turned, self.at = scoring.turn(self.policy, self.life, moment), moment.at
        self.life = self.turned.life
        for change in self.turned.changes:
            self.told.append((moment.at, change.kind, change.name, change.after))
            if change.kind == "alert" and change.name is not None:
                self.open = [name for name in self.open if name != change.name]
                if change.after == "fired" and self.lasting[change.name]:
                    self.open.append(change.name)

    def shown(self, what: str) -> str:
        assert self.turned is not None
        if what.startswith("fired "):
            name = what.removeprefix("fired ")
            return str(sum(told[2:] == (name, "fired") for told in self.told))
        until = self.turned.status_until
        return {
            "tier": str(self.turned.tier).lower(),
            "badges": ", ".join(self.turned.badges) or "none",
            "status": self.turned.status,
            "status_until": "none"
            if until is None
            else f"{datetime.fromtimestamp(until, UTC):%Y-%m-%dT%H:%M:%S}",
            "alerts": ", ".join(sorted(self.open)) or "none",
        }[what]


@cache
def text_of(page: str) -> str:
    return (FOLDER / f"{page}.md").read_text()


@cache
def policy_of(page: str) -> Policy:
    found = re.search(r"```toml\n(.*?)```", text_of(page), re.DOTALL)
    return preset(page) if found is None else load(found.group(1), page)


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
        at = start + (i - 1) * apart
        yield at, Event(subject=subject, occurred_at=instant(at), **{**line, **given})


def moment(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00" if "T" in text else f"{text}T00:00:00+00:00").timestamp()


def rows() -> Iterator[tuple[str, str, str, str]]:
    for page in PAGES:
        for row in re.findall(r"^\| (\d{4}-\S+) \| (.+?) \| (.+?) \|$", text_of(page), re.MULTILINE):
            yield page, *row


def live_at(page: str, subject: str, at: float) -> Live:
    live, policy = Live(), policy_of(page)
    for i, (when, event) in enumerate(history_of(page)):
        if when > at:
            continue
        if event.subject == subject:
            live.add(policy, event, when, i)
        elif scoring.derives(policy):
            for made in scoring.interpret(policy, event).also:
                if made.event.subject == subject:
                    live.add(policy, made.event, when, i)
    return live


def lived_at(page: str, subject: str, at: float, *, timers: bool = True) -> Lived:
    lived = Lived(policy_of(page), timers=timers)
    for i, (when, event) in enumerate(history_of(page)):
        if when <= at and event.subject == subject:
            lived.add(event, when, i)
    if timers:
        lived.wait(at)
    return lived


@pytest.mark.parametrize("page, when, what, by_hand", [row for row in rows() if row[0] not in JUDGED])
def test_the_engine_gives_what_the_page_works_out(page: str, when: str, what: str, by_hand: str) -> None:
    policy, at = policy_of(page), moment(when)
    subject, _, name = what.rpartition(" ")
    if what.startswith("fired ") or (name in LIVING and scoring.has_life(policy)):
        named = not what.startswith("fired ") and subject
        assert lived_at(page, named or f"{policy.kind}:1", at).shown(what if not named else name) == by_hand
        return
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


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ("imdb", *JUDGED)])
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
