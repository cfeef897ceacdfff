"""The hub under anything a bus and clients may do: lost, repeated, reordered updates; joins, leaves, pauses.

The log of one subject is the truth. Whatever happens, a watcher of a standing never sees an older version
after a newer one and ends with the newest; a watcher of activity sees every event once, in order; whoever
subscribes is answered with no less than what was committed when it asked.
"""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renown.gateway.channels import Address, Channels
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.hub import Hub
from renown.gateway.hub.library import Library
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import ChannelRule, ChannelRules, GatewayOptions
from renown.gateway.wires import WS_JSON
from renown.model import Entry, Update
from renown.protocol.codes import Disconnect, Error
from renown.protocol.effects import Attach, Log, Newest, Position, State

SUBJECT = "seller:42"
CHANNELS = ("standing:" + SUBJECT, "activity:" + SUBJECT, "feed:all", "board:seller")
OPTIONS = GatewayOptions(
    channels=ChannelRules(
        standing=ChannelRule(0.002),
        board=ChannelRule(0.002),
        feed=ChannelRule(0.002),
        detail=ChannelRule(0.002),
    )
)
FOUND = Channels(OPTIONS)


class Truth:
    """A ledger of one subject, read with a delay of some loop turns."""

    id = "e"
    tier: str | None = None

    def __init__(self) -> None:
        self.top = 0
        self.told = 0

    def commit(self, count: int) -> Update:
        first = self.top + 1
        self.top += count
        activity = tuple((v, v, b'{"version":%d}' % v) for v in range(first, self.top + 1))
        return Update(SUBJECT, self.top, self.top, self._standing(), activity)

    def _standing(self) -> bytes:
        return json.dumps(
            {"subject": SUBJECT, "version": self.top, "score": self.top, "low": 0, "high": 0, "count": 1}
            | {"categories": {}, "tier": self.tier, "badges": [], "status": "active", "provisional": False}
            | {"updated_at": "2026-01-01T00:00:00Z", "cause": None}
        ).encode()

    def behind(self) -> bool:
        return self.told < self.top

    async def snapshots(self, subjects: list[str]) -> dict[str, tuple[int, bytes]]:
        found = {SUBJECT: (self.top, self._standing())} if self.top and SUBJECT in subjects else {}
        await asyncio.sleep(0)
        return found

    async def activity(self, subject: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        last = min(self.top, after + limit)
        await asyncio.sleep(0)
        return [(v, b'{"version":%d}' % v) for v in range(after + 1, last + 1)]

    async def recent(self, kind: str | None, limit: int) -> tuple[int, list[bytes]]:
        top = self.top
        await asyncio.sleep(0)
        return top, [b'{"version":%d}' % v for v in range(top, max(0, top - limit), -1)]

    async def board(self, kind: str, limit: int) -> tuple[int, list[bytes]]:
        top, rows = self.top, [self._standing()] if self.top else []
        await asyncio.sleep(0)
        return top, rows

    async def page(self, kind: str, after: str, limit: int) -> tuple[int, list[tuple[str, int, bytes]]]:
        top, rows = await self.changed(kind, 0, limit)
        return top, [row for row in rows if row[0] > after]

    async def changed(self, kind: str, after: int, limit: int) -> tuple[int, list[tuple[str, int, bytes]]]:
        top, rows = self.top, [(SUBJECT, self.top, self._standing())] if self.top > after else []
        await asyncio.sleep(0)
        return top, rows

    async def events(self, subject: str, before: int | None, limit: int) -> list[Entry]:
        return []

    def confidence(self, subject: str) -> float:
        return 0.95


class Failing(Truth):
    """A ledger that cannot be read for a while."""

    fails = True

    async def snapshots(self, subjects: list[str]) -> dict[str, tuple[int, bytes]]:
        self._check()
        return await super().snapshots(subjects)

    async def recent(self, kind: str | None, limit: int) -> tuple[int, list[bytes]]:
        self._check()
        return await super().recent(kind, limit)

    async def board(self, kind: str, limit: int) -> tuple[int, list[bytes]]:
        self._check()
        return await super().board(kind, limit)

    def _check(self) -> None:
        if self.fails:
            raise OSError("unreadable")


class Watcher:
    """A connection that reads its frames and checks them as they come."""

    def __init__(self, hub: Hub, slow: bool, truth: Truth | None = None) -> None:
        self.hub = hub
        self.truth = truth
        self.due: dict[str, int] = {}
        self.outlet = -1
        self.wire = WS_JSON
        self.paused = False
        self.slow = slow
        self.waiting: set[str] = set()
        self.watched: set[str] = set()
        self.positions: dict[str, int] = {}
        self.newest: dict[str, Any] = {}
        self.lost = False

    def attach(self, channel: str) -> None:
        if channel in self.waiting | self.watched:
            return
        self.waiting.add(channel)
        address = FOUND.find(channel)
        assert isinstance(address, Address)
        recover = Position("e", self.positions[channel]) if channel in self.positions else None
        self.due[channel] = self.truth.top if self.truth else 0
        self.hub.attach(self, address, Attach(channel, recover if address.stream else None))

    def detach(self, channel: str) -> None:
        if channel in self.watched:
            self.watched.discard(channel)
            self.hub.detach(self, channel)

    def pause(self) -> None:
        self.paused = True
        self.hub.pause(self, list(self.watched))

    def resume(self) -> None:
        self.paused = False
        for frame in self.hub.resume(self, list(self.watched)):
            self.write(frame)

    def found(self, channel: str, state: State | Error) -> bool:
        assert isinstance(state, Newest | Log)
        self.waiting.discard(channel)
        if isinstance(state, Newest):
            assert state.offset >= self.positions.get(channel, 0)
            self.positions[channel] = state.offset
            self.newest[channel] = json.loads(state.data or b"null")
        else:
            known = self.positions.get(channel)
            if known is not None:
                assert [entry.offset for entry in state.publications] == list(range(known + 1, state.top + 1))
            self.positions[channel] = state.top
        assert self.positions[channel] >= self.due[channel], channel
        self.watched.add(channel)
        return True

    def lacking(self, top: int, feed: dict[str, Any]) -> list[tuple[str, object]]:
        """Return the channels in which it does not have the newest, with what it has."""
        positions = {each: self.positions[each] for each in self.watched if each != "feed:all"}
        stale: list[tuple[str, object]] = [(each, at) for each, at in positions.items() if at != top]
        if "feed:all" in self.watched and self.newest["feed:all"] != feed:
            stale.append(("feed:all", self.newest["feed:all"]))
        return stale

    def write(self, data: bytes, /) -> None:
        size = data[1]
        body = data[2:] if size < 126 else data[4:] if size == 126 else data[10:]
        for line in body.split(b"\n"):
            self._take(line)

    def _take(self, push: bytes) -> None:
        message = json.loads(push)["push"]
        channel, offset = message["channel"], message["pub"].get("offset")
        assert channel in self.watched, "a push before its reply or after its end"
        self.newest[channel] = message["pub"]["data"]
        if offset is None:
            assert channel.startswith(("feed:", "board:")), "only views are corrected"
            return
        if channel.startswith("activity:"):
            assert offset == self.positions[channel] + 1
        else:
            assert offset > self.positions[channel]
        self.positions[channel] = offset

    def crowded(self) -> None:
        return

    def close(self, why: Disconnect) -> None:
        raise AssertionError(why)

    def lost_track(self, channel: str) -> None:
        raise AssertionError("the truth has everything, so nothing is given up")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(1, 3), st.sampled_from(["told", "told", "lost", "late"])),
        st.tuples(st.just("repeat"), st.integers(0, 30), st.just("")),
        st.tuples(st.sampled_from(["attach", "detach"]), st.integers(0, 2), st.sampled_from(CHANNELS)),
        st.tuples(st.sampled_from(["pause", "resume"]), st.integers(0, 2), st.just("")),
        st.tuples(st.just("turn"), st.integers(1, 4), st.just("")),
        st.tuples(st.just("sleep"), st.just(0), st.just("")),
    ),
    min_size=5,
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_whatever_happens_nobody_goes_back_and_all_end_with_the_newest(
    steps: list[tuple[str, int, str]],
) -> None:
    asyncio.run(_story(steps))


