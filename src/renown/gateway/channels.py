"""What a channel's name means: which source feeds it, under which rule, and how it behaves."""

import re
from collections.abc import Container
from enum import Enum
from typing import Final

import msgspec

from renown.errors import SettingsError
from renown.gateway.options import ChannelRule, GatewayOptions, MapMode, Recovery, RoomRule
from renown.model import is_key, kind_of
from renown.protocol.access import CLIENTS_MAP, USERS_MAP, Route, Shape
from renown.protocol.codes import ERRORS, Error

__all__ = ["EVERYTHING", "Address", "Channels", "Source", "presence_maps"]

EVERYTHING: Final = "all"
"""The name of the feed over all kinds."""

_REMEMBERED: Final = 4_096
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
_NAMESPACE = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
_PRINTABLE = re.compile(r"[!-~]+\Z")


class Source(Enum):
    """Where a channel's publications come from."""

    STANDING = "standing"
    STANDINGS = "standings"
    BOARD = "board"
    ACTIVITY = "activity"
    FEED = "feed"
    DETAIL = "detail"
    ALERTS = "alerts"
    USER = "user"
    ROOM = "room"
    """A room of the operator's, of whatever namespace."""
    CLIENTS = "$clients"
    """Which clients are in a room."""
    USERS = "$users"
    """Which users are."""


_PRESENCE: Final = {source.value: source for source in (Source.CLIENTS, Source.USERS)}
_LEDGER: Final = {
    source.value: source for source in Source if source is not Source.ROOM and source.value not in _PRESENCE
}
_OF_SUBJECTS: Final = frozenset((Source.STANDING, Source.ACTIVITY, Source.DETAIL))
_OF_KINDS: Final = frozenset((Source.STANDINGS, Source.BOARD, Source.FEED))
_KEPT_IN_ROOMS: Final = frozenset((Source.ALERTS, Source.USER, Source.ROOM))


class Address(msgspec.Struct, frozen=True):
    """A channel taken apart."""

    channel: str
    source: Source
    name: str
    """A subject, a kind, a user's id, the scope of alerts, what follows a room's namespace, or the channel
    whose presence it is."""
    rule: ChannelRule

    @property
    def namespace(self) -> str:
        """The namespace as it stands in the name; empty for a channel without one."""
        return self.channel.removeprefix("$").rpartition(self.name)[0].removesuffix(":")

    @property
    def kind(self) -> str:
        """The kind of subject it is about; `all` for the feed over all kinds."""
        return kind_of(self.name)

    @property
    def stream(self) -> bool:
        """Whether every publication counts, rather than the newest alone."""
        rule = self.rule
        return (
            rule.recovery is Recovery.STREAM if isinstance(rule, RoomRule) else self.source is Source.ACTIVITY
        )

    @property
    def in_rooms(self) -> bool:
        """Whether its publications come from a room, rather than from the ledger."""
        return self.source in _KEPT_IN_ROOMS


