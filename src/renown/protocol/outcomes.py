"""The two ways in which a command goes wrong."""

from renown.protocol.codes import DISCONNECTS, Disconnect, Error

__all__ = ["Ended", "Failed", "required"]


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
