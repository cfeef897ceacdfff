"""What a channel's name means: which source feeds it, and how it behaves."""

import re
from collections.abc import Container
from enum import Enum
from typing import Final

import msgspec

from renown.gateway.options import ChannelRule, ChannelRules
from renown.model import is_key, kind_of
from renown.protocol.access import Route, Shape
from renown.protocol.codes import ERRORS, Error

__all__ = ["EVERYTHING", "Address", "Source", "find", "route", "rule_of"]

EVERYTHING: Final = "all"
"""The name of the feed over all kinds."""

_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")


class Source(Enum):
    """The namespaces: where a channel's publications come from."""

    STANDING = "standing"
    BOARD = "board"
    ACTIVITY = "activity"
    FEED = "feed"


_SOURCES: Final = {source.value: source for source in Source}


class Address(msgspec.Struct, frozen=True):
    """A channel taken apart."""

    channel: str
    source: Source
    name: str
    """A subject for standings and activity, a kind for boards and feeds."""

    @property
    def kind(self) -> str:
        """The kind of subject it is about; `all` for the feed over all kinds."""
        return kind_of(self.name)

    @property
    def stream(self) -> bool:
        """Whether every publication counts, rather than the newest alone."""
        return self.source is Source.ACTIVITY


def find(channel: str) -> Address | Error:
    """Take a channel's name apart, or say what is wrong with it."""
    namespace, colon, name = channel.partition(":")
    source = _SOURCES.get(namespace)
    if source is None or not colon:
        return ERRORS.UNKNOWN_CHANNEL
    subject = source in (Source.STANDING, Source.ACTIVITY)
    if not (is_key(name) if subject else _KIND.match(name)):
        return ERRORS.BAD_REQUEST
    return Address(channel, source, name)


def rule_of(source: Source, rules: ChannelRules) -> ChannelRule:
    """Return the delivery rule of a namespace."""
    rule: ChannelRule = getattr(rules, source.value)
    return rule


def route(channel: str, kinds: Container[str] | None = None) -> Route | Error:
    """Return what a session must know about a channel of one of `kinds`; None: of any kind."""
    address = find(channel)
    if isinstance(address, Error):
        return address
    everything = address.source is Source.FEED and address.name == EVERYTHING
    if kinds is not None and not everything and address.kind not in kinds:
        return ERRORS.UNKNOWN_CHANNEL
    return Route(Shape.STREAM if address.stream else Shape.NEWEST, history=address.stream)
