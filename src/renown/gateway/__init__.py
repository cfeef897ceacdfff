"""The realtime side: channels, delivery, tokens and the WebSocket transport."""

from renown.gateway.gateway import Gateway

__all__ = ["Gateway"]
