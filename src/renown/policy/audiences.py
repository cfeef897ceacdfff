"""Who may see something, in words: `anyone`, `users`, `owner`, `role:<name>` …, one or several."""

import re
from typing import Final

__all__ = ["WORDS", "Audience", "spoken", "unknown_word"]

Audience = str | tuple[str, ...]
"""One word, or several of which one suffices."""

WORDS: Final = ("anyone", "users", "owner", "nobody")
"""The words that need no name; `role:<name>` is the other."""

_ROLE = re.compile(r"role:[^\s:*]{1,64}\Z")


def spoken(audience: Audience) -> tuple[str, ...]:
    """Return the words of an audience."""
    return (audience,) if isinstance(audience, str) else audience


def unknown_word(audience: Audience, words: tuple[str, ...] = WORDS) -> str | None:
    """Return the first word that is none of `words` and no role, or None."""
    return next((word for word in spoken(audience) if word not in words and not _ROLE.match(word)), None)
