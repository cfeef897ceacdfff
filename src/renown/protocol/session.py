"""One connection's conversation, as a state machine without I/O.

Feed it what was received and the time, and it returns what is to be done. Commands are taken strictly
in order: one that asks something of the surroundings halts those behind it until the answer is handed
in. A question is always the last effect of a call. Times are seconds of any clock that never goes back.
"""

from collections import deque
from functools import partial
from math import inf
from typing import Final

from renown.protocol.access import ServerSubscription
from renown.protocol.codec import Undecodable
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES, Disconnect, Error
from renown.protocol.commands import (
    Command,
)
from renown.protocol.conversation import Made, State
from renown.protocol.effects import (
    Answer,
    Effect,
    Position,
    Send,
)
from renown.protocol.handling import Handler
from renown.protocol.outcomes import Ended, Failed
from renown.protocol.pacing import Pace

__all__ = ["Session", "State"]

_TRIES: Final = 3
"""How often keys are waited for before a token counts as bad."""
_QUEUE: Final = 1024
"""Commands that may wait at least; more where more channels may be subscribed to at once."""


class Session(Handler):
    """The server's side of one connection.

    `due` is when `tick` must be called next. It only changes within calls of this object.
    """

    __slots__ = ()

    # What comes in

    def receive(self, message: bytes, now: float) -> list[Effect]:
        """Take one message of the client."""
        if self.state is State.CLOSED:
            return []
        try:
            commands = self._codec.split(message)
        except Undecodable:
            return self.close(DISCONNECTS.BAD_REQUEST)
        for encoded in commands:
            if self._pong_by < inf and encoded == self._codec.pong:
                self._pong_by = inf
            else:
                self._enqueue(encoded)
        return self._work(now)

    def answered(self, answer: Answer | Error, now: float) -> list[Effect]:
        """Take the answer to the question asked last."""
        pending, self._pending = self._pending, None
        if pending is None or self.state is State.CLOSED:
            return []
        if pending.instead is not None:
            answer = pending.instead
        return self._careful(pending.number, partial(pending.finish, answer, now)) + self._work(now)

    def go_on(self, now: float) -> list[Effect]:
        """Take the commands that waited while the session was `halted`."""
        self.halted = False
        return [] if self.state is State.CLOSED else self._work(now)

    def tick(self, now: float) -> list[Effect]:
        """Do what time demands: pings, deadlines, expiry."""
        if self.state is State.CLOSED or now < self.due:
            return []
        why = self._overdue(now)
        if why is not None:
            return self.close(why)
        effects: list[Effect] = []
        for channel in self._subscriptions.expired(now):
            effects += self.unsubscribe(channel, UNSUBSCRIBES.EXPIRED)
        if self.state is State.OPEN and now >= self._ping_at:
            effects.append(Send(self._codec.ping))
            self._ping_at = now + self._limits.ping
            self._pong_by = min(self._pong_by, now + self._limits.pong)
        self._update_due()
        return effects

    def _overdue(self, now: float) -> Disconnect | None:
        if self.state is not State.OPEN:
            return DISCONNECTS.STALE
        if now >= self._pong_by:
            return DISCONNECTS.NO_PONG
        if now >= self._expires_by:
            return DISCONNECTS.EXPIRED
        return DISCONNECTS.SLOW if self._subscriptions.overdue(now) else None

    def subscribe(
        self,
        channel: str,
        now: float,
        said: ServerSubscription | None = None,
        *,
        since: Position | None = None,
        ttl: float | None = None,
    ) -> list[Effect]:
        """Make a subscription, from a position on if `since` is given; nothing happens where one stands.

        After `ttl` seconds and the grace it ends the connection, unless it was refreshed.
        """
        if self.state is not State.OPEN and self._opening is None:
            return []
        self._enqueue(Made(channel, said or ServerSubscription(), since, self._deadline(ttl, now)))
        return self._work(now)

    # Commands, in order

    def _work(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._queue and self._pending is None and not self.halted:
            what = self._queue.popleft()
            effects += self._make(what) if isinstance(what, Made) else self._take(what, now)
        if not self._queue:
            self._queue = None
        elif len(self._queue) > max(_QUEUE, 2 * self._limits.channels):
            effects += self.close(DISCONNECTS.TOO_MANY_REQUESTS)
        self._update_due()
        return effects

    def _take(self, encoded: bytes, now: float) -> list[Effect]:
        try:
            command = self._codec.command(encoded)
        except Undecodable:
            return self.close(DISCONNECTS.BAD_REQUEST)
        number = command.id or 0
        return self._careful(number, lambda: self._paced(number, command, now))

    def _paced(self, number: int, command: Command, now: float) -> list[Effect]:
        if self._allowance is not None:
            pace = self._allowance.spend(self._limits, now, command, self._subscriptions)
            if pace is Pace.RELENTLESS:
                raise Ended(DISCONNECTS.TOO_MANY_REQUESTS)
            if pace is Pace.TOO_FAST and number and self.state is State.OPEN:
                raise Failed(ERRORS.TOO_MANY_REQUESTS)
        return self._try(number, command, _TRIES, now)

    def _enqueue(self, what: bytes | Made) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(what)
