"""Events that events make for others: in the same transaction, and gone with what made them."""

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown.ledger import Ledger
from renown.model import Answer, Event, Status
from renown.policy import Policies, load, text_of
from tests.engine.ledger_kit import News, StoreFactory, applied, moment, opened, raw, view

CODER = load("""
name = "coder"
kind = "coder"
version = 1
title = "Member"

[scale]
min = 0
max = 10000

[score]
method = "points"
start = 100

[disputes]

[rules.upvote]
value = 10
one_per = "actor_and_ref"
slot = "vote"

[rules.downvote]
value = -2
one_per = "actor_and_ref"
slot = "vote"
also = [{ to = "actor", type = "downvote_cast", when = { post = "answer" } }]

[rules.downvote_cast]
value = -1
allow_self = true

[rules.accepted]
value = 15
one_per = "ref"
also = [{ to = "data.asker", type = "accepts" }, { to = "owner", type = "answered" }]

[rules.accepts]
value = 2
one_per = "ref"
allow_self = true

[rules.bounty]
min = 0
max = 500
also = [{ to = "data.from", type = "bounty_paid", with_value = true }]

[rules.bounty_paid]
min = 0
max = 100
into = { overall = { factor = -1 } }
""")
SITE = load("""
name = "site"
kind = "site"
version = 1
title = "Site"
[scale]
min = 0
max = 10000
[score]
method = "count"
[rules.answered]
value = 1
""")


def policies() -> Policies:
    return Policies([CODER, SITE])


def down(n: int, *, by: str = "v", on: str = "a", minutes: float = 0, **data: Any) -> Event:
    told = {"post": "answer", **data}
    return Event(
        "downvote",
        f"coder:{on}",
        id=f"d{n}",
        actor=f"coder:{by}",
        ref=f"post:{n}",
        occurred_at=moment(minutes),
        data=told,
    )


async def scores(ledger: Ledger, *subjects: str) -> list[float]:
    return [view(await ledger.snapshot(subject))["score"] for subject in subjects]


async def clean(ledger: Ledger) -> None:
    report = await ledger.rebuild(check=True)
    assert report.clean, report.differences[:5]


