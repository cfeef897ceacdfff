"""What a user's rights say: compiled once, so that asking is cheap however often it is done."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec

from renown.errors import EventError
from renown.policy import Audience, spoken
from renown.protocol.access import Rights
from renown.protocol.codes import DISCONNECTS

__all__ = ["Departure", "Granted", "Patterns", "check_rights", "claim_of", "granted", "in_audience"]

_MOST_PATTERNS: Final = 1_000
_LONGEST: Final = 255
_LISTS: Final = ("roles", "owns", "subscribe", "publish", "submit", "orgs", "projects")


class Departure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the connections of a user are to be closed: in `Changes.disconnect` as JSON."""

    code: Annotated[int, msgspec.Meta(ge=3000, le=4999)] = DISCONNECTS.FORCE_DISCONNECT.code
    """3500 to 3999 and 4500 to 4999 are final; with others clients come back."""
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=123)] = DISCONNECTS.FORCE_DISCONNECT.reason
    """What of it is more than 123 bytes is not said."""
    whitelist: tuple[str, ...] = ()
    """Ids of connections that stay."""


class Patterns:
    """Names, in which `*` may stand for any characters: whether one of them fits a name.

    Takes time in proportion to the patterns' and the name's length, whatever the patterns are.
    """

    __slots__ = ("_any", "_exact", "_parts", "_prefixes")

    def __init__(self, patterns: Iterable[str]) -> None:
        texts = set(patterns)
        self._any = "*" in texts
        self._exact = frozenset(text for text in texts if "*" not in text)
        self._prefixes = tuple(text[:-1] for text in texts if text.endswith("*") and text.count("*") == 1)
        others = (text for text in texts if text.count("*") > 1 or ("*" in text and not text.endswith("*")))
        self._parts = [tuple(text.split("*")) for text in others]

    def fit(self, name: str) -> bool:
        """Tell whether one of the patterns is this name."""
        if self._any or name in self._exact or (self._prefixes and name.startswith(self._prefixes)):
            return True
        return any(_fits(parts, name) for parts in self._parts)


def _fits(parts: tuple[str, ...], name: str) -> bool:
    first, *middle, last = parts
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    place, end = len(first), len(name) - len(last)
    for part in middle:
        # The leftmost place is always good enough, so nothing is ever tried twice.
        place = name.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


class Granted:
    """Rights, ready to be asked."""

    __slots__ = ("orgs", "owns", "projects", "publish", "rights", "roles", "submit", "subscribe")

    def __init__(self, rights: Rights) -> None:
        self.rights: Final = rights
        self.roles: Final = frozenset(rights.roles)
        self.owns: Final = Patterns(rights.owns)
        self.subscribe: Final = Patterns(rights.subscribe)
        self.publish: Final = Patterns(rights.publish)
        self.submit: Final = Patterns(rights.submit)
        self.orgs: Final = Patterns(rights.orgs)
        self.projects: Final = Patterns(rights.projects)

    def may_subscribe(self, channel: str, signs: str) -> bool:
        """Tell whether a right to subscribe opens a channel; `signs` are those that guard it.

        A pattern opens what is guarded only if the signs stand in it: `*` alone does not mean them.
        """
        return self.subscribe.fit(channel) and _with_signs(self.rights.subscribe, signs).fit(channel)

    def may_publish(self, channel: str, signs: str) -> bool:
        """Tell the same of a right to publish."""
        return self.publish.fit(channel) and _with_signs(self.rights.publish, signs).fit(channel)

    def belongs(self, name: str, scope: str) -> bool:
        """Tell whether the user belongs to the org or project that a name begins with."""
        if scope == "none":
            return True
        org, slash, rest = name.partition("/")
        if scope == "org":
            return bool(org and slash) and self.orgs.fit(org)
        project, slash, _ = rest.partition("/")
        return bool(org and project and slash) and self.projects.fit(f"{org}/{project}")


@lru_cache(maxsize=1_024)
def _with_signs(patterns: tuple[str, ...], signs: str) -> Patterns:
    return Patterns(text for text in patterns if all(sign in text for sign in signs))


@lru_cache(maxsize=4_096)
def granted(rights: Rights) -> Granted:
    """Return rights ready to be asked; the same for the same rights."""
    return Granted(rights)


def claim_of(rights: Rights) -> dict[str, Any]:
    """Return the `rights` claim of a token: what is not empty."""
    return {name: value for name, value in msgspec.to_builtins(rights).items() if value}


def in_audience(
    audience: Audience, *, user: str, roles: frozenset[str], owner: bool, subscribed: bool = False
) -> bool:
    """Tell whether somebody is among an audience."""
    for word in spoken(audience):
        match word:
            case "anyone":
                return True
            case "users" if user:
                return True
            case "owner" if owner:
                return True
            case "subscribers" if subscribed:
                return True
            case _ if word.startswith("role:") and word[5:] in roles:
                return True
            case _:
                pass
    return False


def check_rights(rights: Rights) -> Rights:
    """Return the rights when they are of a size that can be kept and asked.

    Raises:
        EventError: there are too many names in them, or one is empty or too long.

    """
    for field in _LISTS:
        names: tuple[str, ...] = getattr(rights, field)
        if len(names) > _MOST_PATTERNS:
            raise EventError(
                f"There are {len(names)} {field}.",
                code="invalid_request",
                field=field,
                expected=f"at most {_MOST_PATTERNS}",
            )
        if any(not 1 <= len(name) <= _LONGEST for name in names):
            raise EventError(
                f"One of {field} is empty or too long.",
                code="invalid_request",
                field=field,
                expected=f"1 to {_LONGEST} characters each",
            )
    return rights