class Channels:
    """All channels there can be."""

    def __init__(self, options: GatewayOptions, kinds: Container[str] | None = None) -> None:
        """Channels of kinds not among `kinds` as of then do not exist; None: those of any kind do.

        Raises:
            SettingsError: a namespace cannot be called so, or its pattern is no regular expression.

        """
        self._kinds = kinds
        self._found: dict[str, Address] = {}
        """What was asked for lately: each subscription asks several times."""
        self._rules: dict[Source, ChannelRule] = {
            source: getattr(options.channels, source.value) for source in _LEDGER.values()
        }
        self._rooms = dict(options.rooms)
        self._without = options.without_namespace
        self._patterns = {name: _pattern(name, rule) for name, rule in options.rooms.items()}
        if self._without is not None:
            self._patterns[""] = _pattern("", self._without)

    def find(self, channel: str) -> Address | Error:
        """Take a channel's name apart, or say what is wrong with it."""
        known = self._found.get(channel)
        if known is not None:
            return known
        found = self._find(channel)
        if not isinstance(found, Error):
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[channel] = found
        return found

    def _find(self, channel: str) -> Address | Error:
        namespace, colon, name = channel.removeprefix("$").partition(":")
        source = _LEDGER.get(namespace) if colon else None
        if source is not None and not channel.startswith("$"):
            return self._of_ledger(channel, source, name)
        presence = _PRESENCE.get("$" + namespace) if colon and channel.startswith("$") else None
        if presence is not None and namespace not in self._rooms:
            return self._presence(channel, presence, name)
        return self._room(channel, namespace if colon else "", name if colon else namespace)

    def route(self, channel: str) -> Route | Error:
        """Return what a session must know about a channel."""
        address = self.find(channel)
        return address if isinstance(address, Error) else _route(address)

    def rules(self) -> dict[str, ChannelRule]:
        """Return the rule of each namespace; that of channels without one is under the empty name."""
        rules = {source.value: rule for source, rule in self._rules.items()} | self._rooms
        return rules if self._without is None else rules | {"": self._without}

    def _of_ledger(self, channel: str, source: Source, name: str) -> Address | Error:
        if source in _OF_SUBJECTS:
            good = is_key(name)
        elif source in _OF_KINDS:
            good = _KIND.match(name) is not None
        elif source is Source.USER:
            # Identity providers make ids of names, too: nobody is to go without their own channel.
            good = name.isprintable() and name != ""
        else:
            good = _PRINTABLE.match(name) is not None
        if not good:
            return ERRORS.BAD_REQUEST
        of_kind = source in _OF_SUBJECTS or source in _OF_KINDS
        everything = source is Source.FEED and name == EVERYTHING
        if of_kind and not everything and self._kinds is not None and kind_of(name) not in self._kinds:
            return ERRORS.UNKNOWN_CHANNEL
        return Address(channel, source, name, self._rules[source])

    def _presence(self, channel: str, source: Source, name: str) -> Address | Error:
        watched = self.find(name)
        if isinstance(watched, Error):
            return watched
        rule = watched.rule
        if not isinstance(rule, RoomRule) or not rule.presence:
            return ERRORS.NOT_AVAILABLE
        return Address(channel, source, name, ChannelRule(max_subscribers=rule.max_subscribers))

    def _room(self, channel: str, namespace: str, name: str) -> Address | Error:
        rule = self._rooms.get(namespace) if namespace else self._without
        if rule is None:
            return ERRORS.UNKNOWN_CHANNEL
        if not _PRINTABLE.match(channel) or not self._patterns[namespace].match(name):
            return ERRORS.BAD_REQUEST
        return Address(channel, Source.ROOM, name, rule)


def _pattern(namespace: str, rule: RoomRule) -> re.Pattern[str]:
    field = f"gateway.rooms.{namespace}" if namespace else "gateway.without_namespace"
    if namespace and (namespace in _LEDGER or not _NAMESPACE.match(namespace)):
        raise SettingsError(
            f"No namespace of rooms can be called {namespace}.",
            field=field,
            expected=f"a lower-case word other than {', '.join(_LEDGER)}",
        )
    try:
        return re.compile(rf"(?:{rule.pattern})\Z" if rule.pattern else r"[!-~]+\Z")
    except re.error as error:
        raise SettingsError(
            f"The pattern is no regular expression: {error}.", field=f"{field}.pattern"
        ) from error


def presence_maps(channel: str) -> tuple[str, ...]:
    """Return the channels that have who is in another one as a map."""
    return tuple(f"{prefix}:{channel}" for prefix in _PRESENCE)


def _route(address: Address) -> Route:
    rule = address.rule
    if address.source in (Source.CLIENTS, Source.USERS):
        kind = CLIENTS_MAP if address.source is Source.CLIENTS else USERS_MAP
        return Route(Shape.NEWEST, plain=False, map=True, map_type=kind, presence_of=address.name)
    if isinstance(rule, RoomRule):
        return _route_of_room(rule, spoken_by_server=address.source is not Source.ROOM)
    source = address.source
    return Route(
        Shape.STREAM if source is Source.ACTIVITY else Shape.NEWEST,
        plain=source is not Source.STANDINGS,
        map=source in (Source.STANDINGS, Source.BOARD),
        history=source is Source.ACTIVITY,
        # They change in many places at once, where a packed form saves more than patches.
        delta=rule.delta and source is not Source.STANDINGS,
        packed=source in (Source.STANDING, Source.STANDINGS),
    )


def _route_of_room(rule: RoomRule, *, spoken_by_server: bool) -> Route:
    logged = rule.history_size > 0
    return Route(
        Shape.STREAM if rule.recovery is Recovery.STREAM else Shape.NEWEST,
        plain=rule.map is MapMode.OFF,
        map=rule.map is not MapMode.OFF,
        logged=logged,
        recover=logged and rule.force_recovery,
        history=logged,
        presence=rule.presence,
        join_leave=rule.join_leave,
        force_join_leave=rule.force_join_leave,
        publish=not spoken_by_server,
        client_key=rule.client_key,
        user_key=rule.user_key,
        delta=rule.delta,
        filters=rule.filters,
    )
