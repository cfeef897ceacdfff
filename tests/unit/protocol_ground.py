"""What the model of the protocol keeps of a connection, whom it asks, and how channels are left."""

from collections import deque
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Final

from renown.protocol.access import Action, KeysPending, Limits, Route, TokenRefused
from tests.unit.protocol_reading import Value
from tests.unit.protocol_talk import Rules
from tests.unit.protocol_words import (
    CODES,
    Doing,
    Ends,
    Held,
    Reading,
    Refused,
    Steps,
    Told,
    Wish,
    channel_of,
    say,
)

__all__ = ["Ground"]

ENDING: Final = {2500: 3010, 2501: 3006, 2502: 3014}
"""What ends a connection with a subscription that the server made: sections 9, 10 and 13."""


@dataclass
class Ground:
    """One connection."""

    rules: Rules
    routes: dict[str, Route]
    limits: Limits
    is_json: bool
    missing: int = 0
    """How many times keys are still to be fetched."""
    now: float = 0.0
    stage: str = "new"
    standing: dict[str, Held] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    queue: deque[Any] = field(default_factory=deque)
    doing: Doing | None = None
    early: list[Told] | None = None
    """While the connect command is being answered: what is said right after."""
    results: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.user = ""
        self.conn_info: Any = None
        self.claims: Any = None
        self.step: Steps | None = None
        self.connect_by = self.limits.connect
        self.ping_at = self.pong_by = self.expires_by = inf
        self.level, self.level_at = float(max(1, self.limits.burst)), 0.0
        self.free = self.limits.channels

    # How it ends

    def _close(self, code: int) -> list[Told]:
        self.stage, self.step = "closed", None
        doing, self.doing = self.doing, None
        if doing is not None and doing.channel:
            self.readings.pop(doing.channel, None)
            self.standing[doing.channel] = doing.held or Held("rights")
        self.queue.clear()
        return [("close", code, CODES[code])]

    # What is subscribed to

    @property
    def channels(self) -> list[str]:
        """What is subscribed to, or about to be."""
        names = [*self.standing, *self.readings]
        if self.doing is not None and self.doing.channel and self.doing.channel not in names:
            names.append(self.doing.channel)
        return names

    def _held(self, channel: str) -> Held | None:
        if self.doing is not None and self.doing.channel == channel:
            return self.doing.held
        reading = self.readings.get(channel)
        return self.standing.get(channel) or (reading and reading.wish.held)

    def _stands(self, channel: str) -> bool:
        held = self._held(channel)
        if held is None or held.by == "server":
            return True
        if held.by == "token":
            return held.token_id not in self.rules.revocations
        return self._may_have(channel)

    def unsubscribe(self, channel: str, code: int) -> list[Told]:
        """Return what is done when the server takes a channel away."""
        if self.stage == "closed":
            return []
        for waiting in [each for each in self.queue if each[0] == "made" and each[1][0] == channel]:
            self.queue.remove(waiting)
        if self.doing is not None and self.doing.channel == channel:
            self.doing.instead = 100 if code >= 2500 else 103
            return []
        if channel in self.readings:
            self.readings[channel].lost = True
            return [("detach", channel)]
        if channel not in self.standing:
            return []
        held = self.standing.pop(channel)
        if held.by == "server" and code in ENDING:
            return [("detach", channel), *self._close(ENDING[code])]
        if self.early is not None:
            self.results.pop(channel, None)
            self.early = [told for told in self.early if channel_of(told) != channel]
            return [("detach", channel)]
        gone = {"code": code, "reason": CODES[code]}
        told = say(push={"channel": channel, "unsubscribe": gone})
        return [told, ("detach", channel), *self._no_more_to_see(channel, code)]

    def _no_more_to_see(self, channel: str, code: int) -> list[Told]:
        """End what shows who is in a channel that the client has left."""
        done: list[Told] = []
        for name in self.channels:
            route = self._route_of(name)
            if isinstance(route, Route) and route.presence_of == channel and not self._stands(name):
                done += self.unsubscribe(name, code)
        return done

    # What is asked

    def _ask(self, kind: str, **what: Any) -> Told:
        self.doing = Doing()
        return ("ask", kind, what)

    def _attach(self, wish: Wish, *, page: tuple[int, str, int] | None = None, hold: bool = False) -> Told:
        told = self._ask(
            "Attach",
            channel=wish.channel,
            recover=wish.since,
            map=page,
            delta=wish.delta,
            filtered=wish.filtered,
            shown=wish.route.presence or wish.route.join_leave,
            joins=wish.joins,
            hold=hold,
        )
        self.doing = Doing(wish.channel, replace(wish.held, expires=inf))
        return told

    def _until(self, ttl: float | None) -> float:
        return inf if ttl is None else self.now + ttl + self.limits.grace

    # Who may what

    def _route_of(self, channel: str) -> Route | None:
        return self.routes.get(channel.lstrip("$").partition(":")[0])

    def _route(self, request: Value) -> tuple[str, Route]:
        channel = self._named(request)
        route = self._route_of(channel)
        if route is None:
            raise Refused(102)
        return channel, route

    def _named(self, request: Value) -> str:
        channel: str = request.get("channel", "")
        if not channel:
            raise Ends(3501)
        return channel

    def _may(self, action: Action, channel: str) -> bool:
        return self.rules.may(action, channel, self.claims, subscribed=channel in self.standing)

    def _may_have(self, channel: str) -> bool:
        route = self._route_of(channel)
        has = route is not None and route.presence_of in self.standing
        return self.rules.may(Action.SUBSCRIBE, channel, self.claims, subscribed=has)

    def _token(self, verify: str, token: str) -> Any:
        """Return what a good token says; for a bad one its fault."""
        if self.missing:
            self.missing -= 1
            raise KeysPending
        try:
            return getattr(self.rules, verify)(token)
        except TokenRefused as refused:
            return refused.why
