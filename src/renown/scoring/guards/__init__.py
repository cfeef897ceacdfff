"""Guards: what looks like manipulation while it happens, at constant cost per event."""

from renown.scoring.guards.bursts import BurstAlarm, BurstRule, Bursts

__all__ = ["BurstAlarm", "BurstRule", "Bursts"]
