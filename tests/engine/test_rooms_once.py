"""What is published once only into rooms of every implementation: by a key of its own, or by its version."""

import asyncio

from renown.rooms import Retention
from renown.rooms.room import IDEMPOTENCY
from tests.engine.rooms_kit import BOTH, LOG, AnyRooms, Clock, Heard, data, says


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
