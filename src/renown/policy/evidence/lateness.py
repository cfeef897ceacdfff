"""What becomes of events that come late."""

import msgspec

__all__ = ["Late"]


class Late(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until when an event that comes late is worked in as if it had come in time.

    Scores are those of the order of time however late an event comes; this is about what depends on how they
    went: tiers, badges, statuses and alerts.
    """

    tolerance_days: float = 7.0
    """So long before the subject's newest event it may have happened; 0: none is worked in."""
