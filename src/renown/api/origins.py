"""Which browser origins may talk to the server."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["OriginRule", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Tell whether `host`, a name or address without port, means this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class OriginRule:
    """Allows the origins listed, pages of the server itself, and in dev mode those of this machine.

    In dev mode a page of the server itself must have been reached under a loopback name, so that a
    foreign name that resolves to this machine gains nothing.
    """

    def __init__(self, origins: Sequence[str], *, dev: bool) -> None:
        self._any = "*" in origins
        self._listed = tuple(_literal(origin.rstrip("/").lower()) for origin in origins)
        self._dev = dev

    def allows(self, origin: str, host: str) -> bool:
        """Tell whether a page of `origin` may call a server reached as `host` (with its port)."""
        origin = origin.lower()
        if self._any or any(fnmatchcase(origin, listed) for listed in self._listed):
            return True
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return False
        if self._dev:
            return is_loopback(name)
        return bool(parts.netloc) and parts.netloc == host.lower()


def _literal(pattern: str) -> str:
    """Return `pattern` with `*` as its only wildcard: brackets belong to IPv6 addresses."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
