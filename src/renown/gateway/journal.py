"""What the log says of connections: who came, who went and why, and what became of those who came back.

Each is one structured event, never with a token or with data. Nothing is put into words, or even gathered,
that is not to be written.
"""

from typing import Final, Literal

import structlog

from renown.gateway.wires import Wire
from renown.protocol.codes import DISCONNECTS, Disconnect
from renown.protocol.replies import Reply, SubscribeResult
from renown.protocol.session import Session

__all__ = ["Journal"]

_log = structlog.get_logger("renown")
_LONGEST: Final = 64
"""Characters of what clients call themselves."""
_USUAL: Final = frozenset(
    why.code
    for why in (
        DISCONNECTS.CONNECTION_CLOSED,
        DISCONNECTS.SHUTDOWN,
        DISCONNECTS.EXPIRED,
        DISCONNECTS.FORCE_DISCONNECT,
    )
)
_CUSTOM: Final = 4_000
"""Codes from here on are the backend's own."""


class Journal:
    """Writes closes with the code of an error at `info`, and what is ordinary as far as it is wanted."""

    def __init__(self, ordinary: Literal["info", "debug"] | None) -> None:
        """`ordinary`: the level at which connects, other closes and recoveries are written; None: not."""
        self._ordinary = ordinary

    def connected(self, session: Session, wire: Wire) -> None:
        """Write that somebody has connected."""
        if self._ordinary is not None:
            self._write(self._ordinary, "client connected", session, wire)

    def closed(
        self, session: Session, wire: Wire, why: Disconnect, seconds: float, *, by_server: bool
    ) -> None:
        """Write that a connection has ended, after so many seconds."""
        usual = why.code in _USUAL or why.code >= _CUSTOM
        level = self._ordinary if usual else "info"
        if level is not None:
            self._write(
                level,
                "client disconnected",
                session,
                wire,
                code=why.code,
                reason=why.reason,
                by="server" if by_server else "client",
                seconds=round(seconds, 3),
            )

    def replied(self, session: Session, wire: Wire, outcome: Reply, channel: str) -> None:
        """Write what became of those who came back, where a reply says it; `channel`: of a subscription."""
        if self._ordinary is None:
            return
        if outcome.subscribe is not None:
            self._returned(session, wire, channel, outcome.subscribe)
        elif outcome.connect is not None:
            for name, result in outcome.connect.subs.items():
                self._returned(session, wire, name, result)

    def _returned(self, session: Session, wire: Wire, channel: str, result: SubscribeResult) -> None:
        if result.was_recovering and self._ordinary is not None:
            self._write(
                self._ordinary,
                "subscription recovered" if result.recovered else "subscription not recovered",
                session,
                wire,
                channel=channel,
                recovered=result.recovered,
                publications=len(result.publications),
            )

    def _write(self, level: str, event: str, session: Session, wire: Wire, **more: object) -> None:
        write = _log.info if level == "info" else _log.debug
        write(
            event,
            client=session.client,
            user=session.user,
            transport=wire.name,
            protocol="json" if wire.codec.json else "protobuf",
            sdk=session.name[:_LONGEST],
            sdk_version=session.version[:_LONGEST],
            **more,
        )
