"""What backends do to connections, whichever process holds them."""

from collections.abc import Mapping

from renown.gateway.client import Client
from renown.gateway.nodes.messages import (
    Act,
    ActPart,
    Disconnecting,
    Done,
    Refreshing,
    Subscribing,
    Target,
    Unsubscribing,
)
from renown.gateway.nodes.nodes import Nodes, Unanswered
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES, Error, disconnect

__all__ = ["Acts"]


class Acts:
    """Acts on the connections of this process, and has the others act on theirs."""

    def __init__(self, nodes: Nodes, users: Mapping[str, set[Client]]) -> None:
        """`users`: who is connected here, by user."""
        self._nodes = nodes
        self._users = users
        nodes.answer(Act, self._asked)

    async def do(self, target: Target, part: ActPart) -> Error | None:
        """Do something to connections; return once all did so, or the error if one does not answer."""
        meant = self._do(target, part)
        if meant and (target.client or target.session):
            # There is no other one of that name.
            return None
        try:
            await self._nodes.ask_all(Act(target, part))
        except Unanswered:
            return ERRORS.INTERNAL
        return None

    async def _asked(self, _node: str, act: Act) -> Done:
        self._do(act.target, act.part)
        return Done()

    def _do(self, target: Target, part: ActPart) -> int:
        meant = [client for client in self._users.get(target.user, ()) if _is_meant(client, target)]
        for client in meant:
            match part:
                case Subscribing():
                    client.subscribe(part.channel, part.terms, part.since, part.ttl)
                case Unsubscribing():
                    client.unsubscribe(part.channel, UNSUBSCRIBES.SERVER)
                case Disconnecting():
                    client.close(disconnect(part.code, part.reason))
                case Refreshing(expired=True):
                    client.close(DISCONNECTS.EXPIRED)
                case Refreshing():
                    client.extend(part.ttl)
        return len(meant)


def _is_meant(client: Client, target: Target) -> bool:
    session = client.session
    if session is None or session.client in target.keep:
        return False
    if target.session and session.secret != target.session:
        return False
    return not target.client or session.client == target.client
