"""Rooms in the hub, in every form at once: who watches misses nothing, sees nothing twice, can read it.

The rooms are the real ones in memory; members are connections that decode what they are written as the
official clients do, patches included.
"""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from renown.gateway.wires import WS_JSON
from renown.protocol.commands import FilterNode
from renown.protocol.replies import Publication
from tests.unit.hub_house import CHAT, EVEN, FORMS, NEWS, SHOUT, Client, House, Watched, draft

NUMBERS = st.integers(0, len(FORMS) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.just(0), st.sampled_from([CHAT, CHAT, NEWS, SHOUT])),
        st.tuples(st.sampled_from(["attach", "detach"]), NUMBERS, st.sampled_from([CHAT, NEWS, SHOUT])),
        st.tuples(st.sampled_from(["pause", "resume", "hold", "release"]), NUMBERS, st.just("")),
        st.tuples(st.just("turn"), st.integers(1, 4), st.just("")),
        st.tuples(st.just("sleep"), st.just(0), st.just("")),
    ),
    min_size=5,
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_whatever_happens_each_form_is_complete_in_order_and_readable(
    steps: list[tuple[str, int, str]],
) -> None:
    asyncio.run(_story(steps))


async def _story(steps: list[tuple[str, int, str]]) -> None:
    async with House() as house:
        clients = [Client(house.hub, form, f"c{number}") for number, form in enumerate(FORMS)]
        since: dict[tuple[int, str], int] = {}
        for step, number, what in steps:
            client = clients[number]
            if step == "publish":
                await house.publish(what)
            elif step == "attach":
                if what not in client.watched:
                    since[number, what] = house.published.get(what, 0)
                client.attach(what)
            elif step == "detach":
                client.detach(what)
            elif step in ("pause", "resume", "hold", "release"):
                getattr(client, step)()
            elif step == "turn":
                for _ in range(number):
                    await asyncio.sleep(0)
            else:
                await asyncio.sleep(0.003)
        for client in clients:
            client.release()
            client.resume()
        await asyncio.sleep(0.02)
        for number, client in enumerate(clients):
            assert not client.closed
            assert not client.lost
            for channel, watched in client.watched.items():
                _check_complete(client, channel, watched, house.published.get(channel, 0))
                if channel == SHOUT and watched.numbers and client.filter is None:
                    assert watched.numbers[0] == since[number, channel] + 1
        for client in clients:
            for channel in (CHAT, NEWS, SHOUT):
                client.detach(channel)
        assert house.hub.channels == {}
        assert house.metrics.subscriptions == 0


def _check_complete(client: Client, channel: str, watched: Watched, top: int) -> None:
    numbers = watched.numbers
    newest = top if client.filter is None else top - top % 2
    if channel == NEWS:
        assert numbers == sorted(set(numbers))
        assert client.filter is not None or watched.position == top
        return
    if numbers:
        step = 1 if client.filter is None else 2
        assert numbers == list(range(numbers[0], newest + 1, step))
    elif channel == CHAT and client.filter is None:
        assert watched.position == top


def test_patches_are_sent_to_those_who_hold_the_publication_before() -> None:
    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, form) for form in FORMS]
            for client in clients:
                client.attach(CHAT)
            await asyncio.sleep(0.01)
            for _ in range(4):
                await house.publish(CHAT)
                await asyncio.sleep(0)
            patched = [client.watched[CHAT].patched for client in clients]
            assert patched == [0, 3, 0, 3, 3, 0, 0]
            late = Client(house.hub, FORMS[1])
            late.attach(CHAT)
            await asyncio.sleep(0.01)
            await house.publish(CHAT)
            await asyncio.sleep(0.01)
            assert late.watched[CHAT].numbers == [5]
            assert not late.watched[CHAT].patched
            assert clients[1].watched[CHAT].patched == 4

    asyncio.run(story())


def test_equal_forms_are_made_once() -> None:
    """Members with filters that differ in order only are written the very same bytes."""

    async def story() -> None:
        async with House() as house:
            frames: list[bytes] = []
            either = FilterNode(op="or", nodes=[EVEN, FilterNode(key="x", cmp="in", vals=["a", "b"])])
            same = FilterNode(op="or", nodes=[FilterNode(key="x", cmp="in", vals=["b", "a"], val=""), EVEN])

            class Keeping(Client):
                def _write(self, frame: bytes) -> None:
                    frames.append(frame)

            for tags in (either, same, either):
                Keeping(house.hub, (WS_JSON, False, tags)).attach(CHAT)
            await asyncio.sleep(0.01)
            await house.publish(CHAT)
            await house.publish(CHAT)
            await asyncio.sleep(0.01)
            assert len(frames) == 3
            assert len({id(frame) for frame in frames}) == 1
            assert house.metrics.deliveries == 3

    asyncio.run(story())


def test_what_is_not_kept_reaches_those_who_watch_and_nobody_later() -> None:
    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, form) for form in FORMS[:2]]
            for channel in (CHAT, NEWS):
                for client in clients:
                    client.attach(channel)
                await asyncio.sleep(0.01)
                await house.publish(channel)
                await asyncio.sleep(0.01)
                passing = draft(7)
                house.hub.publish(channel, Publication(passing.data, tags=passing.tags), "")
                await asyncio.sleep(0.01)
                await house.publish(channel)
                await asyncio.sleep(0.01)
                late = Client(house.hub, FORMS[0])
                late.attach(channel)
                await asyncio.sleep(0.01)
                assert late.known[channel][1] == 2
                for client in clients:
                    assert client.watched[channel].numbers == [1, 7, 2]

    asyncio.run(story())


def test_a_reading_that_fails_after_another_one_has_not_takes_nothing_from_who_watches() -> None:
    async def story() -> None:
        async with House() as house:
            client = Client(house.hub, FORMS[0])
            client.attach(CHAT)
            await asyncio.sleep(0.01)
            house.hub.unreadable(house.hub.channels[CHAT])
            await house.publish(CHAT)
            await asyncio.sleep(0.01)
            assert client.watched[CHAT].numbers == [1]

    asyncio.run(story())


def test_what_was_held_back_comes_first_and_then_all_the_rest() -> None:
    """A client whose connect command is being answered gets everything after the answer, in order."""

    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, form) for form in FORMS[:2]]
            for client in clients:
                client.hold()
                client.attach(CHAT, hold=True)
            await asyncio.sleep(0.01)
            for _ in range(2):
                await house.publish(CHAT)
                await asyncio.sleep(0)
            assert [client.watched[CHAT].numbers for client in clients] == [[], []]
            for client in clients:
                client.release()
            await house.publish(CHAT)
            await asyncio.sleep(0.01)
            assert [client.watched[CHAT].numbers for client in clients] == [[1, 2, 3]] * 2

    asyncio.run(story())
