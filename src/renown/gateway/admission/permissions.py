"""Who may what: from the policies' visibility, the namespaces' rules, and each user's rights."""

import logging
from collections.abc import Callable
from typing import Final

import msgspec

from renown.errors import SettingsError
from renown.gateway.admission.rights import Granted, granted, in_audience
from renown.gateway.channels import EVERYTHING, Address, Channels, Source
from renown.gateway.options import ChannelRule, RoomRule
from renown.ledger import Changes, RightsBook
from renown.model import is_key, kind_of
from renown.policy import Audience, Policies, View, Visibility, unknown_word
from renown.protocol.access import (
    Action,
    ConnectionClaims,
    Rights,
    ServerSubscription,
    SubscriptionClaims,
)
from renown.protocol.codes import Error

__all__ = ["ANYBODY", "Permissions"]

_LOG = logging.getLogger("renown.gateway")

ANYBODY: Final = ConnectionClaims(user="")
"""Somebody who has shown nothing."""

_ALL_VIEWS: Final[dict[Source, tuple[View, ...]]] = {
    Source.STANDING: ("standing",),
    Source.STANDINGS: ("standing",),
    Source.BOARD: ("standing",),
    Source.ACTIVITY: ("activity",),
    Source.FEED: ("standing", "activity"),
    Source.DETAIL: ("detail",),
    Source.ALERTS: ("alerts",),
}
"""What of a subject a namespace of the ledger shows."""
_ROOM_WORDS: Final = ("anyone", "users", "subscribers", "owner", "nobody")
_AUDIENCES: Final = ("subscribe", "publish", "see_presence", "read_history")
_DEFAULT: Final = Visibility()
_stored = msgspec.json.Decoder(Rights)


