"""A question, two answers and their votes, counted by hand."""

from bench.scoring.exchange import happenings, points, policy

ASKER, ANSWERER, OTHER = "7", "8", "9"


def post(number: int, owner: str, parent: str = "", wiki: str = "") -> dict[str, str]:
    kind = "2" if parent else "1"
    return {
        "Id": str(number),
        "PostTypeId": kind,
        "ParentId": parent,
        "OwnerUserId": owner,
        "CommunityOwnedDate": wiki,
    }


def vote(
    number: int, on: int, kind: str, day: int = 1, *, user: str = "", amount: str = ""
) -> dict[str, str]:
    date = f"2018-04-{day:02d}T00:00:00.000"
    return {
        "Id": str(number),
        "PostId": str(on),
        "VoteTypeId": kind,
        "CreationDate": date,
        "UserId": user,
        "BountyAmount": amount,
    }


POSTS = [post(1, ASKER), post(2, ANSWERER, "1"), post(3, ASKER, "1"), post(4, OTHER, "1", wiki="2018-04-01")]


def replay(votes: list[dict[str, str]], member: str, *, known: bool = False) -> float:
    return points(policy(), happenings(POSTS, votes).get(member, []), known=known)


def test_votes_on_questions_and_answers() -> None:
    votes = [vote(1, 1, "2"), vote(2, 2, "2"), vote(3, 2, "3"), vote(4, 99, "2")]
    assert replay(votes, ASKER) == 1 + 5
    assert replay(votes, ANSWERER) == 1 + 10 - 2
    assert replay(votes, ANSWERER, known=True) == 101 + 10 - 2


def test_accepting_pays_both_but_not_oneself() -> None:
    assert replay([vote(1, 2, "1")], ANSWERER) == 16
    assert replay([vote(1, 2, "1")], ASKER) == 3
    assert replay([vote(1, 3, "1")], ASKER) == 1


def test_bounties_move_points() -> None:
    votes = [vote(i, 1, "2") for i in range(1, 21)]
    votes += [
        vote(30, 1, "8", 2, user=ASKER, amount="50"),
        vote(31, 2, "9", 3, amount="25"),
        vote(32, 3, "9", 3),
    ]
    assert replay(votes, ASKER) == 1 + 100 - 50
    assert replay(votes, ANSWERER) == 1 + 25


def test_a_day_is_capped_and_nobody_falls_below_one() -> None:
    votes = [vote(i, 2, "2", day=1) for i in range(1, 31)] + [vote(40, 2, "1"), vote(41, 2, "2", day=2)]
    assert replay(votes, ANSWERER) == 1 + 200 + 15 + 10
    assert replay([vote(1, 2, "3")], ANSWERER) == 1


def test_community_posts_earn_nothing() -> None:
    assert replay([vote(1, 4, "2")], OTHER) == 1
