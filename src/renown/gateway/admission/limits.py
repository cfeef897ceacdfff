"""How much one user or address may ask for: connections at once, handshakes a second.

Time is an argument. Whatever comes in, the tables stay bounded, and who keeps to the limits is never
turned away for what another address does, except by the limits on all of them together.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import msgspec

from renown.errors import SettingsError
from renown.gateway.admission.counts import ADDRESS, USER, Counts
from renown.gateway.options import ConnectionLimits

__all__ = ["Addresses", "Buckets", "Limiter", "Turned"]

_KEPT: Final = 65_536
"""Addresses whose pace is remembered; the one unheard of for longest is forgotten first."""
_LONGEST_CHAIN: Final = 32
"""Addresses of `X-Forwarded-For` that are looked at."""


class Turned(msgspec.Struct, frozen=True):
    """A handshake is turned away over HTTP."""

    status: int
    """429: this address asks too much; 503: all together do."""
    retry_after: int
    """Seconds after which it may be tried again."""
    reason: str


class Buckets:
    """A token bucket per name: `burst` at once, `rate` a second for long."""

    def __init__(self, rate: float, burst: int, kept: int = _KEPT) -> None:
        """Take a rate; 0 allows everything."""
        self._rate = rate
        self._burst = float(max(burst, 1))
        self._kept = kept
        self._levels: dict[str, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, name: str, now: float) -> float:
        """Take one if there is one, and return 0; else the seconds until there is, and take none."""
        if not self._rate:
            return 0.0
        level, at = self._levels.pop(name, (self._burst, now))
        level = min(level + max(now - at, 0.0) * self._rate, self._burst)
        wait = 0.0 if level >= 1 else (1 - level) / self._rate
        # Put back at the end: the first of the table is always the one unheard of for longest.
        self._levels[name] = (level if wait else level - 1, now)
        if len(self._levels) > self._kept:
            del self._levels[next(iter(self._levels))]
        return wait


class Limiter:
    """Counts connections by user and address, with those of other processes, and paces its own handshakes."""

    def __init__(self, limits: ConnectionLimits, counts: Counts | None = None) -> None:
        self._limits = limits
        self._counts = counts or Counts()
        self._each = Buckets(limits.handshakes_per_address, limits.handshake_burst_per_address)
        self._all = Buckets(limits.handshakes, limits.handshake_burst)

    def knock(self, address: str, now: float) -> Turned | None:
        """Tell whether a handshake from `address` is turned away; None: it goes on.

        What one address does too much does not count against all.
        """
        most = self._limits.per_address
        if most and self._counts.full(ADDRESS, address, most):
            return Turned(429, 5, "too many connections from this address")
        wait = self._each.take(address, now)
        if wait:
            return Turned(429, _whole(wait), "too many handshakes from this address")
        wait = self._all.take("", now)
        return Turned(503, _whole(wait), "too many handshakes") if wait else None

    def arrived(self, address: str) -> None:
        """Count a connection from an address."""
        if self._limits.per_address:
            self._counts.move(ADDRESS, address, 1)

    def gone(self, address: str) -> None:
        """Count it no more."""
        if self._limits.per_address:
            self._counts.move(ADDRESS, address, -1)

    def known(self, user: str, change: int) -> None:
        """Count connections of a user; anonymous ones are nobody's."""
        if self._limits.per_user and user:
            self._counts.move(USER, user, change)

    def crowded(self, user: str) -> bool:
        """Tell whether a user has as many connections as may be."""
        most = self._limits.per_user
        return bool(most and user) and self._counts.full(USER, user, most)


class Addresses:
    """Tells from which address a request comes, behind proxies too."""

    def __init__(self, proxies: tuple[str, ...]) -> None:
        """Take addresses and networks that are believed; raise `SettingsError` for what is neither."""
        self._proxies = [_network(text) for text in proxies]

    def of(self, peer: str, headers: Mapping[str, str] | None = None) -> str:
        """Return whom the connection from `peer` counts for: an address, or an IPv6 network of 64 bits.

        Of `X-Forwarded-For` (by its lower-case name in `headers`) the last address counts that is no proxy:
        what stands before it the client may have made up.
        """
        found = peer
        if self._proxies and headers is not None and self._trusted(peer):
            chain = headers.get("x-forwarded-for", "").split(",")[-_LONGEST_CHAIN:]
            for hop in reversed(chain):
                name = _bare(hop)
                if not name:
                    break
                found = name
                if not self._trusted(name):
                    break
        return _counted(found)

    def _trusted(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._proxies)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is no address or network", field="gateway.limits.proxies", expected="10.0.0.0/8"
        ) from error


def _bare(hop: str) -> str:
    """Return an address of the header without its port, empty when it is none."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip_address(text)
    except ValueError:
        return ""
    return text


@lru_cache(1_024)
def _counted(text: str) -> str:
    """Return the name under which an address is counted; whoever has one IPv6 address has 2^64."""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return text
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))


def _whole(seconds: float) -> int:
    """Return seconds for a Retry-After, rounded up."""
    return max(1, int(seconds) + (seconds > int(seconds)))
