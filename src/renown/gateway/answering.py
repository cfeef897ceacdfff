"""Answers what sessions ask, other than to join channels."""

import logging
from collections.abc import Mapping
from typing import Protocol

import msgspec

from renown.errors import RenownError
from renown.gateway.admission.tokens import Tokens
from renown.gateway.client import Client, Method
from renown.gateway.hub.fitting import fitting_in
from renown.protocol.codes import ERRORS, Error
from renown.protocol.effects import (
    Answer,
    Await,
    Call,
    Done,
    History,
    Position,
    Publish,
    Question,
    ReadHistory,
    Returned,
)
from renown.rooms.room import Draft

__all__ = ["Answering"]

_LOG = logging.getLogger("renown.gateway")


class Rooms(Protocol):
    """Where is read and published: the gateway."""

    async def publish(self, channel: str, draft: Draft, *, keep: bool = True) -> Position | Error:
        """Publish into a room."""
        ...

    async def history(self, wanted: ReadHistory) -> History | Error:
        """Read the log of a stream."""
        ...


class Answering:
    """One task per question; whatever goes wrong is an answer, too."""

    def __init__(self, rooms: Rooms, tokens: Tokens, methods: Mapping[str, Method], size: int) -> None:
        """`methods` are what clients may call, by name; more may be put in later.

        `size`: bytes of data in one answer, at most: one that is longer would make its client count as slow.
        """
        self._size = size
        self._rooms = rooms
        self._tokens = tokens
        self._methods = methods

    async def answer(self, client: Client, question: Question) -> None:
        """Find the answer and hand it to the client's session."""
        try:
            answer = await self._find(client, question)
        except Exception:
            _LOG.exception("cannot answer %s", type(question).__name__)
            answer = ERRORS.INTERNAL
        client.answered(answer)

    async def _find(self, client: Client, question: Question) -> Answer | Error:
        match question:
            case ReadHistory():
                return self._cut(await self._rooms.history(question))
            case Publish():
                return await self._publish(question)
            case Call():
                return await self._call(question, client)
            case Await():
                # Without keys nobody can say that a token is bad: no reason to turn it away for good.
                return Done() if await self._tokens.refreshed() else ERRORS.INTERNAL
            case _:
                return ERRORS.NOT_AVAILABLE

    def _cut(self, found: History | Error) -> History | Error:
        if isinstance(found, Error):
            return found
        fitting = fitting_in(found.publications, self._size)
        return msgspec.structs.replace(found, publications=fitting)

    async def _publish(self, wanted: Publish) -> Done | Error:
        draft = Draft(msgspec.Raw(wanted.data), wanted.info, key=wanted.key, removed=wanted.removed)
        done = await self._rooms.publish(wanted.channel, draft)
        return done if isinstance(done, Error) else Done()

    async def _call(self, call: Call, client: Client) -> Returned | Error:
        if client.session is None:
            return ERRORS.INTERNAL
        try:
            return Returned(await self._methods[call.method](call.data, client.session.claims))
        except RenownError as error:
            return Error(error.status, error.detail)
