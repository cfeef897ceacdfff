"""What becomes of those who watch a room in the hub: who is there, who is too many, what is lost or ends."""

import asyncio

import msgspec

from renown.protocol.codes import DISCONNECTS, ERRORS
from renown.protocol.replies import ClientInfo
from renown.rooms import Draft
from tests.unit.hub_house import CHAT, FORMS, NEWS, SMALL, Client, House


def test_who_is_here_is_known_and_told() -> None:
    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, FORMS[n], f"c{n}") for n in (0, 3, 4)]
            for client in clients:
                client.attach(CHAT, info=ClientInfo("u", client.name), joins=client.name != "c3")
                await asyncio.sleep(0.01)
            assert house.hub.presence(CHAT).keys() == {"c0", "c3", "c4"}
            clients[0].detach(CHAT)
            await asyncio.sleep(0.01)
            assert house.hub.presence(CHAT).keys() == {"c3", "c4"}
            # A client hears of its own coming, and of nothing once it left.
            assert clients[0].heard == [("join", "c0", CHAT), ("join", "c3", CHAT), ("join", "c4", CHAT)]
            assert clients[1].heard == []
            assert clients[2].heard == [("join", "c4", CHAT), ("leave", "c0", CHAT)]
            for client in clients:
                client.detach(CHAT)
            await asyncio.sleep(0.01)
            assert house.hub.presence(CHAT) == {}

    asyncio.run(story())


def test_nobody_is_told_who_came_before_in_the_same_moment() -> None:
    async def story() -> None:
        async with House() as house:
            first, second = (Client(house.hub, FORMS[0], name) for name in ("first", "second"))
            for client in (first, second):
                client.attach(CHAT, info=ClientInfo("u", client.name), joins=True)
            await asyncio.sleep(0.01)
            assert [name for _, name, _ in first.heard] == ["first", "second"]
            assert [name for _, name, _ in second.heard] == ["second"]

    asyncio.run(story())


def test_a_room_that_begins_anew_sends_its_watchers_away_to_come_back() -> None:
    async def story() -> None:
        async with House() as house:
            client = Client(house.hub, FORMS[0])
            client.attach(CHAT)
            client.attach(NEWS)
            await asyncio.sleep(0.01)
            for channel in (CHAT, NEWS):
                await house.publish(channel)
                await asyncio.sleep(0.01)
                old = client.known[channel]
                await house.rooms.of(house.room(channel)).forget(channel)
                house.published[channel] = 0
                await house.publish(channel)
                await asyncio.sleep(0.01)
                assert client.lost[-1] == channel
                assert channel not in client.watched
                client.attach(channel)
                await asyncio.sleep(0.01)
                assert client.known[channel][0] not in ("", old[0])
                assert client.known[channel][1] == 1
            assert house.metrics.subscriptions == 2

    asyncio.run(story())


def test_what_the_listener_lost_is_read_from_the_log_or_given_up() -> None:
    async def story() -> None:
        async with House() as house:
            client = Client(house.hub, FORMS[0])
            for channel in (CHAT, SMALL):
                client.attach(channel)
            await asyncio.sleep(0.01)
            for channel in (CHAT, SMALL):
                for _ in range(5):
                    await _unheard(house, channel)
            await house.library.sweep()
            await asyncio.sleep(0.01)
            assert client.watched[CHAT].numbers == [1, 2, 3, 4, 5]
            # Of five publications the small room keeps three: the others cannot be had any more.
            assert client.lost == [SMALL]

    asyncio.run(story())


async def _unheard(house: House, channel: str) -> None:
    """Publish while the hub is deaf: its channel is out of the table for that moment."""
    watched = house.hub.channels.pop(channel)
    await house.publish(channel)
    house.hub.channels[channel] = watched


def test_one_too_many_is_refused() -> None:
    async def story() -> None:
        async with House() as house:
            clients = [Client(house.hub, FORMS[0]) for _ in range(3)]
            for client in clients:
                client.attach(SMALL)
            await asyncio.sleep(0.01)
            assert clients[2].answers == [ERRORS.LIMIT_EXCEEDED]
            clients[0].detach(SMALL)
            clients[2].attach(SMALL)
            await asyncio.sleep(0.01)
            assert SMALL in clients[2].watched

    asyncio.run(story())


def test_bytes_that_are_no_json_end_json_clients_alone() -> None:
    async def story() -> None:
        async with House() as house:
            readers: list[bytes] = []

            class Counting(Client):
                def _write(self, frame: bytes) -> None:
                    readers.append(frame)

            plain, binary = Client(house.hub, FORMS[0]), Counting(house.hub, FORMS[5])
            for client in (plain, binary):
                client.attach(CHAT)
            await asyncio.sleep(0.01)
            await house.rooms.publish(house.room(CHAT), Draft(msgspec.Raw(b"\xff\x00")))
            await asyncio.sleep(0.01)
            assert plain.closed == [DISCONNECTS.INAPPROPRIATE_PROTOCOL]
            assert not binary.closed
            assert len(readers) == 1

    asyncio.run(story())