class Permissions:
    """Answers for a process who may what, as of now: nothing is remembered beyond what the rights say.

    Stored rights hold instead of those in a token. All methods raise `LedgerError` when they must be read
    from the ledger and it fails.
    """

    def __init__(
        self,
        channels: Channels,
        policies: Policies | None = None,
        book: RightsBook | None = None,
        *,
        personal: tuple[str, ...] = ("user:{user}",),
    ) -> None:
        """Without policies every kind has the default visibility; without a book tokens alone say rights.

        Raises:
            SettingsError: a rule names an audience that there is not.

        """
        self._channels = channels
        self._policies = policies
        self._book = book
        self._personal = personal
        self._bodies: dict[bytes, Rights] = {}
        for name, rule in channels.rules().items():
            _check_audiences(name, rule)

    def listen(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call `listener` on the event loop when rights change, tokens are revoked or users are to go.

        Changes made by this process are told before the call that made them returns, those of others within
        a second. `Changes.concerns` says which connections to look at: for each `blocked` must be asked, and
        for every subscription whether it would be granted again. Returns how to end that.
        """
        return (lambda: None) if self._book is None else self._book.listen(listener)

    def rights(self, who: ConnectionClaims) -> Rights:
        """Return what holds for somebody: what is stored, or else what the token says."""
        if self._book is None or not who.user:
            return who.rights
        body = self._book.of(who.user).body
        return who.rights if body is None else self._decoded(body)

    def blocked(self, who: ConnectionClaims) -> bool:
        """Tell whether somebody may not connect: blocked, or the token is revoked."""
        return self.rights(who).blocked or self._revoked(who.user, who.token_id, who.issued_at)

    def revoked(self, claims: SubscriptionClaims) -> bool:
        """Tell whether a subscription token is revoked."""
        return self._revoked(claims.user, claims.token_id, claims.issued_at)

    def server_side(self, who: ConnectionClaims) -> dict[str, ServerSubscription]:
        """Return the subscriptions the server makes: those of the token, and the user's personal channels."""
        if not who.user:
            return who.subs
        names = [name.replace("{user}", who.user) for name in self._personal]
        own = [name for name in names if not isinstance(self._channels.find(name), Error)]
        return dict.fromkeys(own, ServerSubscription()) | who.subs

    def may(self, action: Action, channel: str, who: ConnectionClaims, *, subscribed: bool) -> bool:
        """Tell whether somebody may do something in a channel without a token for it."""
        address = self._channels.find(channel)
        if isinstance(address, Error):
            return False
        if address.source in (Source.CLIENTS, Source.USERS):
            may_see = action is Action.SUBSCRIBE
            return may_see and self.may(Action.PRESENCE, address.name, who, subscribed=subscribed)
        given = granted(self.rights(who))
        if action is Action.PUBLISH:
            return address.source is Source.ROOM and (
                given.may_publish(channel, _signs(address))
                or _in_room(action, address, who, given, subscribed=subscribed)
            )
        if given.may_subscribe(channel, _signs(address)):
            return True
        match address.source:
            case Source.ROOM:
                return _in_room(action, address, who, given, subscribed=subscribed)
            case Source.USER:
                return _in_own(action, address, who, subscribed=subscribed)
            case Source.ALERTS if action is not Action.SUBSCRIBE:
                audience = _audience(action, address.rule)
                owner = _owns(address.name, who, given)
                return self._shown(address, who, given) and in_audience(
                    audience, user=who.user, roles=given.roles, owner=owner, subscribed=subscribed
                )
            case _:
                owner = _owns(address.name, who, given)
                return in_audience(
                    address.rule.subscribe, user=who.user, roles=given.roles, owner=owner
                ) and self._shown(address, who, given)

    def may_submit(self, event_type: str, subject: str, who: ConnectionClaims) -> bool:
        """Tell whether somebody may submit events of a type about a subject."""
        return bool(who.user) and granted(self.rights(who)).submit.fit(f"{event_type}@{subject}")

    def sees(self, view: View, subject: str, who: ConnectionClaims) -> bool:
        """Tell whether somebody sees a view of a subject, over whatever way."""
        given = granted(self.rights(who))
        return self._sees(view, subject, who, given) or (
            view in ("standing", "activity", "detail") and given.subscribe.fit(f"{view}:{subject}")
        )

    def sees_kind(self, source: Source, name: str, who: ConnectionClaims) -> bool:
        """Tell whether somebody sees what is about a whole kind: a board, a feed, all standings."""
        return self.may(Action.SUBSCRIBE, f"{source.value}:{name}", who, subscribed=False)

    def _shown(self, address: Address, who: ConnectionClaims, given: Granted) -> bool:
        """Tell whether the policies show somebody what a channel of the ledger carries."""
        views = _ALL_VIEWS[address.source]
        if is_key(address.name):
            return all(self._sees(view, address.name, who, given) for view in views)
        if address.name == EVERYTHING:
            kinds = () if self._policies is None else self._policies.kinds
            shown = [self._visibility(kind) for kind in kinds] or [_DEFAULT]
        else:
            shown = [self._visibility(address.name)]
        # What is about a whole kind is nobody's own, and no org's.
        return all(
            one.scope == "none" and in_audience(one.of(view), user=who.user, roles=given.roles, owner=False)
            for one in shown
            for view in views
        )

    def _sees(self, view: View, subject: str, who: ConnectionClaims, given: Granted) -> bool:
        shown = self._visibility(kind_of(subject))
        if not given.belongs(subject.partition(":")[2], shown.scope):
            return False
        owner = _owns(subject, who, given)
        return in_audience(shown.of(view), user=who.user, roles=given.roles, owner=owner)

    def _visibility(self, kind: str) -> Visibility:
        policy = None if self._policies is None else self._policies.get(kind)
        return _DEFAULT if policy is None else policy.visibility

    def _revoked(self, user: str, token_id: str, issued_at: float) -> bool:
        if self._book is None:
            return False
        if token_id and self._book.token_revoked(token_id):
            return True
        return bool(user) and issued_at < self._book.of(user).issued_before

    def _decoded(self, body: bytes) -> Rights:
        known = self._bodies.get(body)
        if known is None:
            try:
                known = _stored.decode(body)
            except ValueError:
                # Written by a newer version: what cannot be understood gives no rights.
                _LOG.exception("stored rights cannot be read and count as none")
                known = Rights()
            if len(self._bodies) >= 4_096:
                self._bodies.pop(next(iter(self._bodies)))
            self._bodies[body] = known
        return known


def _owns(name: str, who: ConnectionClaims, given: Granted) -> bool:
    return (bool(who.user) and who.user == name) or given.owns.fit(name)


def _audience(action: Action, rule: ChannelRule) -> Audience:
    if not isinstance(rule, RoomRule):
        return rule.subscribe
    match action:
        case Action.SUBSCRIBE:
            return rule.subscribe
        case Action.PUBLISH:
            return rule.publish
        case Action.PRESENCE:
            return rule.see_presence
        case Action.HISTORY:
            return rule.read_history


def _in_room(
    action: Action, address: Address, who: ConnectionClaims, given: Granted, *, subscribed: bool
) -> bool:
    """Tell what a room's rule says. Its name decides first, for all who do not have it already.

    `$` in front: nobody but by a token. Users after a `#`: these alone, and they may subscribe.
    """
    rule, name = address.rule, address.name
    if not isinstance(rule, RoomRule):
        return False
    private = address.channel.startswith("$")
    listed = _listed(name)
    if listed is not None and not subscribed:
        if not who.user or who.user not in listed:
            return False
        if action is Action.SUBSCRIBE and not private:
            return True
    if private and not subscribed:
        return False
    scope = rule.scope.value
    if not given.belongs(name, scope):
        return False
    within = name.split("/", {"none": 0, "org": 1, "project": 2}[scope])[-1]
    owner = _owns(name, who, given) or (bool(who.user) and who.user == within)
    return in_audience(
        _audience(action, rule), user=who.user, roles=given.roles, owner=owner, subscribed=subscribed
    )


def _in_own(action: Action, address: Address, who: ConnectionClaims, *, subscribed: bool) -> bool:
    """Tell about `user:<id>`: it is that user's alone, and may be narrowed further."""
    if not who.user or who.user != address.name:
        return False
    audience = _audience(action, address.rule)
    return in_audience(audience, user=who.user, roles=frozenset(), owner=True, subscribed=subscribed)


def _signs(address: Address) -> str:
    """Return the signs in a room's name that keep others out."""
    if address.source is not Source.ROOM:
        return ""
    return ("$" if address.channel.startswith("$") else "") + ("#" if "#" in address.name else "")


def _listed(name: str) -> list[str] | None:
    """Return the users a room's name lists after its `#`, or None when it lists none."""
    _, mark, users = name.rpartition("#")
    return users.split(",") if mark else None


def _check_audiences(namespace: str, rule: ChannelRule) -> None:
    for field in _AUDIENCES:
        audience: Audience = getattr(rule, field, "nobody")
        wrong = unknown_word(audience, _ROOM_WORDS)
        if wrong is not None:
            raise SettingsError(
                f"The rule of {namespace or 'channels without a namespace'} has the audience {wrong!r}.",
                code="unknown_audience",
                field=f"{namespace}.{field}",
                expected=f"{', '.join(_ROOM_WORDS)} or role:<name>",
            )
