"""Makes changes of rights count on connections that are open: at once, without a new login."""

import logging
from collections.abc import Callable, Iterable
from math import inf
from typing import Protocol

import msgspec

from renown.gateway.admission.permissions import Permissions
from renown.gateway.admission.rights import Departure
from renown.gateway.client import Client
from renown.ledger import Changes
from renown.protocol.access import ConnectionClaims
from renown.protocol.codes import DISCONNECTS, disconnect

__all__ = ["Enforcement"]

_LOG = logging.getLogger("renown.gateway")
_departure = msgspec.json.Decoder(Departure)


class Connections(Protocol):
    """Who is connected: the gateway."""

    users: dict[str, set[Client]]
    """By user."""

    def clients(self) -> list[Client]:
        """Return all connections of this process."""
        ...

    def owned(self, who: ConnectionClaims) -> None:
        """Look after the subjects that a connected user owns, as of now."""
        ...


class Enforcement:
    """Looks through the connections that a change concerns."""

    def __init__(
        self, connections: Connections, permissions: Permissions, clock: Callable[[], float]
    ) -> None:
        self._connections = connections
        self._permissions = permissions
        self._clock = clock
        self._changed_at = -inf

    def changed(self, changes: Changes) -> None:
        """Act on what happened to rights and tokens, in this process or another."""
        self._changed_at = self._clock()
        for client in self._concerned(changes):
            self.look_at(client)
        for user, body in changes.disconnect:
            self._disconnect(user, body)

    def changed_within(self, seconds: float) -> bool:
        """Tell whether anything changed that long ago or since."""
        return self._clock() - self._changed_at <= seconds

    def _concerned(self, changes: Changes) -> Iterable[Client]:
        # Subscriptions have tokens of their own, so a revoked token may concern any connection.
        if changes.everything or changes.tokens:
            return self._connections.clients()
        users = self._connections.users
        return [client for user in changes.users for client in users.get(user, ())]

    def look_at(self, client: Client) -> None:
        """Take from a connection what it may no longer have."""
        try:
            self._look_at(client)
        except Exception:
            _LOG.exception("the rights of a connection cannot be looked up: it is closed")
            client.close(DISCONNECTS.SERVER_ERROR)

    def _look_at(self, client: Client) -> None:
        session = client.session
        if session is None:
            return
        permissions = self._permissions
        if permissions.rights(session.claims).blocked:
            client.close(DISCONNECTS.PERMISSION_DENIED)
        elif permissions.blocked(session.claims):
            client.close(DISCONNECTS.INVALID_TOKEN)
        else:
            client.recheck()
            self._connections.owned(session.claims)

    def _disconnect(self, user: str, body: bytes) -> None:
        try:
            wanted = _departure.decode(body)
        except ValueError:
            # Written by a newer version: that they are to go is certain.
            wanted = Departure()
        for client in list(self._connections.users.get(user, ())):
            session = client.session
            if session is not None and session.client not in wanted.whitelist:
                client.close(disconnect(wanted.code, wanted.reason))
