"""Disputes and blind reviews: when what was said does not count, or is not shown, for a while."""

from typing import Literal

import msgspec

__all__ = ["STEPS", "Blind", "Disputes"]

STEPS = ("hold", "release", "dismiss", "dispute", "resolve")
"""Event types with a meaning of their own under every policy: what people do to what was said."""


class Disputes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a subject may have looked at again, until when, and what counts meanwhile."""

    window_days: float = 30.0
    """Until when after an event it may be disputed."""
    open_days: float = 14.0
    """How long a dispute is open; then it is decided `otherwise`."""
    share: float = 0.0
    """What share of its weight the contribution counts with while the dispute is open."""
    otherwise: Literal["against", "for"] = "against"
    """How a dispute ends that nobody has decided in time."""
    types: tuple[str, ...] = ()
    """The event types that can be disputed; none named: all."""
    moderators: tuple[str, ...] = ("moderator",)
    """Kinds of actors, or single ones, who may still take back what has become permanent."""

    def is_moderator(self, actor: str | None) -> bool:
        """Tell whether `actor` may take back what has become permanent."""
        return actor is not None and (actor in self.moderators or actor.partition(":")[0] in self.moderators)


class Blind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A review that is held, and shown to nobody, until the other side has spoken or some days are over."""

    days: float = 14.0
