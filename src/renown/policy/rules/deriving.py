"""What one event makes for somebody else: `also`."""

import msgspec

from renown.policy.rules.matching import Wanted

__all__ = ["ATTRIBUTE", "ROLES", "Also"]

ROLES = ("actor", "owner")
"""Whom an event may concern besides its subject: who caused it, and who `data.owner` says owns the object."""
ATTRIBUTE = "data."
"""Before the name of an attribute of `data` that holds a subject's key."""


class Also(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event that one of this type makes for another subject, and takes back with itself."""

    to: str
    """`actor`, `owner`, or `data.<attribute>` for the key that an attribute holds."""
    type: str
    """The type of the event that is made."""
    when: Wanted = {}
    """Only when the event has these attributes."""
    with_value: bool = False
    """Hand the event's value on."""
    with_data: bool = False
    """Hand the event's `data` on."""
