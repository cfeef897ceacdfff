"""Who is present with other processes."""

import logging
from collections.abc import Callable
from typing import Final

from renown.gateway.channels import Address
from renown.gateway.hub.presence import Presences
from renown.gateway.nodes.messages import Value
from renown.gateway.nodes.mirror import Mirrors, Where
from renown.gateway.nodes.packing import PackedInfo, pack_info, unpack_info
from renown.protocol.codes import Error
from renown.protocol.replies import ClientInfo

__all__ = ["SharedPresence"]

_LOG = logging.getLogger("renown.gateway")
_WHAT: Final = "presence"


class SharedPresence:
    """Tells the others who is present here, by channel and client id; `presences` is told who is there."""

    def __init__(
        self, mirrors: Mirrors, presences: Presences, find: Callable[[str], Address | Error]
    ) -> None:
        """`find` takes a channel's name apart."""
        self._presences = presences
        self._find = find
        self._mirror = mirrors.add(_WHAT, self._here, self._show)
        presences.moved = self._moved

    def _moved(self, joined: bool, channel: str, info: ClientInfo) -> None:
        self._mirror.change(channel, info.client, pack_info(info) if joined else None)

    def _here(self) -> dict[str, dict[str, Value]]:
        here = self._presences.here().items()
        return {name: {info.client: pack_info(info) for info in infos} for name, infos in here}

    def _show(self, where: Where, before: Value | None, after: Value | None) -> None:
        info = before if after is None else after
        if not isinstance(info, PackedInfo):
            return
        address = self._find(where[0])
        if isinstance(address, Error):
            _LOG.warning("another process has a channel that this one does not know: %s", where[0])
        else:
            self._presences.move(after is not None, address, unpack_info(info))
