"""Which rooms are kept where, as the rules of their namespaces say."""

from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from renown.errors import RoomError
from renown.gateway.channels import Address, Channels
from renown.gateway.hub.rooms import RoomKeeper, retention
from renown.gateway.options import GatewayOptions, MapMode, RoomRule
from renown.protocol.codes import ERRORS
from renown.protocol.effects import History, Position, ReadHistory
from renown.protocol.replies import Publication
from renown.rooms import Draft, MemoryRooms, Retention, SqliteRooms
from tests.engine.rooms_kit import Heard, offsets, says

CHANNELS = Channels(
    GatewayOptions(
        rooms={
            "chat": RoomRule(history_size=5, history_age=60.0),
            "talk": RoomRule(history_size=5, durable=False),
            "typing": RoomRule(),
            "cursors": RoomRule(map=MapMode.EPHEMERAL, history_size=9, key_age=30.0, durable=False),
            "tasks": RoomRule(map=MapMode.PERSISTENT, history_size=9),
        }
    )
)


def address(channel: str) -> Address:
    found = CHANNELS.find(channel)
    assert isinstance(found, Address)
    return found


def wanted(channel: str, limit: int = 10, epoch: str = "") -> ReadHistory:
    return ReadHistory(channel, None, limit, reverse=False, epoch=epoch)


@pytest.fixture
async def heard() -> Heard:
    return Heard()


@pytest.fixture
async def keeper(tmp_path: Path, heard: Heard) -> AsyncGenerator[RoomKeeper]:
    keeper = RoomKeeper(MemoryRooms(), SqliteRooms.open(tmp_path))
    await keeper.start(heard)
    yield keeper
    await keeper.close()


def test_rules_say_how_much_is_kept() -> None:
    assert retention(address("chat:a").rule) == Retention(5, 60.0)
    assert retention(address("cursors:a").rule) == Retention(0, 0.0, 30.0)
    assert retention(address("tasks:a").rule) == Retention(9)
    assert retention(address("user:u").rule).size > 0


async def test_what_is_durable_is_found_again_and_the_rest_begins_anew(tmp_path: Path) -> None:
    before: list[Position] = []
    for life in range(2):
        keeper = RoomKeeper(MemoryRooms(), SqliteRooms.open(tmp_path))
        await keeper.start(Heard())
        for channel in ("chat:a", "talk:a", "user:u", "alerts:all"):
            position = await keeper.publish(address(channel), says(life))
            assert isinstance(position, Position)
            before.append(position)
        await keeper.close()
    (chat, talk, user, alerts), (chat_2, talk_2, user_2, alerts_2) = before[:4], before[4:]
    assert (chat_2, user_2, alerts_2) == tuple(Position(p.epoch, 2) for p in (chat, user, alerts))
    assert talk_2.offset == 1
    assert talk_2.epoch != talk.epoch


async def test_all_are_heard_wherever_they_are_kept(keeper: RoomKeeper, heard: Heard) -> None:
    for channel in ("chat:a", "talk:a", "typing:a"):
        await keeper.publish(address(channel), says(1))
    await keeper.publish(address("tasks:a"), says(1, key="k"))
    assert [(name, p.offset) for name, p, _ in heard.all] == [
        ("chat:a", 1),
        ("talk:a", 1),
        ("typing:a", 0),
        ("tasks:a", 1),
    ]


async def test_what_is_not_to_be_kept_passes_by_the_log(keeper: RoomKeeper, heard: Heard) -> None:
    await keeper.publish(address("chat:a"), says(1))
    assert await keeper.publish(address("chat:a"), says(2), keep=False) == Position("", 0)
    await keeper.publish(address("chat:a"), says(3))
    assert heard.offsets("chat:a") == [1, 0, 2]
    history = await keeper.history(address("chat:a"), wanted("chat:a"))
    assert isinstance(history, History)
    assert offsets(history) == [1, 2]


