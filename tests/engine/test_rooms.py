"""What every implementation of rooms must keep, asked of each of them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import msgspec
import pytest

from renown.errors import RoomError
from renown.protocol.effects import History, Position
from renown.protocol.replies import ClientInfo, Publication
from renown.rooms import Draft, MemoryRooms, Retention, SqliteRooms
from renown.rooms.room import IDEMPOTENCY, META_AGE, REMOVED_AGE

LOG = Retention(size=10)
STATE = Retention()
BOTH = Retention(size=100)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Publication, str]] = []
        self.news = asyncio.Event()

    def __call__(self, channel: str, publication: Publication, epoch: str) -> None:
        self.all.append((channel, publication, epoch))
        self.news.set()

    def offsets(self, channel: str) -> list[int]:
        return [publication.offset for name, publication, _ in self.all if name == channel]

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not done():
                self.news.clear()
                await self.news.wait()


AnyRooms = MemoryRooms | SqliteRooms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
async def rooms(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncGenerator[AnyRooms]:
    kept = MemoryRooms(clock=clock) if request.param == "memory" else SqliteRooms.open(tmp_path, clock=clock)
    await kept.start()
    yield kept
    await kept.close()


@pytest.fixture
def heard(rooms: AnyRooms) -> Heard:
    listener = Heard()
    rooms.listen(listener)
    return listener


def says(text: object, **more: object) -> Draft:
    return msgspec.structs.replace(Draft(msgspec.Raw(msgspec.json.encode(text))), **more)


def offsets(history: History) -> list[int]:
    return [publication.offset for publication in history.publications]


def data(publications: tuple[Publication, ...]) -> list[object]:
    return [msgspec.json.decode(publication.data) for publication in publications]


def keys(publications: tuple[Publication, ...]) -> list[str]:
    return [("-" if publication.removed else "") + publication.key for publication in publications]


# Logs


async def test_offsets_count_from_one_under_one_epoch(rooms: AnyRooms, heard: Heard) -> None:
    positions = [await rooms.publish("chat:a", says(n), LOG) for n in range(5)]
    assert [position.offset for position in positions] == [1, 2, 3, 4, 5]
    assert len({position.epoch for position in positions}) == 1
    assert heard.offsets("chat:a") == [1, 2, 3, 4, 5]
    assert {epoch for _, _, epoch in heard.all} == {positions[0].epoch}
    assert await rooms.top("chat:a") == positions[-1]


async def test_each_channel_has_a_numbering_and_an_epoch_of_its_own(rooms: AnyRooms) -> None:
    first = await rooms.publish("chat:a", says(1), LOG)
    other = await rooms.publish("chat:b", says(1), LOG)
    assert (first.offset, other.offset) == (1, 1)
    assert first.epoch != other.epoch


async def test_a_publication_is_told_before_publish_returns(rooms: AnyRooms, heard: Heard) -> None:
    position = await rooms.publish("chat:a", says("now"), LOG)
    assert heard.offsets("chat:a") == [position.offset]


async def test_everything_said_with_a_publication_comes_back(
    rooms: AnyRooms, heard: Heard, clock: Clock
) -> None:
    info = ClientInfo("u1", "c1", msgspec.Raw(b'{"name":"Ann"}'), msgspec.Raw(b"[1]"))
    text = '{"a": 1.50,  "é":"😀"}'.encode()
    draft = Draft(msgspec.Raw(text), info, {"lang": "fr", "": "ü"})
    position = await rooms.publish("chat:a", draft, LOG)
    (kept,) = (await rooms.history("chat:a", None, 10)).publications
    told = heard.all[0][1]
    for publication in (kept, told):
        # The base of a delta is these very bytes.
        assert bytes(publication.data) == text
        assert publication.tags == {"lang": "fr", "": "ü"}
        assert publication.offset == position.offset
        assert publication.time == int(clock.now * 1000)
        assert publication.info is not None
        assert (publication.info.user, publication.info.client) == ("u1", "c1")
        assert bytes(publication.info.conn_info or b"") == b'{"name":"Ann"}'
        assert bytes(publication.info.chan_info or b"") == b"[1]"


async def test_bytes_that_are_no_json_are_kept_as_they_are(rooms: AnyRooms, heard: Heard) -> None:
    raw = bytes(range(256))
    await rooms.publish("chat:a", Draft(msgspec.Raw(raw), binary=True), LOG)
    (kept,) = (await rooms.history("chat:a", None, 1)).publications
    for publication in (kept, heard.all[0][1]):
        assert bytes(publication.data) == raw
        assert publication.binary


async def test_an_empty_channel_has_an_epoch_that_its_first_publication_keeps(rooms: AnyRooms) -> None:
    before = await rooms.top("chat:new")
    assert before.offset == 0
    assert before.epoch
    assert await rooms.history("chat:new", None, 10) == History(before.epoch, 0)
    after = await rooms.publish("chat:new", says(1), LOG)
    assert after == Position(before.epoch, 1)


async def test_a_log_keeps_its_newest_publications(rooms: AnyRooms) -> None:
    for n in range(25):
        await rooms.publish("chat:a", says(n), LOG)
    history = await rooms.history("chat:a", None, 100)
    assert offsets(history) == list(range(16, 26))
    assert history.top == 25


async def test_a_smaller_size_counts_from_the_next_publication_on(rooms: AnyRooms) -> None:
    for n in range(10):
        await rooms.publish("chat:a", says(n), LOG)
    await rooms.publish("chat:a", says(10), Retention(size=3))
    assert offsets(await rooms.history("chat:a", None, 100)) == [9, 10, 11]


async def test_a_log_lets_go_of_what_is_too_old_and_keeps_its_position(rooms: AnyRooms, clock: Clock) -> None:
    keep = Retention(size=10, age=60)
    for n in range(3):
        await rooms.publish("chat:a", says(n), keep)
    clock.now += 59
    last = await rooms.publish("chat:a", says(3), keep)
    assert offsets(await rooms.history("chat:a", None, 100)) == [1, 2, 3, 4]
    clock.now += 2
    assert offsets(await rooms.history("chat:a", None, 100)) == [4]
    clock.now += 60
    assert await rooms.history("chat:a", None, 100) == History(last.epoch, 4)
    assert await rooms.publish("chat:a", says(4), keep) == Position(last.epoch, 5)


async def test_a_clock_that_is_set_back_makes_no_holes(rooms: AnyRooms, clock: Clock) -> None:
    keep = Retention(size=10, age=60)
    await rooms.publish("chat:a", says(0), keep)
    clock.now -= 50
    await rooms.publish("chat:a", says(1), keep)
    clock.now += 100
    await rooms.publish("chat:a", says(2), keep)
    found = offsets(await rooms.history("chat:a", None, 100))
    assert found == list(range(found[0], 4))
    clock.now += 11
    assert offsets(await rooms.history("chat:a", None, 100)) == [3]


@pytest.mark.parametrize(
    "after, limit, reverse, expected",
    [
        (None, 100, False, [6, 7, 8, 9, 10]),
        (None, 2, False, [6, 7]),
        (7, 100, False, [8, 9, 10]),
        (7, 2, False, [8, 9]),
        (3, 2, False, [6, 7]),
        (10, 5, False, []),
        (99, 5, False, []),
        (0, 0, False, []),
        (None, 100, True, [10, 9, 8, 7, 6]),
        (None, 2, True, [10, 9]),
        (9, 2, True, [8, 7]),
        (7, 10, True, [6]),
        (6, 10, True, []),
        (1, 10, True, []),
        (0, 10, True, []),
        (99, 2, True, [10, 9]),
        (None, 0, True, []),
        (2**80, 5, False, []),
        (2**80, 2, True, [10, 9]),
    ],
)
async def test_history_is_read_forward_and_backward(
    rooms: AnyRooms, after: int | None, limit: int, reverse: bool, expected: list[int]
) -> None:
    for n in range(10):
        await rooms.publish("chat:a", says(n), Retention(size=5))
    history = await rooms.history("chat:a", after, limit, reverse=reverse)
    assert offsets(history) == expected
    assert data(history.publications) == [offset - 1 for offset in expected]
    assert history.top == 10


async def test_paging_through_history_sees_each_publication_once(rooms: AnyRooms) -> None:
    for n in range(50):
        await rooms.publish("chat:a", says(n), BOTH)
    forward: list[int] = []
    while page := offsets(await rooms.history("chat:a", forward[-1] if forward else None, 7)):
        forward += page
    backward: list[int] = []
    while page := offsets(await rooms.history("chat:a", backward[-1] if backward else None, 7, reverse=True)):
        backward += page
    assert forward == backward[::-1] == list(range(1, 51))


async def test_what_is_not_kept_is_told_without_an_offset(rooms: AnyRooms, heard: Heard) -> None:
    assert await rooms.publish("chat:a", says("typing"), Retention()) == Position("", 0)
    assert [(p.offset, epoch) for _, p, epoch in heard.all] == [(0, "")]
    assert (await rooms.top("chat:a")).offset == 0


async def test_forgetting_begins_a_new_life(rooms: AnyRooms, heard: Heard) -> None:
    old, *_ = [await rooms.publish("chat:a", says(n), LOG) for n in range(3)]
    await rooms.publish("map:a", says(1, key="k"), BOTH)
    await rooms.forget("chat:a")
    await rooms.forget("map:a")
    top = await rooms.top("chat:a")
    assert top.offset == 0
    assert top.epoch != old.epoch
    assert offsets(await rooms.history("chat:a", None, 10)) == []
    assert (await rooms.page("map:a", "", 10)).entries == ()
    assert await rooms.publish("chat:a", says(9), LOG) == Position(top.epoch, 1)
    assert heard.offsets("chat:a") == [1, 2, 3, 1]
    await rooms.forget("chat:never")
    assert (await rooms.top("chat:never")).offset == 0


async def test_names_are_those_of_channels_that_were_published_into(rooms: AnyRooms) -> None:
    for name in ("chat:b", "chat:a", "news", "chatter"):
        await rooms.publish(name, says(1), LOG)
    await rooms.top("chat:asked")
    assert await rooms.names() == ["chat:a", "chat:b", "chatter", "news"]
    assert await rooms.names("chat:*") == ["chat:a", "chat:b"]
    assert await rooms.names("chat:[!a]") == ["chat:b"]
    await rooms.forget("chat:a")
    assert await rooms.names("chat:*") == ["chat:b"]


async def test_a_listener_that_is_gone_or_fails_disturbs_nobody(rooms: AnyRooms) -> None:
    first, last = Heard(), Heard()

    def broken(channel: str, publication: Publication, epoch: str) -> None:
        raise ValueError(channel)

    stop = rooms.listen(first)
    rooms.listen(broken)
    rooms.listen(last)
    await rooms.publish("chat:a", says(1), LOG)
    stop()
    stop()
    await rooms.publish("chat:a", says(2), LOG)
    assert first.offsets("chat:a") == [1]
    assert last.offsets("chat:a") == [1, 2]


async def test_publications_of_many_at_once_are_numbered_without_gap(rooms: AnyRooms, heard: Heard) -> None:
    async def talk(who: int) -> list[int]:
        return [(await rooms.publish(f"chat:{n % 3}", says([who, n]), BOTH)).offset for n in range(30)]

    answers = await asyncio.gather(*(talk(who) for who in range(10)))
    assert len([offset for each in answers for offset in each]) == 300
    for n in range(3):
        assert heard.offsets(f"chat:{n}") == list(range(1, 101))
        assert offsets(await rooms.history(f"chat:{n}", None, 1000)) == list(range(1, 101))
    for who in range(10):
        said = [p for name, p, _ in heard.all if name == "chat:0"]
        order = [n for speaker, n in (msgspec.json.decode(p.data) for p in said) if speaker == who]
        assert order == sorted(order)


@pytest.mark.parametrize(
    "draft",
    [
        says(1, key="\ud800"),
        says(1, tags={"a": "\udfff"}),
        says(1, idempotency_key="\ud800"),
        says(1, version=2**63),
        says(1, version=-1),
        says(1, removed=True),
        says(1, info=ClientInfo("\ud800", "c")),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_hurts_nobody(rooms: AnyRooms, draft: Draft) -> None:
    good = [rooms.publish("chat:a", says(n), BOTH) for n in range(3)]
    results = await asyncio.gather(*good, rooms.publish("chat:a", draft, BOTH), return_exceptions=True)
    assert [result.offset for result in results[:3] if isinstance(result, Position)] == [1, 2, 3]
    refused = results[3]
    assert isinstance(refused, RoomError)
    assert refused.problem_code == "bad_publication"


async def test_a_name_that_is_no_unicode_has_nothing_and_takes_nothing(rooms: AnyRooms) -> None:
    assert (await rooms.top("chat:\ud800")).offset == 0
    assert (await rooms.history("chat:\ud800", None, 5)).publications == ()
    assert (await rooms.page("chat:\ud800", "", 5)).entries == ()
    with pytest.raises(RoomError):
        await rooms.publish("chat:\ud800", says(1), LOG)


# Idempotency and versions


async def test_the_same_idempotency_key_gets_the_same_answer_and_publishes_once(
    rooms: AnyRooms, heard: Heard, clock: Clock
) -> None:
    first = await rooms.publish("chat:a", says(1, idempotency_key="k"), LOG)
    await rooms.publish("chat:a", says(2), LOG)
    clock.now += IDEMPOTENCY - 1
    assert await rooms.publish("chat:a", says(3, idempotency_key="k"), LOG) == first
    # Of another channel it is another key.
    assert (await rooms.publish("chat:b", says(1, idempotency_key="k"), LOG)).offset == 1
    assert heard.offsets("chat:a") == [1, 2]
    clock.now += 2
    assert (await rooms.publish("chat:a", says(4, idempotency_key="k"), LOG)).offset == 3
    clock.now += 10
    assert (await rooms.publish("chat:a", says(5, idempotency_key="k"), LOG)).offset == 3


async def test_the_same_key_sent_at_once_many_times_publishes_once(rooms: AnyRooms, heard: Heard) -> None:
    sent = [rooms.publish("chat:a", says(n, idempotency_key="k"), LOG) for n in range(20)]
    assert {position.offset for position in await asyncio.gather(*sent)} == {1}
    assert heard.offsets("chat:a") == [1]


async def test_what_is_not_kept_is_published_once_per_key_too(rooms: AnyRooms, heard: Heard) -> None:
    for n in range(3):
        await rooms.publish("chat:a", says(n, idempotency_key="k"), Retention())
    assert len(heard.all) == 1


async def test_older_versions_are_dropped_with_the_present_position(rooms: AnyRooms, heard: Heard) -> None:
    async def send(version: int, epoch: str = "") -> int:
        draft = says(version, version=version, version_epoch=epoch)
        return (await rooms.publish("doc:a", draft, LOG)).offset

    assert [await send(5), await send(5), await send(4), await send(6)] == [1, 1, 1, 2]
    assert [await send(1, "e2"), await send(1, "e2"), await send(2, "e2")] == [3, 3, 4]
    # Without a version it is always published, and versions go on from where they were.
    assert (await rooms.publish("doc:a", says("x"), LOG)).offset == 5
    assert await send(2, "e2") == 5
    assert data((await rooms.history("doc:a", None, 10)).publications) == [5, 6, 1, 2, "x"]
    assert heard.offsets("doc:a") == [1, 2, 3, 4, 5]


async def test_keys_of_a_map_have_versions_of_their_own(rooms: AnyRooms) -> None:
    async def send(key: str, version: int, **more: object) -> int:
        return (await rooms.publish("map:a", says(version, key=key, version=version, **more), BOTH)).offset

    assert [await send("a", 3), await send("b", 1), await send("a", 2), await send("a", 4)] == [1, 2, 2, 3]
    # An old state does not bring a removed key back.
    assert await send("a", 5, removed=True) == 4
    assert await send("a", 4) == 4
    assert await send("a", 6) == 5
    assert data((await rooms.page("map:a", "", 10)).entries) == [6, 1]


# Maps


@pytest.mark.parametrize("keep", [STATE, BOTH], ids=["ephemeral", "persistent"])
async def test_a_map_holds_the_newest_of_each_key(rooms: AnyRooms, heard: Heard, keep: Retention) -> None:
    for n, key in enumerate("abcab"):
        await rooms.publish("map:a", says(n, key=key), keep)
    page = await rooms.page("map:a", "", 10)
    assert keys(page.entries) == ["a", "b", "c"]
    assert data(page.entries) == [3, 4, 2]
    assert [entry.offset for entry in page.entries] == [4, 5, 3]
    assert (page.offset, page.top, page.cursor) == (5, 5, "")
    assert heard.offsets("map:a") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("keep", [STATE, BOTH], ids=["ephemeral", "persistent"])
async def test_a_removed_key_is_gone_and_told(rooms: AnyRooms, heard: Heard, keep: Retention) -> None:
    for key in "abc":
        await rooms.publish("map:a", says(1, key=key), keep)
    gone = await rooms.publish("map:a", says(1, key="b", removed=True), keep)
    again = await rooms.publish("map:a", says(1, key="b", removed=True), keep)
    never = await rooms.publish("map:a", says(1, key="zz", removed=True), keep)
    assert gone == again == never
    page = await rooms.page("map:a", "", 10)
    assert keys(page.entries) == ["a", "c"]
    last = heard.all[-1][1]
    assert (last.key, last.removed, bytes(last.data), last.offset) == ("b", True, b"", 4)
    assert len(heard.all) == 4
    await rooms.publish("map:a", says(2, key="b"), keep)
    assert keys((await rooms.page("map:a", "", 10)).entries) == ["a", "b", "c"]


async def test_pages_are_ordered_by_key_and_remember_where_the_first_one_stood(rooms: AnyRooms) -> None:
    names = [f"k{n:03}" for n in range(25)] + ["", ".", "ü", "😀", "z.9"]
    names.remove("")
    for name in reversed(names):
        await rooms.publish("map:a", says(name, key=name), STATE)
    first = await rooms.page("map:a", "", 10)
    assert first.offset == len(names)
    await rooms.publish("map:a", says("new", key="k005"), STATE)
    await rooms.publish("map:a", says("new", key="k015"), STATE)
    seen, page = list(first.entries), first
    while page.cursor:
        page = await rooms.page("map:a", page.cursor, 10)
        assert page.offset == first.offset
        assert page.top == first.top + 2
        seen += page.entries
    assert keys(tuple(seen)) == sorted(names)
    missed = await rooms.changes("map:a", Position(first.epoch, first.offset), 100)
    assert keys(missed.publications) == ["k005", "k015"]


async def test_a_full_last_page_has_no_cursor(rooms: AnyRooms) -> None:
    for key in "abcd":
        await rooms.publish("map:a", says(1, key=key), STATE)
    first = await rooms.page("map:a", "", 2)
    assert first.cursor
    assert (await rooms.page("map:a", first.cursor, 2)).cursor == ""
    assert (await rooms.page("map:a", "", 4)).cursor == ""


@pytest.mark.parametrize("cursor", ["x", "1", ".a", "-1.a", "1.", "٣.a", "9" * 40 + ".a", "1.\ud800"])
@pytest.mark.parametrize("channel", ["map:a", "map:none"])
async def test_a_cursor_of_nobody_is_refused(rooms: AnyRooms, channel: str, cursor: str) -> None:
    await rooms.publish("map:a", says(1, key="a"), STATE)
    with pytest.raises(RoomError) as refused:
        await rooms.page(channel, cursor, 10)
    assert refused.value.problem_code == "bad_cursor"


async def test_an_empty_map_is_an_empty_page(rooms: AnyRooms) -> None:
    page = await rooms.page("map:none", "", 10)
    assert (page.entries, page.cursor, page.offset, page.top) == ((), "", 0, 0)
    assert page.epoch == (await rooms.top("map:none")).epoch
    assert (await rooms.changes("map:none", Position(page.epoch, 0), 10)).complete
    assert not (await rooms.changes("map:none", Position(page.epoch, 1), 10)).complete
    assert not (await rooms.changes("map:none", Position("other", 0), 10)).complete


async def test_changes_of_a_persistent_map_are_its_log(rooms: AnyRooms) -> None:
    for n, key in enumerate("abab"):
        await rooms.publish("map:a", says(n, key=key), BOTH)
    await rooms.publish("map:a", says(0, key="a", removed=True), BOTH)
    epoch = (await rooms.top("map:a")).epoch
    changes = await rooms.changes("map:a", Position("", 1), 100)
    assert (changes.complete, changes.top, changes.epoch) == (True, 5, epoch)
    assert [p.offset for p in changes.publications] == [2, 3, 4, 5]
    assert keys(changes.publications) == ["b", "a", "b", "-a"]
    part = await rooms.changes("map:a", Position(epoch, 1), 2)
    assert [p.offset for p in part.publications] == [2, 3]
    assert part.top == 5
    assert (await rooms.changes("map:a", Position(epoch, 5), 2)).publications == ()


@pytest.mark.parametrize("keep", [STATE, Retention(size=2)], ids=["ephemeral", "short log"])
async def test_without_a_log_changes_are_the_newest_of_each_key(rooms: AnyRooms, keep: Retention) -> None:
    for n, key in enumerate("abcabcab"):
        await rooms.publish("map:a", says(n, key=key), keep)
    await rooms.publish("map:a", says(0, key="c", removed=True), keep)
    epoch = (await rooms.top("map:a")).epoch
    changes = await rooms.changes("map:a", Position(epoch, 3), 100)
    assert changes.complete
    assert keys(changes.publications) == ["a", "b", "-c"]
    assert [p.offset for p in changes.publications] == [7, 8, 9]
    part = await rooms.changes("map:a", Position(epoch, 3), 2)
    assert keys(part.publications) == ["a", "b"]
    rest = await rooms.changes("map:a", Position(epoch, part.publications[-1].offset), 2)
    assert keys(rest.publications) == ["-c"]


async def test_a_position_of_another_life_or_of_the_future_is_lost(rooms: AnyRooms) -> None:
    await rooms.publish("map:a", says(1, key="a"), BOTH)
    epoch = (await rooms.top("map:a")).epoch
    assert not (await rooms.changes("map:a", Position("other", 0), 10)).complete
    assert not (await rooms.changes("map:a", Position(epoch, 2), 10)).complete
    assert (await rooms.changes("map:a", Position(epoch, 1), 10)).complete


# What has had its time


@pytest.mark.parametrize("size", [0, 100], ids=["ephemeral", "persistent"])
async def test_keys_that_are_not_set_again_are_removed_and_told(
    rooms: AnyRooms, heard: Heard, clock: Clock, size: int
) -> None:
    keep = Retention(size, key_age=30)
    for key in "abc":
        await rooms.publish("map:a", says(1, key=key), keep)
    clock.now += 20
    await rooms.publish("map:a", says(2, key="b"), keep)
    clock.now += 11
    await heard.until(lambda: len(heard.all) >= 6)
    assert [(p.offset, p.key, p.removed) for _, p, _ in heard.all[4:]] == [(5, "a", True), (6, "c", True)]
    assert keys((await rooms.page("map:a", "", 10)).entries) == ["b"]
    clock.now += 20
    await heard.until(lambda: len(heard.all) >= 7)
    assert (await rooms.page("map:a", "", 10)).entries == ()
    changes = await rooms.changes("map:a", Position("", 4), 10)
    assert keys(changes.publications) == ["-a", "-c", "-b"]


async def test_a_position_from_before_a_forgotten_removal_is_lost(rooms: AnyRooms, clock: Clock) -> None:
    await rooms.publish("map:a", says(1, key="a"), STATE)
    await rooms.publish("map:a", says(1, key="b"), STATE)
    gone = await rooms.publish("map:a", says(1, key="a", removed=True), STATE)
    await rooms.publish("map:a", says(2, key="b"), STATE)
    assert (await rooms.changes("map:a", Position(gone.epoch, 2), 10)).complete
    clock.now += REMOVED_AGE + 1
    await rooms.tidy()
    assert not (await rooms.changes("map:a", Position(gone.epoch, 2), 10)).complete
    later = await rooms.changes("map:a", gone, 10)
    assert later.complete
    assert keys(later.publications) == ["b"]


async def test_epoch_and_top_outlive_the_log_but_not_for_ever(rooms: AnyRooms, clock: Clock) -> None:
    keep = Retention(size=5, age=60)
    last = await rooms.publish("chat:a", says(1), keep)
    await rooms.publish("map:a", says(1, key="a"), STATE)
    clock.now += META_AGE - 100
    await rooms.tidy()
    assert await rooms.top("chat:a") == last
    # Looked at twice: when the log is empty, and when it has been so for long enough.
    for _ in range(2):
        clock.now += META_AGE
        await rooms.tidy()
    new = await rooms.top("chat:a")
    assert new.offset == 0
    assert new.epoch != last.epoch
    # What holds something is never given up.
    assert len((await rooms.page("map:a", "", 5)).entries) == 1
