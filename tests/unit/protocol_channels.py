"""How the model of the protocol has channels subscribed to and left: sections 8, 11 and 17."""

from dataclasses import replace
from typing import Any

from renown.protocol.access import Action, Refusal, Route, ServerSubscription
from renown.protocol.codes import Error
from renown.protocol.effects import MapPage, Newest
from renown.protocol.replies import Publication
from tests.unit.protocol_ground import Ground
from tests.unit.protocol_reading import Value, value_of
from tests.unit.protocol_words import (
    Ends,
    Held,
    Reading,
    Refused,
    Steps,
    Told,
    Wish,
    entry,
    is_filter,
    lean,
    life,
    say,
)

__all__ = ["Channels"]


class Channels(Ground):
    """A connection that subscribes."""

    # Subscribe: section 8

    def _subscribe_(self, number: int, request: Value) -> Steps:
        channel = self._named(request)
        if request.get("delta", "") not in ("", "fossil"):
            raise Ends(3501)
        if len(channel.encode()) > self.limits.channel_name:
            raise Refused(107)
        if channel in self.standing:
            raise Refused(105)
        own = sum(held.by != "server" for held in self.standing.values()) + len(self.readings)
        if own >= self.limits.channels and channel not in self.readings:
            raise Refused(106)
        kind = request.get("type", 0)
        if kind in (1, 2, 3):
            yield from self._map(number, channel, request)
            return
        if channel in self.readings:
            raise Refused(113)
        wish = self._granted(channel, request)
        answer = yield self._attach(wish)
        result = self._stream(wish, answer)
        if isinstance(answer, Error) or (wish.strict and wish.recovering and not result.get("recovered")):
            code = answer.code if isinstance(answer, Error) else 112
            yield say(id=number, error=Refused(code).error)
            yield ("detach", channel)
            return
        self.standing[channel] = replace(wish.held, expires=self._until(wish.ttl))
        self._speakable(getattr(answer, "publications", ()) if "publications" in result else ())
        yield say(id=number, subscribe=result)

    def _granted(self, channel: str, request: Value) -> Wish:
        """Return what a client gets of a channel, after the checks of section 8.2."""
        channel, route = self._route(request)
        token, held, claims = request.get("token", ""), Held("rights"), None
        if token:
            claims = self._about(token, channel)
            held = Held("token", token_id=claims.token_id, info=claims.info)
        elif not self._may_have(channel):
            soon = self.rules.may(Action.SUBSCRIBE, channel, self.claims, subscribed=True)
            raise Refused(103, temporary=bool(route.presence_of) and soon)
        kind = request.get("type", 0)
        if not (route.plain if kind == 0 else route.map and kind == route.map_type):
            raise Refused(107)
        if "tf" in request and (not route.filters or not is_filter(request["tf"])):
            raise Refused(107)
        wish = self._positions(channel, route, request, held, asks=True)
        wish.strict = bool(request.get("flag", 0) & 2)
        wish.filtered = "tf" in request
        wish.delta = route.delta and request.get("delta") == "fossil" and not wish.filtered
        wish.ttl = None if claims is None else claims.ttl
        wish.data = None if claims is None or claims.data is None else value_of(bytes(claims.data))
        if route.join_leave and request.get("join_leave"):
            wish.joins = self.rules.may(Action.PRESENCE, channel, self.claims, subscribed=True)
        wish.joins |= route.join_leave and route.force_join_leave
        return wish

    def _about(self, token: str, channel: str) -> Any:
        claims = self._token("subscription", token)
        if isinstance(claims, Refusal):
            raise Refused(109 if claims is Refusal.EXPIRED else 103)
        if (claims.channel, claims.user) != (channel, self.user) or claims.client not in ("", "c"):
            raise Ends(3500)
        if claims.token_id in self.rules.revocations:
            raise Refused(103)
        if claims.ttl is not None and claims.ttl <= 0:
            raise Refused(110)
        return claims

    def _positions(self, channel: str, route: Route, request: Value, held: Held, *, asks: bool) -> Wish:
        """Return whether a subscription recovers and has a position: section 8.3."""
        recovering = request.get("recover", False)
        recoverable = positioned = route.logged and route.recover
        wants = asks and route.logged and not recoverable
        if wants and self._may(Action.HISTORY, channel):
            recoverable = bool(request.get("recoverable") or recovering)
            positioned = recoverable or bool(request.get("positioned"))
        wish = Wish(channel, route, held, recovering, recoverable, positioned)
        if recovering and recoverable:
            wish.since = request.get("epoch", ""), request.get("offset", 0)
        return wish

    def _given(self, channel: str, request: Value, said: ServerSubscription | None = None) -> Wish | None:
        """Return what the server gives of a channel, None: nothing."""
        route = self._route_of(channel)
        if route is None or not route.plain or channel in self.standing:
            return None
        wish = self._positions(channel, route, request, Held("server"), asks=False)
        wish.data = None if said is None or said.data is None else value_of(bytes(said.data))
        wish.joins = route.join_leave and route.force_join_leave
        return wish

    def _stream(self, wish: Wish, found: Any) -> Value:
        """Return the result of section 8.3 and 8.4 for a log, or a channel of which the newest counts."""
        if isinstance(found, Error):
            return {}
        here = (found.epoch, found.offset if isinstance(found, Newest) else found.top)
        recovered, pubs, offset = False, [], here[1]
        if isinstance(found, Newest):
            if wish.since:
                nothing_yet = wish.since[1] == 0 and wish.since[0] in ("", here[0])
                recovered = here[1] > 0 or nothing_yet
            if here[1] and found.data and wish.since != here:
                pubs = [lean(data=value_of(found.data), offset=here[1])]
        elif wish.since:
            epoch, known = wish.since
            offsets = [pub.offset for pub in found.publications]
            complete = known + len(offsets) + found.skipped == here[1] and (
                found.skipped > 0 or offsets == list(range(known + 1, here[1] + 1))
            )
            recovered = epoch in ("", here[0]) and complete
            if recovered:
                pubs, offset = [entry(pub) for pub in found.publications], known
        placed = wish.positioned
        return lean(
            recoverable=wish.recoverable,
            positioned=placed,
            epoch=here[0] if placed else "",
            offset=offset if placed else 0,
            publications=pubs,
            recovered=recovered,
            was_recovering=wish.recovering,
            data=wish.data,
            delta=wish.delta,
            **(life(wish.ttl)),
        )

    def _speakable(self, publications: Any) -> None:
        """End the connection of a JSON client that was to be told what is no JSON: section 3, rule 3."""
        if self.is_json and any(pub.binary for pub in publications):
            raise Ends(3506)

    def _unsubscribe_(self, number: int, request: Value) -> Steps:
        channel = self._named(request)
        held, reading = self.standing.pop(channel, None), self.readings.pop(channel, None)
        if held is not None or reading is not None:
            yield ("detach", channel)
        yield say(id=number, unsubscribe={})
        if held is not None or reading is not None:
            yield from self._no_more_to_see(channel, 2000)

    def _sub_refresh_(self, number: int, request: Value) -> Steps:
        channel, token = request.get("channel", ""), request.get("token", "")
        if channel and channel not in self.standing:
            raise Refused(103)
        if not token:
            raise Refused(107)
        claims = self._token("subscription", token)
        if claims is Refusal.EXPIRED:
            raise Refused(109, temporary=True)
        if claims is Refusal.INVALID or claims.token_id in self.rules.revocations:
            raise Ends(3500)
        if (claims.channel, claims.user) != (channel or claims.channel, self.user):
            raise Ends(3500)
        if claims.client not in ("", "c"):
            raise Ends(3500)
        if claims.channel not in self.standing:
            raise Refused(103)
        if claims.ttl is not None and claims.ttl <= 0:
            raise Refused(110)
        before = self.standing[claims.channel]
        by = "server" if before.by == "server" else "token"
        held = Held(by, self._until(claims.ttl), claims.token_id, before.info)
        self.standing[claims.channel] = held
        yield say(id=number, sub_refresh=life(claims.ttl))

    # Subscriptions that the server makes: section 11

    def _make(self, channel: str, since: tuple[str, int] | None) -> Steps:
        asked = {} if since is None else {"recover": True, "epoch": since[0], "offset": since[1]}
        wish = self._given(channel, asked)
        if wish is None:
            return
        answer = yield self._attach(wish)
        if isinstance(answer, Error):
            yield ("detach", channel)
            return
        result = self._stream(wish, answer)
        self.standing[channel] = Held("server")
        said = {
            name: result[name] for name in ("recoverable", "positioned", "epoch", "offset") if name in result
        }
        yield say(push={"channel": channel, "subscribe": said})
        for each in result.get("publications", []):
            yield say(push={"channel": channel, "pub": each})

    # Maps: section 17

    def _map(self, number: int, channel: str, request: Value) -> Steps:
        try:
            wish, page = self._part(channel, request)
        except Refused as refused:
            if refused.error["code"] == 113 or channel not in self.readings:
                raise
            yield from self._lose(number, channel, refused)
            return
        reading = self.readings.get(channel)
        becomes = wish.held if reading else replace(wish.held, expires=self._until(wish.ttl))
        answer = yield self._attach(wish, page=page)
        if isinstance(answer, Error):
            yield from self._lose(number, channel, Refused(answer.code))
        elif page[0] == 1 and not answer.persistent:
            yield from self._lose(number, channel, Refused(107))
        else:
            wish.held = becomes
            yield self._paged(number, wish, page, answer)

    def _lose(self, number: int, channel: str, refused: Refused) -> Steps:
        self.readings.pop(channel, None)
        yield say(id=number, error=refused.error)
        yield ("detach", channel)

    def _part(self, channel: str, request: Value) -> tuple[Wish, tuple[int, str, int]]:
        reading = self.readings.get(channel)
        if reading is None:
            wish = self._granted(channel, request)
        elif not self._stands(channel):
            raise Refused(103)
        else:
            wish = reading.wish
        phase, cursor = request.get("phase", 0), request.get("cursor", "")
        if phase not in (1, 2):
            raise Refused(107)
        page = phase, cursor, min(1000, max(100, request.get("limit", 0)))
        if reading is None:
            first = phase == 2 and not cursor
            if not first and not (phase == 1 and request.get("recover")):
                raise Refused(103)
            wish.recovering = not first
            wish.since = None if first else (request.get("epoch", ""), request.get("offset", 0))
            return wish, page
        if reading.lost or request.get("epoch", "") not in ("", reading.epoch):
            raise Refused(112)
        if phase == 2 and not cursor:
            raise Refused(113)
        if phase == 2 and reading.catching_up:
            raise Refused(103)
        frozen = reading.frozen
        # Protobuf does not tell an offset of 0 from none: whoever says none stands where the snapshot froze.
        wish.since = reading.epoch, (request.get("offset", frozen) if phase == 1 else frozen)
        return wish, page

    def _paged(self, number: int, wish: Wish, page: tuple[int, str, int], found: MapPage) -> Told:
        entries = [self._entry(pub, wish) for pub in found.state]
        changes = [self._entry(pub, wish) for pub in found.publications]
        shown = {"type": wish.route.map_type, "epoch": found.epoch, "state": entries, "publications": changes}
        if found.live:
            self.readings.pop(wish.channel, None)
            self.standing[wish.channel] = wish.held
            return say(
                id=number,
                subscribe=lean(
                    **shown,
                    offset=found.offset,
                    recoverable=found.persistent,
                    positioned=found.persistent,
                    recovered=wish.recovering,
                    was_recovering=wish.recovering,
                    data=wish.data,
                    delta=wish.delta,
                    **life(wish.ttl),
                ),
            )
        before = self.readings.get(wish.channel)
        if before is None or not before.catching_up:
            frozen = before.frozen if before else found.offset
            catching_up = page[0] == 1 or not found.cursor
            finish_by = self.now + (5 if catching_up else 30)
            self.readings[wish.channel] = Reading(wish, found.epoch, frozen, finish_by, catching_up)
        last = found.publications[-1].offset if page[0] == 1 and found.publications else found.offset
        return say(id=number, subscribe=lean(**shown, offset=last, phase=page[0], cursor=found.cursor))

    def _entry(self, pub: Publication, wish: Wish) -> Value:
        """Return a key as it is said: in JSON with patches its data is text, section 15."""
        said = entry(pub)
        if wish.delta and self.is_json and not pub.removed:
            said["data"] = bytes(pub.data).decode()
        return said
