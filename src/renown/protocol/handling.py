"""What each command does in a conversation."""

from functools import partial
from math import inf
from sys import intern

from renown.protocol import connecting, mapping, requests, subscribing
from renown.protocol.access import KeysPending
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES, Error
from renown.protocol.commands import (
    ChannelRequest,
    Command,
    ConnectRequest,
    RefreshRequest,
    SubRefreshRequest,
    SubscribeRequest,
)
from renown.protocol.conversation import Conversation, Made, Pending, State
from renown.protocol.effects import (
    Answer,
    Await,
    Detach,
    Effect,
    Log,
    MapPage,
    Newest,
    Release,
    Send,
)
from renown.protocol.outcomes import Ended, Failed, expected, required
from renown.protocol.replies import EmptyResult, Push, Reply, SubscribePush, lifetime
from renown.protocol.subscriptions import Subscription
from renown.protocol.terms import Terms

__all__ = ["Handler"]


class Handler(Conversation):
    """A conversation that takes commands, one at a time."""

    __slots__ = ()

    def _try(self, number: int, command: Command, tries: int, now: float) -> list[Effect]:
        try:
            return self._handle(number, command, now)
        except KeysPending as pending:
            if tries:
                again = partial(self._try_again, number, command, tries - 1)
                return self._ask(Await(), Pending(again, number))
            if command.subscribe is not None:
                raise Failed(ERRORS.PERMISSION_DENIED) from pending
            raise Ended(DISCONNECTS.INVALID_TOKEN) from pending

    def _try_again(
        self, number: int, command: Command, tries: int, answer: Answer | Error, now: float
    ) -> list[Effect]:
        if isinstance(answer, Error):
            raise Failed(answer)
        return self._try(number, command, tries, now)

    def _handle(self, number: int, command: Command, now: float) -> list[Effect]:
        if self.state is not State.OPEN:
            if command.connect is None or not number or self.state is State.REFUSED:
                raise Ended(DISCONNECTS.BAD_REQUEST)
            return self._connect(number, command.connect, now)
        if not number and not command.sends:
            return self._pong()
        if command.connect is not None:
            raise Ended(DISCONNECTS.BAD_REQUEST)
        if command.subscribe is not None:
            return self._subscribe(number, command.subscribe, now)
        if command.unsubscribe is not None:
            return self._unsubscribe(number, command.unsubscribe)
        asked = requests.ask(self._caller, command)
        if asked is not None:
            return self._ask_for(number, asked)
        if command.refresh is not None:
            return self._refresh(number, command.refresh, now)
        if command.sub_refresh is not None:
            return self._sub_refresh(number, command.sub_refresh, now)
        raise Ended(DISCONNECTS.BAD_REQUEST)

    def _pong(self) -> list[Effect]:
        if self._pong_by == inf:
            raise Ended(DISCONNECTS.BAD_REQUEST)
        self._pong_by = inf
        return []

    def _ask_for(self, number: int, asked: requests.Asked) -> list[Effect]:
        told = Pending(lambda answer, _now: [self._reply(asked.reply(number, answer))], number)
        return self._ask(asked.question, told)

    # Connect

    def _connect(self, number: int, request: ConnectRequest, now: float) -> list[Effect]:
        self.claims = connecting.admit(self._access, request)
        # Many connections say the same: let them share it.
        self.name, self.version = intern((request.name or "")[:16]), intern((request.version or "")[:64])
        waiting = connecting.wanted(self._caller, request.subs)
        self._opening = connecting.Opening(number, waiting)
        return self._open_on(self._opening, now)

    def _open_on(self, opening: connecting.Opening, now: float) -> list[Effect]:
        """Make the next server-side subscription, or open the connection when all are made."""
        if not opening.waiting:
            return self._open(opening, now)
        terms = opening.waiting.popleft()
        opening.held = True
        return self._attach(terms, partial(self._opened, opening, terms), hold=True)

    def _opened(
        self, opening: connecting.Opening, terms: Terms, answer: Answer | Error, now: float
    ) -> list[Effect]:
        effects: list[Effect] = []
        if isinstance(answer, Newest | Log):
            opening.take(terms.channel, subscribing.accept(terms, answer))
            self._subscriptions.put(terms.channel, subscribing.held(terms, inf))
        else:
            effects.append(Detach(terms.channel))
            if isinstance(answer, Error) and answer.temporary:
                # Left out, it would be missing while the connection lasts: clients cannot ask for it.
                return [*effects, *self.close(DISCONNECTS.SERVER_ERROR)]
        return effects + self._open_on(opening, now)

    def _open(self, opening: connecting.Opening, now: float) -> list[Effect]:
        self._opening = None
        self.state = State.OPEN
        self._expires_by = self._deadline(self.claims.ttl, now)
        if self._limits.ping > 0:
            self._ping_at = now + self._limits.ping * (1 + self._spread) / 2
        result = connecting.greeting(self.client, self.claims, self._limits, opening.results, self._uplink)
        replies = [Reply(opening.number, connect=result), *(Reply(push=push) for push in opening.early)]
        effects: list[Effect] = [self._reply(reply) for reply in replies]
        return [*effects, Release()] if opening.held else effects

    # Subscribe

    def _subscribe(self, number: int, request: SubscribeRequest, now: float) -> list[Effect]:
        channel = subscribing.check(request, self._subscriptions, self._limits)
        if request.type in subscribing.MAPS:
            return self._read_map(number, request, channel, now)
        if self._subscriptions.snapshot(channel) is not None:
            raise Failed(ERRORS.CONCURRENT_PAGINATION)
        terms = subscribing.terms_for(self._caller, request, channel)
        return self._attach(terms, partial(self._subscribed, number, terms), number)

    def _subscribed(self, number: int, terms: Terms, answer: Answer | Error, now: float) -> list[Effect]:
        try:
            result = subscribing.accept(terms, answer)
        except Failed as failed:
            return [self._error(number, failed.error), Detach(terms.channel)]
        ttl = terms.claims.ttl if terms.claims else None
        self._subscriptions.put(terms.channel, subscribing.held(terms, self._deadline(ttl, now)))
        return [self._reply(Reply(number, subscribe=result), terms.channel)]

    def _unsubscribe(self, number: int, request: ChannelRequest) -> list[Effect]:
        channel = required(request.channel)
        done = self._reply(Reply(number, unsubscribe=EmptyResult()))
        if self._subscriptions.drop(channel) is None and not self._subscriptions.forget(channel):
            return [done]
        return [Detach(channel), done, *self._end_watching(channel, UNSUBSCRIBES.SERVER)]

    # Maps

    def _read_map(self, number: int, request: SubscribeRequest, channel: str, now: float) -> list[Effect]:
        try:
            part = mapping.part(self._caller, request, channel)
        except Failed as failed:
            if failed.error is ERRORS.CONCURRENT_PAGINATION:
                raise
            return self._give_up(number, channel, failed.error)
        ttl = part.terms.claims.ttl if part.terms.claims else None
        if part.before is not None:
            becomes = part.before.subscription
        else:
            becomes = subscribing.held(part.terms, self._deadline(ttl, now))
        return self._attach(part.terms, partial(self._paged, number, part, becomes), number, wish=part.wish)

    def _paged(
        self,
        number: int,
        part: mapping.Part,
        becomes: Subscription,
        answer: Answer | Error,
        now: float,
    ) -> list[Effect]:
        channel = part.terms.channel
        try:
            page = expected(answer, MapPage)
            result = mapping.result_of(part, page, self._codec)
        except Failed as failed:
            return self._give_up(number, channel, failed.error, attached=True)
        if page.live:
            self._subscriptions.put(channel, becomes)
        else:
            self._subscriptions.keep(channel, mapping.snapshot_of(part, page, becomes, now))
        return [self._reply(Reply(number, subscribe=result), channel)]

    def _give_up(self, number: int, channel: str, error: Error, *, attached: bool = False) -> list[Effect]:
        """Refuse a part of a map; what was read of it before counts no more."""
        left = self._subscriptions.forget(channel) or attached
        refusal = self._error(number, error)
        return [refusal, Detach(channel)] if left else [refusal]

    # Subscriptions that the server makes

    def _make(self, made: Made) -> list[Effect]:
        channel = made.channel
        since = made.since
        request = SubscribeRequest(
            recover=since is not None,
            epoch=since.epoch if since else None,
            offset=since.offset if since else None,
        )
        terms = subscribing.server_terms(self._caller, channel, made.said, request)
        if terms is None:
            return []
        left = self._subscriptions.forget(channel)
        asked = self._attach(terms, lambda answer, _now: self._made(terms, made.expires_by, answer))
        return [Detach(channel), *asked] if left else asked

    def _made(self, terms: Terms, expires_by: float, answer: Answer | Error) -> list[Effect]:
        channel = terms.channel
        if not isinstance(answer, Newest | Log):
            return [Detach(channel)]
        result = subscribing.accept(terms, answer)
        self._subscriptions.put(channel, subscribing.held(terms, expires_by))
        push = SubscribePush(
            recoverable=result.recoverable,
            epoch=result.epoch,
            offset=result.offset,
            positioned=result.positioned,
            data=result.data,
        )
        told = self._reply(Reply(push=Push(channel=channel, subscribe=push)))
        return [told, *(Send(self._codec.publication(channel, pub)) for pub in result.publications)]

    # Refresh

    def _refresh(self, number: int, request: RefreshRequest, now: float) -> list[Effect]:
        before, self.claims = self.claims, connecting.renew(self._access, request, self.claims)
        self._expires_by = self._deadline(self.claims.ttl, now)
        told = self._reply(Reply(number, refresh=lifetime(self.claims.ttl)))
        return [told] if self.claims.rights == before.rights else [told, *self.recheck()]

    def _sub_refresh(self, number: int, request: SubRefreshRequest, now: float) -> list[Effect]:
        claims = subscribing.renew(self._caller, request)
        before = self._subscriptions.get(claims.channel) or Subscription()
        renewed = subscribing.renewed(before, claims, self._deadline(claims.ttl, now))
        self._subscriptions.put(claims.channel, renewed)
        return [self._reply(Reply(number, sub_refresh=lifetime(claims.ttl)))]
