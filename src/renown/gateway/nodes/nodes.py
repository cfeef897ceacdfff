"""The other processes on the same data, as this one speaks to them: what it tells them and asks them.

The bus may lose, repeat and reorder what is said. A repeated message is dropped here; a question is asked
again until it is answered, and done once however often it was asked. What is only told is repaired by whoever
tells it: each says once a second where it stands, see `pulse`.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count
from typing import Any, Final, Protocol, TypeVar

import msgspec

from renown.bus.bus import Bus
from renown.gateway.nodes.messages import Alive, Envelope, Failed, Message

__all__ = ["Nodes", "Unanswered", "Watcher"]

_LOG = logging.getLogger("renown.gateway")
_PULSE: Final = 1.0
"""Seconds between two times that a node says where it stands."""
_SILENT: Final = 8.0
"""Seconds without a word after which a node has no part in anything until it speaks again."""
_PATIENCE: Final = (0.5, 1.0, 1.5)
"""Seconds that an answer may take before the question is asked again, the last time given up."""
_REMEMBERED: Final = 1_000
"""Questions of others that are known to be answered."""
_SMALL: Final = 65_536
"""Bytes of an answer that is kept to be given again; larger ones are found anew."""
_WINDOW: Final = 4_096

_M = TypeVar("_M", bound=Any)
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


class Unanswered(Exception):
    """A node did not answer, or could not do what it was asked."""


class Watcher(Protocol):
    """Who wants to know which nodes there are."""

    def came(self, node: str) -> None:
        """Note that a node takes part from now on."""
        ...

    def left(self, node: str) -> None:
        """Note that a node is gone, or silent."""
        ...

    def led(self) -> None:
        """Note that another node leads than before."""
        ...


class _Node:
    """What is known of another node."""

    __slots__ = ("fresh", "heard", "silent", "strange")

    def __init__(self, now: float) -> None:
        self.heard = now
        self.silent = False
        self.strange = False
        self.fresh = _Fresh()


class _Fresh:
    """Tells messages that came for the first time from repeated ones, by their numbers."""

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = 0
        self._seen: set[int] = set()

    def __call__(self, number: int) -> bool:
        if number in self._seen or number <= self._highest - _WINDOW:
            return False
        self._seen.add(number)
        self._highest = max(self._highest, number)
        if len(self._seen) > 2 * _WINDOW:
            self._seen = {each for each in self._seen if each > self._highest - _WINDOW}
        return True


class Nodes:
    """Lives on the event loop. While there are no others nothing is sent, and nothing encoded."""

    def __init__(self, bus: Bus, clock: Callable[[], float]) -> None:
        self.name: Final = bus.node
        """This node."""
        self.leader: str | None = None
        """The node that keeps what one must keep for all; None while that is being settled."""
        self._bus = bus
        self._clock = clock
        self._others: dict[str, _Node] = {}
        self._silence = 0
        """How many of them are silent."""
        self._watchers: list[Watcher] = []
        self._listeners: dict[type, Callable[[str, Any], None]] = {}
        self._answerers: dict[type, Callable[[str, Any], Awaitable[Message]]] = {}
        self._pulses: list[Callable[[], Message]] = []
        self._numbers = count(1)
        self._pending: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._answered: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._led = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pulsing: asyncio.Task[None] | None = None

    # Before the start

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` who comes and goes."""
        self._watchers.append(watcher)

    def hear(self, kind: type[_M], listener: Callable[[str, _M], None]) -> None:
        """Hand every message of a kind to `listener`, with who said it."""
        self._listeners[kind] = listener

    def answer(self, kind: type[_M], answerer: Callable[[str, _M], Awaitable[Message]]) -> None:
        """Have questions of a kind answered by `answerer`, which is told who asks."""
        self._answerers[kind] = answerer

    def pulse(self, tell: Callable[[], Message]) -> None:
        """Tell the others once a second what `tell` returns."""
        self._pulses.append(tell)

    async def start(self) -> None:
        """Join the others."""
        await self._bus.start(self)
        self._pulsing = asyncio.create_task(self._pulse_often(), name="renown-nodes")

    async def stop(self) -> None:
        """Leave the others."""
        for task in (self._pulsing, *self._tasks):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._pulsing = None
        await self._bus.stop()
        for node in list(self._others):
            self.left(node)

    # Speaking

    @property
    def others(self) -> list[str]:
        """The nodes that take part, without this one."""
        return [name for name, node in self._others.items() if not node.silent]

    @property
    def alone(self) -> bool:
        """Whether there is nobody to speak to."""
        return not self._others

    @property
    def leads(self) -> bool:
        """Whether this node leads."""
        return self.leader == self.name

    def tell(self, message: Message, to: str = "") -> None:
        """Tell something to one node, or to all that take part."""
        if not self._others:
            return
        said = self._encode(message)
        if to or not self._silence:
            self._bus.send(said, to)
        else:
            # What piles up before one that hangs would be worth nothing once it wakes.
            for node in self.others:
                self._bus.send(said, node)

    async def ask(self, node: str, question: Message) -> Any:
        """Return a node's answer.

        Raises:
            Unanswered: it does not answer, or could not do it.

        """
        number = next(self._numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = node, future
        try:
            for patience in _PATIENCE:
                if node not in self._others:
                    break
                self._bus.send(self._encode(question, question=number), node)
                done, _ = await asyncio.wait({future}, timeout=patience)
                if done:
                    return _good(future.result())
        finally:
            del self._pending[number]
        raise Unanswered(f"the node {node} does not answer")

    def look(self, node: str) -> None:
        """Look now whether a node is still there: if not, all who watch know when this returns."""
        self._bus.look(node)

    async def ask_all(self, question: Message) -> dict[str, Any]:
        """Return the answers of all others.

        Raises:
            Unanswered: one of them that is still there did not answer, or could not do it.

        """
        nodes = self.others
        if not nodes:
            return {}
        answers = await asyncio.gather(*(self._ask_if_there(node, question) for node in nodes))
        return {node: answer for node, answer in zip(nodes, answers, strict=True) if answer is not None}

    async def _ask_if_there(self, node: str, question: Message) -> Any:
        try:
            return await self.ask(node, question)
        except Unanswered:
            if node in self.others:
                raise
            return None

    async def find_leader(self, patience: float = 3.0) -> str:
        """Return who leads, once that is settled.

        Raises:
            Unanswered: it is not, for `patience` seconds.

        """
        try:
            async with asyncio.timeout(patience):
                while self.leader is None:
                    self._led.clear()
                    await self._led.wait()
        except TimeoutError:
            raise Unanswered("no node leads") from None
        return self.leader

    def _encode(self, body: Message, question: int = 0, answer: int = 0) -> bytes:
        return _encoder.encode(Envelope(next(self._numbers), question, answer, body))

    # Hearing: what the bus calls

    def heard(self, sender: str, message: bytes) -> None:
        """Take a message of another node."""
        node = self._others.get(sender)
        if node is None:
            # It is being missed, or has not come yet: what it says now it will say again.
            return
        try:
            envelope = _decoder.decode(message)
        except msgspec.DecodeError:
            if not node.strange:
                node.strange = True
                _LOG.warning("what another process says cannot be read: is it of another version?")
            return
        if not node.fresh(envelope.number):
            return
        node.heard = self._clock()
        if node.silent:
            node.silent = False
            self._silence -= 1
            self._each(lambda watcher: watcher.came(sender))
        self._take(sender, envelope)

    def came(self, node: str) -> None:
        """Note that a node is there."""
        self._others[node] = _Node(self._clock())
        self.tell(Alive(self._bus.leads), node)
        self._each(lambda watcher: watcher.came(node))

    def left(self, node: str) -> None:
        """Note that a node is gone."""
        known = self._others.pop(node, None)
        if known is None:
            return
        self._silence -= known.silent
        for asked, future in list(self._pending.values()):
            if asked == node and not future.done():
                future.set_result(Failed("gone"))
        if self.leader == node:
            self._lead(None)
        if not known.silent:
            self._each(lambda watcher: watcher.left(node))

    def leading(self) -> None:
        """Note that this node leads."""
        self._lead(self.name)
        self.tell(Alive(leads=True))

    def _lead(self, leader: str | None) -> None:
        if leader != self.leader:
            self.leader = leader
            if leader is not None:
                self._led.set()
                self._each(lambda watcher: watcher.led())

    def _take(self, sender: str, envelope: Envelope) -> None:
        body = envelope.body
        if envelope.answer:
            asked, future = self._pending.get(envelope.answer, ("", None))
            if future is not None and asked == sender and not future.done():
                future.set_result(body)
        elif envelope.question:
            self._asked(sender, envelope.question, body)
        elif isinstance(body, Alive):
            if body.leads:
                self._lead(sender)
            elif self.leader == sender:
                self._lead(None)
        elif (listener := self._listeners.get(type(body))) is not None:
            listener(sender, body)

    def _asked(self, sender: str, question: int, body: Message) -> None:
        key = sender, question
        known = self._answered.get(key)
        if known is not None:
            if known:
                self._bus.send(known, sender)
            return
        self._answered[key] = b""
        self.run(self._find(key, body))

    async def _find(self, key: tuple[str, int], body: Message) -> None:
        sender, question = key
        answerer = self._answerers.get(type(body))
        try:
            answer = Failed("unknown") if answerer is None else await answerer(sender, body)
        except Exception as error:
            _LOG.exception("a question of another process cannot be answered")
            answer = Failed("failed", str(error))
        said = self._encode(answer, answer=question)
        if len(said) <= _SMALL:
            self._answered[key] = said
        else:
            del self._answered[key]
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        self._bus.send(said, sender)

    # Helpers

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end, unless this node leaves first."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _each(self, tell: Callable[[Watcher], None]) -> None:
        for watcher in self._watchers:
            try:
                tell(watcher)
            except Exception:
                _LOG.exception("a change among the processes could not be taken note of")

    async def _pulse_often(self) -> None:
        while True:
            await asyncio.sleep(_PULSE)
            if not self._others:
                continue
            # Said to the silent, too: each may take the other for silent.
            self._bus.send(self._encode(Alive(self._bus.leads)))
            for tell in self._pulses:
                self.tell(tell())
            self._miss_silent()

    def _miss_silent(self) -> None:
        late = self._clock() - _SILENT
        for name, node in list(self._others.items()):
            if node.heard < late and not node.silent:
                node.silent = True
                self._silence += 1
                if self.leader == name:
                    self._lead(None)
                self._each(lambda watcher, name=name: watcher.left(name))


def _good(answer: Any) -> Any:
    if isinstance(answer, Failed):
        raise Unanswered(answer.detail or answer.code)
    return answer
