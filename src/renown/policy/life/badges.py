"""Badges: marks for something reached or done."""

import msgspec

from renown.policy.rules.matching import Wanted
from renown.policy.scores.composing import Condition

__all__ = ["Badge", "BadgeLevel"]


class BadgeLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level of a badge: what it asks for in place of what the badge does."""

    title: str = ""
    when: tuple[Condition, ...] = ()
    count: int | None = None
    """So many events; needs the badge's `event`."""


class Badge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mark that a subject gets when everything said here holds."""

    name: str
    title: str = ""
    description: str = ""
    when: tuple[Condition, ...] = ()
    """What the score or categories must be."""
    tier: str | None = None
    """The least tier."""
    event: str | None = None
    """Events of this type that counted are counted …"""
    data: Wanted = {}
    """… if they have all of these, as a rule's `when` says it."""
    count: int = 1
    """How many of them it takes."""
    repeatable: bool = False
    """Given again for each further `count` of events."""
    revocable: bool = False
    """Lost when what it asks for no longer holds; otherwise it is for ever."""
    levels: tuple[BadgeLevel, ...] = ()
    """From the lowest to the highest."""
