"""The two ways in which a command goes wrong, and what every command must bring."""

from typing import TypeVar

import msgspec

from renown.protocol.codes import DISCONNECTS, ERRORS, Disconnect, Error
from renown.protocol.effects import Answer

__all__ = ["Ended", "Failed", "expected", "given", "required"]

T = TypeVar("T", bound=Answer)


class Ended(Exception):
    """Ends the connection from anywhere within a command."""

    def __init__(self, why: Disconnect) -> None:
        super().__init__(why.reason)
        self.why = why


class Failed(Exception):
    """Answers the command with an error."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


def required(channel: str | None) -> str:
    """Return the channel that a command names; one that names none ends the connection."""
    if not channel:
        raise Ended(DISCONNECTS.BAD_REQUEST)
    return channel


def expected(answer: Answer | Error, kind: type[T]) -> T:
    """Return an answer of the right kind; raise `Failed` for an error or one to another question."""
    if isinstance(answer, kind):
        return answer
    raise Failed(answer if isinstance(answer, Error) else ERRORS.INTERNAL)


def given(raw: msgspec.Raw, *, json: bool) -> bytes:
    """Return what a field of raw bytes holds; nothing where it is absent, or null in JSON."""
    data = bytes(raw)
    return b"" if json and data == b"null" else data
