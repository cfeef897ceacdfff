"""The answer to an event, as the client gives it."""

import msgspec

from renown.model import Problem, Standing, Status

__all__ = ["Answer"]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one event."""

    status: Status
    id: str | None = None
    """The event's id; the server made it when none was sent."""
    subject: str | None = None
    version: int | None = None
    """The version of its subject that the event made."""
    problem: Problem | None = None
    """Why it was rejected."""
    standing: Standing | None = None
    """The subject's newest standing, when it was asked for."""
    line: int | None = None
    """Of a rejected line: its number within its request, from 1."""