async def test_history_of_another_epoch_is_refused_and_limit_0_is_the_position(keeper: RoomKeeper) -> None:
    for channel in ("chat:a", "talk:a"):
        position = await keeper.publish(address(channel), says(1))
        assert isinstance(position, Position)
        found = await keeper.history(address(channel), wanted(channel, 0, position.epoch))
        assert found == History(position.epoch, 1)
        lost = await keeper.history(address(channel), wanted(channel, 5, "other"))
        assert lost == ERRORS.UNRECOVERABLE_POSITION


async def test_maps_take_what_has_a_key_and_nothing_else_does(keeper: RoomKeeper, heard: Heard) -> None:
    assert await keeper.publish(address("tasks:a"), says(1)) == ERRORS.BAD_REQUEST
    assert await keeper.publish(address("chat:a"), says(1, key="k")) == ERRORS.BAD_REQUEST
    assert await keeper.publish(address("chat:a"), Draft(removed=True, key="k")) == ERRORS.BAD_REQUEST
    assert heard.all == []


@pytest.mark.parametrize(
    "raw, binary",
    [
        (b'{"a":1}', False),
        (b'"text"', False),
        (b"{},", True),
        (b'{"a":1}{"push":{"channel":"standing:x"}}', True),
        (b"\x08\x96\x01", True),
        (b'"\xff"', True),
    ],
)
@pytest.mark.parametrize("keep", [True, False])
async def test_what_is_no_json_is_marked_so(
    keeper: RoomKeeper, heard: Heard, raw: bytes, binary: bool, keep: bool
) -> None:
    await keeper.publish(address("chat:a"), Draft(msgspec.Raw(raw)), keep=keep)
    ((_, told, _),) = heard.all
    assert (bytes(told.data), told.binary) == (raw, binary)
    if keep:
        history = await keeper.history(address("chat:a"), wanted("chat:a"))
        assert isinstance(history, History)
        (kept,) = history.publications
        assert isinstance(kept, Publication)
        assert (bytes(kept.data), kept.binary) == (raw, binary)


async def test_what_is_said_together_goes_where_each_room_is_kept(keeper: RoomKeeper, heard: Heard) -> None:
    commits: list[None] = []
    keeper.committed = lambda: commits.append(None)
    said = [says(1, idempotency_key="a"), says(2, idempotency_key="b"), says(3, idempotency_key="a")]
    for _ in range(2):
        await keeper.publish_many(
            (address(channel), draft) for draft in said for channel in ("user:u", "talk:a")
        )
    for channel in ("user:u", "talk:a"):
        assert heard.offsets(channel) == [1, 2]
        history = await keeper.history(address(channel), wanted(channel))
        assert isinstance(history, History)
        assert offsets(history) == [1, 2]
    # What is in memory only is no commit.
    assert len(commits) == 2


async def test_what_is_said_together_and_not_kept_is_told(tmp_path: Path) -> None:
    keeper = RoomKeeper(MemoryRooms(), SqliteRooms.open(tmp_path))
    with pytest.raises(RoomError):
        await keeper.publish_many([(address("user:u"), says(1))])
    await keeper.close()


async def test_what_cannot_be_kept_is_a_bad_request(keeper: RoomKeeper) -> None:
    bad = says(1, idempotency_key="\ud800")
    assert await keeper.publish(address("chat:a"), bad) == ERRORS.BAD_REQUEST


async def test_a_failing_file_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    keeper = RoomKeeper(MemoryRooms(), SqliteRooms.open(tmp_path))
    # Before it is started and after it is closed nothing can be kept durably.
    assert await keeper.publish(address("chat:a"), says(1)) == ERRORS.INTERNAL
    await keeper.start(Heard())
    assert isinstance(await keeper.publish(address("chat:a"), says(1)), Position)
    await keeper.close()
    assert await keeper.publish(address("chat:a"), says(1)) == ERRORS.INTERNAL
