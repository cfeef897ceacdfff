"""A connection of any transport, as the gateway sees it."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from renown.gateway.hub.member import Member
from renown.gateway.wheel import Timed
from renown.protocol.access import ConnectionClaims, ServerSubscription
from renown.protocol.codes import Disconnect, Error, Unsubscribed
from renown.protocol.effects import Answer, Position
from renown.protocol.replies import Push
from renown.protocol.session import Session

__all__ = ["Client", "Method"]

Method = Callable[[bytes, ConnectionClaims], Awaitable[bytes]]
"""Takes parameters and who calls, returns the result; raises `RenownError`."""


class Client(Member, Timed, Protocol):
    """A connection of any transport, as the gateway sees it."""

    @property
    def session(self) -> Session | None:
        """Its conversation, from the handshake on."""
        ...

    def unsent(self) -> int:
        """Return how many bytes wait to be sent."""
        ...

    def expired(self, now: float) -> None:
        """Do what is due."""
        ...

    def answered(self, answer: Answer | Error) -> None:
        """Take the answer to a question of the session."""
        ...

    def close(self, why: Disconnect) -> None:
        """End the connection."""
        ...

    def subscribe(
        self, channel: str, terms: ServerSubscription, since: Position | None, ttl: float | None
    ) -> None:
        """Make a subscription from the server's side, for `ttl` seconds if given."""
        ...

    def unsubscribe(self, channel: str, why: Unsubscribed) -> None:
        """End a subscription from the server's side."""
        ...

    def extend(self, ttl: float | None) -> None:
        """Let the connection live `ttl` seconds from now; None: for ever."""
        ...

    def recheck(self) -> None:
        """End what would no longer be granted, after rights or tokens changed."""
        ...

    def push(self, push: Push) -> None:
        """Say something unasked."""
        ...

    def shutdown(self) -> None:
        """Close soon."""
        ...
