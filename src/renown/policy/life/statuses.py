"""Statuses: what an account is at the moment, by events and by time."""

from typing import Literal

import msgspec

from renown.policy.rules.matching import Wanted
from renown.policy.scores.composing import Condition

__all__ = ["Ripen", "StatusEvent", "StatusName", "StatusRules"]


class Ripen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A status that becomes another one after some time, or as soon as conditions hold."""

    from_: str
    to: str
    after_days: float = 0.0
    since: Literal["status", "event"] = "status"
    """Counted from when the status began, or from the subject's newest event."""
    when: tuple[Condition, ...] = ()
    """Only if all of these hold then; if not, as soon as they do."""
    unless: tuple[Condition, ...] = ()
    """Not while one of these holds."""


class StatusEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """An event that sets the status."""

    event: str
    to: str
    from_: tuple[str, ...] = ()
    """Only from one of these; from any when empty."""
    data: Wanted = {}
    """Only if the event has all of these, as a rule's `when` says it."""


class StatusRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How statuses follow each other."""

    start: str = "active"
    """The status of a new subject."""
    ripen: tuple[Ripen, ...] = ()
    """The first one that applies is taken."""
    on: tuple[StatusEvent, ...] = ()
    """The first one that applies is taken."""


class StatusName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people read of a status."""

    name: str
    title: str = ""
    description: str = ""
