"""The operator's own channels, and those of users and alerts: the logs and maps that keep them."""

from renown.rooms.memory import MemoryRooms
from renown.rooms.room import Changes, Draft, Page, Retention, Rooms
from renown.rooms.sqlite import SqliteRooms

__all__ = ["Changes", "Draft", "MemoryRooms", "Page", "Retention", "Rooms", "SqliteRooms"]
