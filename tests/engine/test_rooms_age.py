"""What rooms of every implementation do as time goes by: keys, removals and logs that have had theirs."""

import pytest

from renown.protocol.effects import Position
from renown.rooms import Retention
from renown.rooms.room import META_AGE, REMOVED_AGE
from tests.engine.rooms_kit import STATE, AnyRooms, Clock, Heard, keys, says


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