async def test_a_vote_costs_the_voter_until_it_is_taken_back(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        news = News(ledger)
        assert applied(await ledger.append([down(1)])) == [1]
        assert await scores(ledger, "coder:a", "coder:v") == [98, 99]
        made = await ledger.event("renown.made/actor/d1")
        assert made is not None
        assert (made.event.type, made.event.subject, made.event.ref) == ("downvote_cast", "coder:v", "d1")
        assert made.at == moment(0).timestamp()
        assert news.seqs == [1, 2], "both were told, of one commit"
        applied(await ledger.append([Event("retract", "coder:a", id="r1", ref="d1")]))
        assert await scores(ledger, "coder:a", "coder:v") == [100, 100]
        undone = await ledger.event("renown.undone/renown.made/actor/d1")
        assert undone is not None
        assert not news.problems
        await clean(ledger)


async def test_within_one_batch_and_across_restarts(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        answers = await ledger.append(
            [down(1), down(2, by="w"), Event("retract", "coder:a", ref="d2"), down(3, on="v", by="a")]
        )
        assert applied(answers) == [1, 2, 3, 2]
        assert await scores(ledger, "coder:a", "coder:v", "coder:w") == [97, 97, 100]
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append([Event("retract", "coder:a", ref="d1")]))
        assert await scores(ledger, "coder:a", "coder:v") == [99, 98]
        assert [a.status for a in await ledger.append([down(1)])] == [Status.DUPLICATE]
        assert await scores(ledger, "coder:a", "coder:v") == [99, 98]
        await clean(ledger)


async def test_a_vote_that_is_changed_gives_the_point_back(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        up = Event("upvote", "coder:a", id="u1", actor="coder:v", ref="post:1", occurred_at=moment(9))
        applied(await ledger.append([down(1), up]))
        assert await scores(ledger, "coder:a", "coder:v") == [110, 100]
        # One that comes late has been changed before it came: nobody is charged.
        late = Event(
            "downvote",
            "coder:a",
            id="late",
            actor="coder:v",
            ref="post:1",
            occurred_at=moment(5),
            data={"post": "answer"},
        )
        applied(await ledger.append([late]))
        assert await scores(ledger, "coder:a", "coder:v") == [110, 100]
        assert await ledger.event("renown.made/actor/late") is None
        await clean(ledger)


async def test_an_amendment_makes_anew_what_it_says_now(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        bounty = Event("bounty", "coder:a", id="b", value=50, data={"from": "coder:rich"})
        applied(await ledger.append([bounty, down(1)]))
        assert await scores(ledger, "coder:a", "coder:rich", "coder:v") == [148, 50, 99]
        applied(await ledger.append([Event("amend", "coder:a", id="b2", ref="b", value=80)]))
        assert await scores(ledger, "coder:a", "coder:rich") == [178, 20]
        applied(await ledger.append([Event("amend", "coder:a", ref="d1", data={"post": "question"})]))
        assert await scores(ledger, "coder:a", "coder:v") == [178, 100], "questions cost nothing"
        applied(await ledger.append([Event("retract", "coder:a", ref="b2")]))
        assert await scores(ledger, "coder:a", "coder:rich") == [98, 100]
        await clean(ledger)


async def test_several_others_of_several_kinds(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        accept = Event(
            "accepted",
            "coder:a",
            id="acc",
            actor="coder:q",
            ref="post:1",
            data={"asker": "coder:q", "owner": "site:main"},
        )
        applied(await ledger.append([accept]))
        assert await scores(ledger, "coder:a", "coder:q", "site:main") == [115, 102, 1]
        # Where nobody keeps count there is nothing to make.
        stranger = Event(
            "accepted", "coder:b", id="acc2", ref="post:2", data={"asker": "ghost:1", "owner": "coder:b"}
        )
        applied(await ledger.append([stranger]))
        assert await ledger.event("renown.made/data.asker/acc2") is None
        applied(await ledger.append([Event("retract", "coder:a", ref="acc")]))
        assert await scores(ledger, "coder:a", "coder:q", "site:main") == [100, 100, 0]
        await clean(ledger)


async def test_what_cannot_be_made_refuses_what_would_make_it(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        rich = Event("bounty", "coder:a", id="b", value=101, data={"from": "coder:poor"})
        (answer,) = await ledger.append([rich])
        assert code(answer) == "value_out_of_range"
        assert "bounty_paid" in (answer.problem.detail if answer.problem else "")
        assert await ledger.snapshot("coder:a") is None


async def test_no_id_that_somebody_may_send_is_in_the_way_of_what_is_made(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        for name in ("d7/actor", "d7/actor/undone"):
            applied(await ledger.append([Event("upvote", "coder:x", id=name, actor="coder:y", ref=name)]))
        applied(await ledger.append([down(7)]))
        assert await scores(ledger, "coder:a", "coder:v", "coder:x") == [98, 99, 120]
        applied(await ledger.append([Event("retract", "coder:a", ref="d7")]))
        assert await scores(ledger, "coder:a", "coder:v", "coder:x") == [100, 100, 120]
        for name in ("renown.made/actor/d8", "renown.undone/renown.made/actor/d7"):
            (answer,) = await ledger.append([Event("upvote", "coder:x", id=name, actor="coder:z")])
            assert code(answer) == "reserved_id"
        await clean(ledger)


async def test_what_was_made_under_ids_of_before_is_found_again(make: StoreFactory, tmp_path: Path) -> None:
    """Once it was `d1/actor`: taken back with its maker, and not made a second time."""
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append([down(1), down(2, by="w")]))
    with raw(tmp_path) as beside:
        for n in (1, 2):
            old, new = f"d{n}/actor", f"renown.made/actor/d{n}"
            found = "UPDATE events SET id = ?, body = CAST(replace(body, ?, ?) AS BLOB) WHERE id = ?"
            assert beside.execute(found, (old, new, old, new)).rowcount == 1
    async with opened(make, tmp_path, policies()) as ledger:
        assert await ledger.event("d1/actor") is not None
        applied(await ledger.append([Event("hold", "coder:a", ref="d2")]))
        applied(await ledger.append([Event("release", "coder:a", ref="d2")]))
        assert await scores(ledger, "coder:a", "coder:v", "coder:w") == [96, 99, 99]
        applied(await ledger.append([Event("retract", "coder:a", ref="d1")]))
        assert await scores(ledger, "coder:a", "coder:v", "coder:w") == [98, 100, 99]
        await clean(ledger)


async def test_what_is_held_makes_nothing_until_it_counts(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        # Of now: time itself decides disputes that nobody does.
        vote = msgspec.structs.replace(down(1), occurred_at=None)
        applied(await ledger.append([vote]))
        dispute = Event("dispute", "coder:a", ref="d1")
        applied(await ledger.append([dispute]))
        assert await scores(ledger, "coder:a", "coder:v") == [100, 99], "what it cost stays while it is open"
        decided = Event("resolve", "coder:a", ref="d1", data={"decision": "for"})
        applied(await ledger.append([decided]))
        assert await scores(ledger, "coder:a", "coder:v") == [100, 100]
        await clean(ledger)


async def test_what_is_blind_is_made_when_it_opens(make: StoreFactory, tmp_path: Path) -> None:
    text = text_of(CODER) or ""
    blind = load(text.replace("[rules.bounty]", "[rules.bounty]\nblind = { days = 14 }"))
    async with opened(make, tmp_path, Policies([blind, SITE])) as ledger:
        bounty = Event(
            "bounty",
            "coder:a",
            id="b",
            actor="coder:x",
            ref="post:1",
            value=50,
            data={"from": "coder:rich"},
        )
        (answer,) = await ledger.append([bounty])
        assert answer.status is Status.HELD
        assert await scores(ledger, "coder:a") == [100]
        assert await ledger.snapshot("coder:rich") is None
        applied(await ledger.append([Event("release", "coder:a", ref="b")]))
        assert await scores(ledger, "coder:a", "coder:rich") == [150, 50]
        await clean(ledger)


async def test_taken_back_by_hand_first_harms_nothing(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, policies()) as ledger:
        applied(await ledger.append([down(1)]))
        applied(await ledger.append([Event("retract", "coder:v", ref="renown.made/actor/d1")]))
        assert await scores(ledger, "coder:a", "coder:v") == [98, 100]
        applied(await ledger.append([Event("retract", "coder:a", ref="d1")]))
        assert await scores(ledger, "coder:a", "coder:v") == [100, 100]
        await clean(ledger)


def code(answer: Answer) -> str | None:
    return None if answer.problem is None else answer.problem.code


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_the_points_are_those_of_what_is_live(
    make: StoreFactory, tmp_path: Path, seed: int
) -> None:
    """Votes that come, change, come late and go, against a count by hand."""
    dice = random.Random(seed)
    live: dict[tuple[str, str, str], tuple[float, str, str]] = {}
    gone: set[tuple[str, str, str]] = set()
    events: list[Event] = []
    for i in range(250):
        giver, taker = dice.sample("abcde", 2)
        ref, at = f"post:{dice.randrange(3)}", float(dice.randrange(500))
        slot = (giver, taker, ref)
        if slot in live and dice.random() < 0.2:
            events.append(Event("retract", f"coder:{taker}", id=f"r{i}", ref=live.pop(slot)[2]))
            gone.add(slot)
            continue
        if slot in gone:
            continue  # What comes late behind a value taken back is another story.
        kind = dice.choice(("upvote", "downvote"))
        vote = down(i, by=giver, on=taker, minutes=at)
        events.append(msgspec.structs.replace(vote, type=kind, ref=ref))
        if slot not in live or live[slot][0] <= at:
            live[slot] = (at, kind, f"d{i}")
    points = dict.fromkeys("abcde", 100.0)
    for (giver, taker, _), (_, kind, _) in live.items():
        points[taker] += 10 if kind == "upvote" else -2
        points[giver] -= kind == "downvote"
    async with opened(make, tmp_path, policies()) as one, opened(make, tmp_path, policies()) as two:
        while events:
            size = dice.randrange(1, 30)
            applied(await dice.choice((one, two)).append(events[:size]))
            events = events[size:]
        assert await scores(one, *(f"coder:{name}" for name in "abcde")) == list(points.values())
        await clean(one)
