"""Subscriptions to maps: a snapshot in pages, what changed meanwhile, then every change.

The subscription stands only once the client is told that it is live.
"""

from typing import Final

import msgspec
from msgspec.structs import replace

from renown.protocol.caller import Caller
from renown.protocol.codec import Codec
from renown.protocol.codes import ERRORS
from renown.protocol.commands import SubscribeRequest
from renown.protocol.effects import MapPage, MapWish, Position
from renown.protocol.outcomes import Failed
from renown.protocol.replies import SubscribeResult, whole_seconds
from renown.protocol.subscribing import spoken, stands, terms_for
from renown.protocol.subscriptions import Snapshot, Subscription
from renown.protocol.terms import Terms

__all__ = ["Part", "part", "result_of", "snapshot_of"]

_STATE: Final = 2
_CHANGES: Final = 1
_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000
_CATCH_UP: Final = 5.0
"""Seconds from the end of the state until the client must be live."""
_NEXT_PAGE: Final = 30.0
"""Seconds in which the next page of the state must be asked for."""


class Part(msgspec.Struct, frozen=True):
    """Which part of a map is asked for, on what terms."""

    terms: Terms
    wish: MapWish
    before: Snapshot | None = None
    """What was read so far."""


def part(caller: Caller, request: SubscribeRequest, channel: str) -> Part:
    """Return the part of a map that is asked for.

    Raises:
        Failed: with error 113 the snapshot that was begun goes on; with any other it is lost.

    """
    before = caller.subscriptions.snapshot(channel)
    if before is None:
        terms = terms_for(caller, request, channel)
        wish = _wish(request)
        return Part(_first(terms, request, wish), wish)
    if not stands(caller, channel, before.subscription):
        raise Failed(ERRORS.PERMISSION_DENIED)
    wish = _wish(request)
    return Part(_next(before, request, wish), wish, before)


def _wish(request: SubscribeRequest) -> MapWish:
    if request.phase not in (_STATE, _CHANGES):
        raise Failed(ERRORS.BAD_REQUEST)
    limit = min(max(request.limit or 0, _PAGE), _LARGEST_PAGE)
    return MapWish(request.phase, request.cursor or "", limit)


def _first(terms: Terms, request: SubscribeRequest, wish: MapWish) -> Terms:
    """Return the terms of a map of which nothing was read yet."""
    if wish.phase == _STATE and not wish.cursor:
        return replace(terms, recover=None, recovering=False)
    if wish.phase == _CHANGES and request.recover:
        return replace(terms, recover=Position(request.epoch or "", request.offset or 0))
    raise Failed(ERRORS.PERMISSION_DENIED)


def _next(before: Snapshot, request: SubscribeRequest, wish: MapWish) -> Terms:
    """Return the terms of the next part."""
    if before.lost or request.epoch not in (None, "", before.epoch):
        raise Failed(ERRORS.UNRECOVERABLE_POSITION)
    if wish.phase == _CHANGES:
        # Whoever says nothing of a position stands where the snapshot froze.
        offset = before.offset if request.offset is None else request.offset
        return replace(before.terms, recover=Position(before.epoch, offset))
    if not wish.cursor:
        raise Failed(ERRORS.CONCURRENT_PAGINATION)
    if before.catching_up:
        raise Failed(ERRORS.PERMISSION_DENIED)
    return replace(before.terms, recover=Position(before.epoch, before.offset))


def result_of(part: Part, page: MapPage, codec: Codec) -> SubscribeResult:
    """Return the answer that carries a page."""
    terms, phase = part.terms, part.wish.phase
    if phase == _CHANGES and not page.persistent:
        raise Failed(ERRORS.BAD_REQUEST)
    publications = spoken(page.publications, terms, codec)
    if not page.live:
        last = publications[-1].offset if phase == _CHANGES and publications else page.offset
        return SubscribeResult(
            epoch=page.epoch,
            offset=last,
            type=terms.route.map_type,
            phase=phase,
            publications=publications,
            state=spoken(page.state, terms, codec),
            cursor=page.cursor,
        )
    ttl = None if terms.claims is None else terms.claims.ttl
    return SubscribeResult(
        expires=ttl is not None,
        ttl=whole_seconds(ttl),
        recoverable=page.persistent,
        positioned=page.persistent,
        epoch=page.epoch,
        offset=page.offset,
        publications=publications,
        was_recovering=terms.recovering,
        recovered=terms.recovering,
        data=terms.data,
        delta=terms.delta,
        type=terms.route.map_type,
        state=spoken(page.state, terms, codec),
    )


def snapshot_of(part: Part, page: MapPage, subscription: Subscription, now: float) -> Snapshot:
    """Return how far the map is read, and until when the next step must come."""
    before = part.before
    if before is not None and before.catching_up:
        return before
    catching_up = part.wish.phase == _CHANGES or not page.cursor
    return Snapshot(
        part.terms,
        subscription,
        page.epoch,
        page.offset if before is None else before.offset,
        now + (_CATCH_UP if catching_up else _NEXT_PAGE),
        catching_up,
    )
