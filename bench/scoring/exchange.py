"""Stack Exchange's reputation, replayed from the votes of a site's first half year."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from bench.report import Report
from bench.scoring.comparison import Allowed, Row, Sheet, report_of
from bench.scoring.data import rows
from bench.scoring.measures import pearson
from renown import scoring
from renown.model import Event
from renown.policy import Also, Period, Policy, Rule, preset

__all__ = ["NEEDS", "Happening", "exchange", "happenings", "points", "policy"]

POSTS, VOTES, USERS = "se-quantum-posts.csv.gz", "se-quantum-votes.csv.gz", "se-quantum-users.csv.gz"
NEEDS = (POSTS, VOTES, USERS)
ACCEPTED, UP, DOWN, OFFERED, AWARDED = "1", "2", "3", "8", "9"
ASSOCIATION = 100
"""What a newcomer known from another site begins with; the dump does not say who was."""


class Happening(NamedTuple):
    """An event and its time."""

    event: Event
    at: float


def policy(*, dated: bool = True) -> Policy:
    """Return the member preset with votes on questions, accepting and bounties; `dated`: as of their time.

    A vote on a question is worth 10 since 13 November 2019, and was worth 5 before; accepting an answer gives
    whoever asked 2, by an event that the acceptance makes.
    """
    member = preset("member")
    before = Period(until=datetime(2019, 11, 13, tzinfo=UTC), value=5.0)
    accepted = msgspec.structs.replace(member.rules["accepted"], also=(Also("data.asker", "accepts"),))
    return msgspec.structs.replace(
        member,
        rules={
            **member.rules,
            # What nobody awards goes half to the best answer, so from 25 on.
            "bounty": msgspec.structs.replace(member.rules["bounty"], min=25),
            "question_upvote": Rule(value=10.0, periods=(before,) if dated else ()),
            "accepted": accepted,
            "accepts": Rule(value=2.0, exempt=True),
            "bounty_offered": Rule(value="required", min=-500, max=-50, exempt=True),
            "known_elsewhere": Rule(value=float(ASSOCIATION), exempt=True),
        },
    )


def happenings(
    posts: Iterable[dict[str, str]], votes: Iterable[dict[str, str]]
) -> dict[str, list[Happening]]:
    """Return per member what its reputation is made of, in the order of the votes' ids."""
    by_id, rules = {post["Id"]: post for post in posts}, policy()
    found = dict[str, list[Happening]]()
    for vote in sorted(votes, key=lambda vote: int(vote["Id"])):
        at = datetime.fromisoformat(vote["CreationDate"] + "+00:00").timestamp()
        for event in _meant(vote, by_id):
            made = [each.event for each in scoring.interpret(rules, event, at).also]
            for each in (event, *made):
                found.setdefault(each.subject.removeprefix("member:"), []).append(Happening(each, at))
    return found


def _meant(vote: dict[str, str], posts: dict[str, dict[str, str]]) -> Iterable[Event]:
    kind, amount, about = vote["VoteTypeId"], vote["BountyAmount"], vote["PostId"]
    if kind == OFFERED and vote["UserId"]:
        yield _event("bounty_offered", vote["UserId"], about, -float(amount))
    post = posts.get(vote["PostId"])
    if post is None or not post["OwnerUserId"]:
        return
    owner = post["OwnerUserId"]
    is_question = post["PostTypeId"] == "1"
    if kind in (UP, DOWN) and not post["CommunityOwnedDate"]:
        rises = "question_upvote" if is_question else "upvote"
        yield _event(rises if kind == UP else "downvote", owner, about)
    elif kind == AWARDED and amount:
        yield _event("bounty", owner, about, float(amount))
    elif kind == ACCEPTED:
        asker = posts.get(post["ParentId"], {}).get("OwnerUserId")
        if asker != owner:
            yield _event("accepted", owner, about, asker=asker)


def _event(kind: str, member: str, about: str, value: float | None = None, asker: str | None = None) -> Event:
    data = {"asker": f"member:{asker}"} if asker else None
    return Event(kind, f"member:{member}", value=value, ref=about, data=data)


def points(rules: Policy, events: list[Happening], *, known: bool) -> float:
    """Return a member's points after all events; `known`: with the bonus for members of other sites."""
    state = scoring.empty(rules)
    if known and events:
        first = Event("known_elsewhere", events[0].event.subject)
        state = scoring.fold(rules, state, scoring.interpret(rules, first).contributions, events[0].at)
    for event, at in events:
        state = scoring.fold(rules, state, scoring.interpret(rules, event, at).contributions, at)
    return scoring.read(rules, state, events[-1].at if events else 0.0).score


def exchange() -> Report:
    """Replay everybody, compare with the published reputation."""
    published = {row["Id"]: float(row["Reputation"]) for row in rows(USERS)}
    found = happenings(list(rows(POSTS)), rows(VOTES))
    active = sorted(member for member in found if published.get(member, 0) > ASSOCIATION)
    columns = ("exact", "within 10", "correlation")
    goals = Sheet("Acceptance", columns, reference="goal")
    sheet = Sheet(f"{len(active)} active users: above {ASSOCIATION} points", columns)
    sheet.reference = "measured before"
    then, now = (
        _replayed(active, found, policy(), published),
        _replayed(active, found, policy(dated=False), published),
    )
    wanted, same = Allowed(0.0, ("least", "least", "free")), Allowed(0.012, ("same", "same", "free"))
    fits = "rules of 2018, bonus where it fits"
    goals.rows.append(_row(fits, then[0], (0.60, 0.90, None), wanted))
    sheet.rows.append(_row(fits, then[0], (0.61, 0.92, 0.9993), same))
    sheet.rows.append(_row("rules of 2018, bonus for everybody", then[1], (0.56, 0.84, None), same))
    sheet.rows.append(
        _row("today's rules (+10 per question's vote), for everybody", now[1], (0.19, None, None), same)
    )
    everybody = sorted(member for member in found if member in published)
    of_all = _replayed(everybody, found, policy(), published)[0]
    sheet.rows.append(_row(f"all {len(everybody)} who have received a vote", of_all))
    notes = [
        "quantumcomputing.stackexchange.com, March to September 2018: 12,560 votes. The member preset with "
        "the votes on questions, accepting and bounties added.",
        "Not in the dump: who suggested edits (+2), who voted down (−1), deleted posts, and who was known "
        "from another site (+100); “where it fits” gives that bonus to those whom it brings nearer.",
    ]
    return report_of("exchange", "Stack Exchange, replayed", [goals, sheet], notes)


def _replayed(
    members: list[str], found: dict[str, list[Happening]], rules: Policy, published: dict[str, float]
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return (ours, published) with the bonus for those whom it fits, and with the bonus for all."""
    fits, for_all = list[tuple[float, float]](), list[tuple[float, float]]()
    for member in members:
        truth = published[member]
        both = [points(rules, found[member], known=known) for known in (False, True)]
        fits.append((both[abs(both[1] - truth) < abs(both[0] - truth)], truth))
        for_all.append((both[1], truth))
    return fits, for_all


def _row(
    name: str,
    pairs: list[tuple[float, float]],
    reference: tuple[float | None, ...] = (),
    allowed: Allowed | None = None,
) -> Row:
    exact = sum(ours == truth for ours, truth in pairs) / len(pairs)
    near = sum(abs(ours - truth) <= 10 for ours, truth in pairs) / len(pairs)
    return Row(name, (exact, near, pearson(pairs)), reference, allowed)
