"""Which browser origins may talk to the server: one rule for WebSockets and HTTP."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["OriginRule", "is_loopback_host"]


@lru_cache(256)
def is_loopback_host(host: str) -> bool:
    """Tell whether `host`, as a Host header or a URL has it, with or without a port, means this machine."""
    name = _without_port(host.strip()).lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class OriginRule:
    """Allows the origins listed, pages of the server itself, and in dev mode those of this machine.

    In dev mode a page of the server itself must have been reached under a loopback name, and so must the
    server: a foreign name that resolves to this machine gains nothing.
    """

    def __init__(self, origins: Sequence[str], *, dev: bool) -> None:
        self._any = "*" in origins
        self._listed = tuple(_literal(origin.rstrip("/").lower()) for origin in origins)
        self._dev = dev

    def serves(self, host: str) -> bool:
        """Tell whether a server reached as `host` (with its port) answers at all."""
        return not self._dev or is_loopback_host(host)

    def allows(self, origin: str, host: str) -> bool:
        """Tell whether a page of `origin` may call a server reached as `host` (with its port)."""
        origin = origin.lower()
        if self._any or any(fnmatchcase(origin, listed) for listed in self._listed):
            return True
        try:
            authority = urlsplit(origin).netloc
        except ValueError:
            return False
        if self._dev:
            return is_loopback_host(authority)
        return bool(authority) and authority == host.lower()


def _without_port(host: str) -> str:
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        return name if bracket and (not rest or rest.startswith(":")) else ""
    name, colon, _ = host.rpartition(":")
    # More than one colon and no brackets: a bare IPv6 address.
    return name if colon and ":" not in name else host


def _literal(pattern: str) -> str:
    """Return `pattern` with `*` as its only wildcard: brackets belong to IPv6 addresses."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