async def _story(steps: list[tuple[str, int, str]]) -> None:
    truth, metrics = Truth(), GatewayMetrics()
    hub = Hub("e", OPTIONS, Delivery(metrics), metrics)
    library = Library(truth, hub, OPTIONS)
    hub.start(library)
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    watchers = [Watcher(hub, slow=False, truth=truth) for _ in range(3)]
    for watcher in watchers[:2]:
        for channel in CHANNELS:
            watcher.attach(channel)
    hub.take([truth.commit(1)])
    await asyncio.sleep(0.004)
    history: list[Update] = []
    late: list[Update] = []
    for step, number, what in steps:
        if step == "commit":
            update = truth.commit(number)
            history.append(update)
            if what == "told":
                truth.told = truth.top
                hub.take([update])
            elif what == "late":
                late.append(update)
        elif step == "repeat" and history:
            hub.take([history[number % len(history)]])
        elif step == "attach":
            watchers[number].attach(what)
        elif step == "detach":
            watchers[number].detach(what)
        elif step == "pause":
            watchers[number].pause()
        elif step == "resume":
            watchers[number].resume()
        elif step == "turn":
            for _ in range(number):
                await asyncio.sleep(0)
        elif step == "sleep":
            await asyncio.sleep(0.003)
    hub.take(late)
    for watcher in watchers:
        watcher.resume()
    await asyncio.sleep(0.02)
    # Repairs what was lost.
    await library.sweep()
    await _all_have_the_newest(watchers, truth)
    assert not failures, failures
    for watcher in watchers:
        for channel in CHANNELS:
            watcher.detach(channel)
    assert hub.channels == {}
    assert metrics.subscriptions == 0
    await library.close()
    hub.stop()


