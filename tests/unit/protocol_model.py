"""What the protocol says that a server answers, as a model to hold a session against.

Written from the specification (sections 5 to 17) and not from the session: each command is told here from its
beginning to its end, as a generator that says its replies and asks its questions on the way. What belongs to
the surroundings comes from there: the rules of a test say who may what, `ROUTES` what channels are like.

What is done is told as tuples: `("say", reply)`, `("close", code, reason)`, `("ask", kind, what)`,
`("detach", channel)`, `("release",)`. What one step would say is not said when the step ends the connection.
"""

from math import ceil, inf
from typing import Any, Final

from renown.protocol.access import Action, KeysPending, Refusal
from renown.protocol.codes import Error
from renown.protocol.effects import History, Returned
from tests.unit.protocol_channels import Channels
from tests.unit.protocol_reading import Value, read_frame, value_of
from tests.unit.protocol_words import Ends, Held, Refused, Steps, Told, entry, lean, life, say, seen

__all__ = ["Model"]

FIRST: Final = (
    "connect",
    "subscribe",
    "unsubscribe",
    "publish",
    "presence",
    "presence_stats",
    "history",
    "rpc",
    "send",
    "refresh",
    "sub_refresh",
)
"""Which request of a command counts: section 5, rule 3."""


class Model(Channels):
    """One connection."""

    # What comes in

    def receive(self, frame: bytes) -> list[Told]:
        """Return what is done about a frame."""
        if self.stage == "closed":
            return []
        commands = read_frame(frame, is_json=self.is_json)
        if commands is None:
            return self._close(3501)
        plain = b"{}" if self.is_json else b""
        for encoded, said in commands:
            if encoded == plain and said is not None and self.pong_by < inf:
                self.pong_by = inf
            else:
                self.queue.append(("command", said))
        return self._go_on()

    def answered(self, answer: Any) -> list[Told]:
        """Return what is done about the answer to the question asked last."""
        doing, self.doing = self.doing, None
        assert doing is not None
        return self._go_on(Error(doing.instead, "") if doing.instead else answer)

    def _go_on(self, answer: Any = None) -> list[Told]:
        done: list[Told] = []
        start = 0
        while self.stage != "closed" and self.doing is None:
            if self.step is None:
                if not self.queue:
                    break
                start, answer = len(done), None
                self.step = self._steps(*self.queue.popleft())
            try:
                done.append(self.step.send(answer))
            except StopIteration:
                self.step = None
            except Ends as end:
                self.step = None
                done[start:] = self._close(end.code)
            answer = None
        return done

    def _steps(self, what: str, said: Any) -> Steps:
        if what == "made":
            yield from self._make(*said)
            return
        if said is None:
            raise Ends(3501)
        try:
            yield from self._command(said)
        except Refused as refused:
            if self.stage == "new":
                self.stage = "refused"
            yield say(id=said.get("id", 0), error=refused.error)

    # Time

    @property
    def due(self) -> float:
        """When something happens by itself."""
        if self.stage == "closed":
            return inf
        if self.stage != "open":
            return self.connect_by
        finish = [reading.finish_by for reading in self.readings.values()]
        expiry = [held.expires for held in self.standing.values()]
        return min(self.ping_at, self.pong_by, self.expires_by, *finish, *expiry)

    def tick(self) -> list[Told]:
        """Return what is done when time has come."""
        if self.now < self.due:
            return []
        if self.stage != "open":
            return self._close(3502)
        if self.now >= self.pong_by:
            return self._close(3012)
        if self.now >= self.expires_by:
            return self._close(3005)
        if any(self.now >= reading.finish_by for reading in self.readings.values()):
            return self._close(3008)
        done: list[Told] = []
        for channel in [name for name, held in self.standing.items() if self.now >= held.expires]:
            done += self.unsubscribe(channel, 2501)
        if self.stage == "open" and self.now >= self.ping_at:
            done.append(("say", {}))
            self.ping_at = self.now + self.limits.ping
            self.pong_by = min(self.pong_by, self.now + self.limits.pong)
        return done

    # What the server does by itself

    def push(self, data: bytes) -> list[Told]:
        """Return what is done to say something outside of channels."""
        if self.is_json and isinstance(value_of(data), bytes):
            told: Told = ("close", 3506)
        else:
            told = say(push={"message": {"data": value_of(data)}})
        if self.early is not None:
            self.early.append(told)
        if self.stage != "open":
            return []
        return self._close(3506) if told[0] == "close" else [told]

    def subscribe(self, channel: str, since: tuple[str, int] | None) -> list[Told]:
        """Return what is done when the server subscribes the client."""
        if self.stage != "open" and self.early is None:
            return []
        self.queue.append(("made", (channel, since)))
        return self._go_on()

    def recheck(self) -> list[Told]:
        """Return what is done after rights have changed."""
        done: list[Told] = []
        for channel in self.channels:
            if self._held(channel) is not None and not self._stands(channel):
                done += self.unsubscribe(channel, 2000)
        return done

    # Commands in general

    def _command(self, said: Value) -> Steps:
        number, name = said.get("id", 0), next((name for name in FIRST if name in said), "")
        self._pace(said, number, name)
        for attempt in range(4):
            try:
                yield from self._handle(number, name, said.get(name, {}))
                return
            except KeysPending:
                if attempt == 3:
                    raise (Refused(103) if name == "subscribe" else Ends(3500)) from None
                answer = yield self._ask("Await")
                if isinstance(answer, Error):
                    raise Refused(answer.code) from None

    def _handle(self, number: int, name: str, request: Value) -> Steps:
        if self.stage != "open":
            if name != "connect" or not number or self.stage == "refused":
                raise Ends(3501)
            yield from self._connect(number, request)
        elif not number and name != "send":
            if self.pong_by == inf:
                raise Ends(3501)
            self.pong_by = inf
        elif name in ("", "connect"):
            raise Ends(3501)
        else:
            yield from getattr(self, f"_{name}_")(number, request)

    def _pace(self, said: Value, number: int, name: str) -> None:
        """Count a command against what may be sent: the first subscribes and leaving cost nothing."""
        if not self.limits.commands:
            return
        if "subscribe" in said and self.free:
            self.free -= 1
            return
        left = said.get("unsubscribe", {}).get("channel", "")
        if left in self.standing or left in self.readings:
            return
        most = max(1, self.limits.burst, len(self.standing) + len(self.readings))
        gained = (self.now - self.level_at) * self.limits.commands
        self.level = min(most, self.level + gained) - 1
        self.level_at = self.now
        if self.level < -most:
            raise Ends(3013)
        if self.level < 0 and number and self.stage == "open":
            raise Refused(111)

    # Connect and refresh: sections 6, 10, 11

    def _connect(self, number: int, request: Value) -> Steps:
        token = request.get("token", "")
        claims = None
        if token:
            claims = self._token("connection", token)
            if claims is Refusal.EXPIRED:
                raise Refused(109)
            if claims is Refusal.INVALID:
                raise Ends(3500)
            if not claims.user and not self.rules.anonymous:
                raise Ends(3507)
            if claims.ttl is not None and claims.ttl <= 0:
                raise Refused(110)
        elif not self.rules.anonymous:
            raise Ends(3501)
        self._welcome(claims)
        if claims is not None and claims.user in self.rules.crowds:
            raise Ends(3504)
        self._become(claims)
        made = self.rules.server_side(self.claims)
        if len(made) > self.limits.server_channels:
            raise Ends(3505)
        self.early = []
        asked = request.get("subs", {})
        wishes = [self._given(channel, asked.get(channel, {}), said) for channel, said in made.items()]
        held_back = False
        for wish in [each for each in wishes if each is not None]:
            held_back = True
            answer = yield self._attach(wish, hold=True)
            if isinstance(answer, Error):
                yield ("detach", wish.channel)
                if answer.code == 100:
                    yield from self._close(3004)
                    return
                continue
            result = self._stream(wish, answer)
            if not result.get("recovered"):
                for each in result.pop("publications", []):
                    self.early.append(say(push={"channel": wish.channel, "pub": each}))
            self.results[wish.channel] = result
            self.standing[wish.channel] = Held("server")
        yield from self._open(number, claims.ttl if claims else None, held_back=held_back)

    def _welcome(self, claims: Any) -> None:
        if claims is not None and claims.token_id in self.rules.revocations:
            raise Ends(3500)
        if claims is not None and claims.rights.blocked:
            raise Ends(3507)

    def _become(self, claims: Any) -> None:
        """Let the connection be that of somebody."""
        self.claims = self.rules.connection('{"user": ""}') if claims is None else claims
        self.user = self.claims.user

    def _open(self, number: int, ttl: float | None, *, held_back: bool) -> Steps:
        early, self.early = self.early or [], None
        self.stage = "open"
        self.expires_by = self._until(ttl)
        if self.limits.ping:
            self.ping_at = self.now + self.limits.ping / 2
        yield say(
            id=number,
            connect=lean(
                client="c",
                version=self.limits.version,
                subs=self.results,
                ping=ceil(self.limits.ping),
                pong=bool(self.limits.ping),
                **life(ttl),
            ),
        )
        for told in early:
            if told[0] == "close":
                raise Ends(told[1])
            yield told
        if held_back:
            yield ("release",)

    def _refresh_(self, number: int, request: Value) -> Steps:
        if not request.get("token"):
            raise Ends(3501)
        claims = self._token("connection", request["token"])
        if isinstance(claims, Refusal):
            raise Ends(3005 if claims is Refusal.EXPIRED else 3500)
        if claims.user != self.user:
            raise Ends(3500)
        self._welcome(claims)
        if claims.ttl is not None and claims.ttl <= 0:
            raise Refused(110)
        if self.rules.server_side(claims).keys() != self.rules.server_side(self.claims).keys():
            raise Ends(3010)
        self._become(claims)
        self.expires_by = self._until(claims.ttl)
        yield say(id=number, refresh=life(claims.ttl))

    # Everything else: section 10

    def _publish_(self, number: int, request: Value) -> Steps:
        channel, route = self._route(request)
        kind, removed = request.get("type", 0), request.get("removed", False)
        if kind not in (0, 1) or ("data" not in request and not (kind == 1 and removed)):
            raise Refused(107)
        if not route.publish or not self._may(Action.PUBLISH, channel):
            raise Refused(103)
        if not (route.map if kind else route.plain):
            raise Refused(108)
        key = ""
        if kind:
            key = "c" if route.client_key else request.get("key", "")
            if not key:
                raise Refused(107)
        here, held = self.rules.seen_as(self.claims, "c"), self._held(channel)
        yield from self._asked(
            number,
            "publish",
            self._ask(
                "Publish",
                channel=channel,
                data=None if kind and removed else request["data"],
                info=seen(here, held.info if held else None),
                key=key,
                removed=bool(kind and removed),
            ),
            lambda _: {},
        )

    def _presence_(self, number: int, request: Value) -> Steps:
        yield from self._who(
            number,
            "presence",
            request,
            lambda present: {"presence": {client: seen(info) for client, info in present.clients.items()}},
        )

    def _presence_stats_(self, number: int, request: Value) -> Steps:
        yield from self._who(
            number,
            "presence_stats",
            request,
            lambda present: {
                "num_clients": len(present.clients),
                "num_users": len({info.user for info in present.clients.values()}),
            },
        )

    def _who(self, number: int, name: str, request: Value, result: Any) -> Steps:
        channel, route = self._route(request)
        if not route.presence:
            raise Refused(108)
        if not self._may(Action.PRESENCE, channel):
            raise Refused(103)
        yield from self._asked(number, name, self._ask("ReadPresence", channel=channel), result)

    def _history_(self, number: int, request: Value) -> Steps:
        channel, route = self._route(request)
        if not route.history:
            raise Refused(108)
        if not self._may(Action.HISTORY, channel):
            raise Refused(103)
        limit, since = request.get("limit", 0), request.get("since")
        asked = self._ask(
            "ReadHistory",
            channel=channel,
            limit=300 if limit < 0 else min(300, limit),
            reverse=request.get("reverse", False),
            after=None if since is None else since.get("offset", 0),
            epoch="" if since is None else since.get("epoch", ""),
        )

        def result(found: History) -> Value:
            self._speakable(found.publications)
            return {
                "publications": [entry(pub) for pub in found.publications],
                "epoch": found.epoch,
                "offset": found.top,
            }

        yield from self._asked(number, "history", asked, result)

    def _rpc_(self, number: int, request: Value) -> Steps:
        method = request.get("method", "")
        refused = self.rules.may_call(method)
        if refused is not None:
            raise Refused(refused.code)

        def result(found: Returned) -> Value:
            said = value_of(found.data) if found.data else None
            if self.is_json and isinstance(said, bytes):
                raise Ends(3506)
            return lean(data=said)

        yield from self._asked(
            number, "rpc", self._ask("Call", method=method, data=request.get("data")), result
        )

    def _send_(self, number: int, request: Value) -> Steps:
        raise Ends(3508)
        yield

    def _asked(self, number: int, name: str, asked: Told, result: Any) -> Steps:
        answer = yield asked
        if isinstance(answer, Error):
            raise Refused(answer.code)
        yield say(id=number, **{name: result(answer)})
