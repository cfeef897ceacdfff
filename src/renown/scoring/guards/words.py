"""Figures and names in the sentences that guards say."""

from math import floor

from renown.policy.evidence.guarding import Guarding, Those

__all__ = ["figure", "in_order", "noun", "per_cent", "span"]


def figure(value: float) -> str:
    """Return a number as people write it: whole, or with as many decimals as say something."""
    if value == floor(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 0.95 else f"{value:.2g}"


def in_order(most: float) -> str:
    """Return what says how many nobody minds."""
    return f"up to {figure(most)} {'is' if most == 1 else 'are'} in order"


def per_cent(share: float) -> str:
    """Return a share in per cent."""
    return f"{share * 100:.0f} %"


def span(days: float) -> str:
    """Return a length of time: `a day`, `7 days`, `2 hours`."""
    if days == 1:
        return "a day"
    if days < 1:
        hours = days * 24
        return "an hour" if hours == 1 else f"{figure(hours)} hours"
    return f"{figure(days)} days"


def noun(guard: Guarding, those: Those) -> str:
    """Return what is counted: `unverified negative reviews`."""
    words = [word.removesuffix("s") if word != "unverified" else word for word in those.split("_")]
    if those == "all":
        words = []
    name = guard.types[0].replace("_", " ").replace(".", " ") + "s" if len(guard.types) == 1 else "events"
    return " ".join([*words, name])