async def _all_have_the_newest(watchers: list[Watcher], truth: Truth) -> None:
    """Wait for what is on its way, however slow the machine is just now."""
    _, changes = await truth.recent(None, OPTIONS.feed_changes)
    feed = {"changes": [json.loads(change) for change in changes]}

    def lacking() -> list[tuple[str, object]]:
        return [each for watcher in watchers for each in watcher.lacking(truth.top, feed)]

    for _ in range(400):
        await asyncio.sleep(0.005)
        if not lacking():
            break
    assert not lacking()


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("told", ["told", "lost", "late"])
@pytest.mark.parametrize("turns", range(4))
def test_who_comes_while_a_channel_is_read_misses_no_commit(channel: str, told: str, turns: int) -> None:
    """The reading of a channel began before the commit, or one that was heard of is due only soon."""
    known = [("commit", 1, told), ("attach", 2, channel)]
    run(_story(known))
    begun = [("detach", 0, channel), ("detach", 1, channel), ("attach", 0, channel), ("turn", turns, "")]
    run(_story(begun + known))


@pytest.mark.parametrize("found_by", ["sweep", "somebody who joins"])
def test_what_is_read_otherwise_at_the_same_position_is_told_again(found_by: str) -> None:
    """A ledger can be repaired, and persons are forgotten, without an event."""

    async def story() -> None:
        truth, metrics = Truth(), GatewayMetrics()
        hub = Hub("e", OPTIONS, Delivery(metrics), metrics)
        library = Library(truth, hub, OPTIONS)
        hub.start(library)
        board = "board:seller"
        truth.commit(1)
        truth.told = truth.top
        here, slow, late = (Watcher(hub, slow=False) for _ in range(3))
        here.attach(board)
        slow.attach(board)
        await asyncio.sleep(0.01)
        slow.pause()
        truth.tier = "top"
        if found_by == "sweep":
            await library.sweep()
        else:
            # What is not heard of yet makes a reading for whoever comes.
            truth.told = 0
        late.attach(board)
        await asyncio.sleep(0.01)
        slow.resume()
        for watcher in (here, slow, late):
            assert watcher.newest[board]["rows"][0]["tier"] == "top"
            assert watcher.positions[board] == 1
        hub.take([truth.commit(1)])
        await asyncio.sleep(0.01)
        assert {watcher.positions[board] for watcher in (here, slow, late)} == {2}
        await library.close()
        hub.stop()

    run(story())


def test_a_burst_for_thousands_is_framed_once() -> None:
    """All members get the very same bytes object."""

    async def story() -> None:
        truth, metrics = Truth(), GatewayMetrics()
        hub = Hub("e", OPTIONS, Delivery(metrics), metrics)
        library = Library(truth, hub, OPTIONS)
        hub.start(library)
        frames: list[bytes] = []

        class Keeping(Watcher):
            def write(self, data: bytes, /) -> None:
                frames.append(data)

        watchers = [Keeping(hub, slow=False) for _ in range(1000)]
        for watcher in watchers:
            watcher.attach("standing:" + SUBJECT)
            watcher.attach("activity:" + SUBJECT)
        await asyncio.sleep(0.01)
        hub.take([truth.commit(2)])
        await asyncio.sleep(0.01)
        assert len(frames) == 1000
        assert len({id(frame) for frame in frames}) == 1
        assert frames[0].count(b'{"push"') == 3
        assert metrics.deliveries == 3000
        await library.close()
        hub.stop()

    run(story())


def test_who_asks_again_while_told_that_a_channel_cannot_be_read_is_answered() -> None:
    """The channel that could not be read is gone before anyone is told, so a new one is loaded."""

    async def story() -> None:
        truth, metrics = Failing(), GatewayMetrics()
        hub = Hub("e", OPTIONS, Delivery(metrics), metrics)
        library = Library(truth, hub, OPTIONS)
        hub.start(library)
        answers: list[bool] = []

        class Insisting(Watcher):
            def found(self, channel: str, state: State | Error) -> bool:
                answers.append(not isinstance(state, Error))
                if isinstance(state, Error):
                    truth.fails = False
                    self.waiting.discard(channel)
                    self.attach(channel)
                    return False
                return super().found(channel, state)

        for channel in CHANNELS:
            truth.fails = True
            answers.clear()
            watchers = [Insisting(hub, slow=False) for _ in range(3)]
            for watcher in watchers:
                watcher.attach(channel)
            await asyncio.sleep(0.01)
            assert sorted(answers) == [False] * 3 + [True] * 3
            assert all(watcher.watched == {channel} for watcher in watchers)
        assert metrics.channels == len(hub.channels) == len(CHANNELS)
        await library.close()
        hub.stop()

    run(story())


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)
