"""All settings, with their defaults.

What stands under an attribute is its documentation: `renown config docs` prints it.
"""

from typing import Final, Literal

import msgspec

from renown.gateway.options import GatewayOptions, TokenOptions
from renown.intake import Limits
from renown.ledger import LedgerOptions

__all__ = ["NOTES", "AccessSettings", "LogSettings", "Settings", "ShutdownSettings"]


class AccessSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may read without a key or token."""

    anonymous: bool | None = None
    """Whether anybody may read and watch what is public; by default only in dev mode."""


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the log looks like."""

    format: Literal["auto", "console", "json"] = "auto"
    """`console` for people, `json` for machines; `auto` is console on a terminal and else JSON."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is written."""
    connections: Literal["trouble", "all", "off"] = "trouble"
    """What is written of realtime connections: `trouble` is closes with the code of an error, and with the
    level `debug` everything else; `all` is each connect, close and recovery; `off` is nothing."""


class ShutdownSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the server stops."""

    wait: float = 0.0
    """Seconds between saying "not ready" and closing the first connection, for load balancers to notice."""
    timeout: float = 10.0
    """Seconds that requests under way get to finish after all connections were asked to close."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one server."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for all. Dev mode listens on this machine only."""
    port: int = 8000
    """TCP port for everything: HTTP and WebSocket. 0 picks a free one."""
    workers: int = 1
    """Processes that share the port and the data; one for each core that is to be used."""
    data: str = "renown-data"
    """Folder of the ledger, made when it does not exist; or a file that `renown export` wrote."""
    dev: bool = False
    """Dev mode: no keys needed, all policy presets, anonymous readers; on this machine only."""
    policies: tuple[str, ...] = ()
    """Names of presets, policy files, or patterns such as `policies/*.toml`. In dev mode all presets
    when none are named. Kinds that the ledger has events of are served besides, by the rules in it."""
    origins: tuple[str, ...] = ()
    """Browser origins that may call the API and connect, such as `https://shop.example`. `*` stands for
    any characters. The server's own pages always may; in dev mode also any page of this machine."""
    access: AccessSettings = AccessSettings()
    tokens: TokenOptions = TokenOptions()
    gateway: GatewayOptions = GatewayOptions()
    limits: Limits = Limits()
    ledger: LedgerOptions = LedgerOptions()
    log: LogSettings = LogSettings()
    shutdown: ShutdownSettings = ShutdownSettings()


NOTES: Final = {
    "gateway.path": "Where the WebSocket transport is.",
    "gateway.board_rows": "Places of a board that `board:` channels carry.",
    "gateway.pong_timeout": "Time for a client to answer a ping before its connection is closed.",
    "gateway.channels_per_connection": "Most subscriptions of one connection.",
    "gateway.channel_name_limit": "Longest name of a channel.",
}
"""Documentation of settings whose declaration has none, by dotted name."""
