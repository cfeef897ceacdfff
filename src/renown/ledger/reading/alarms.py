"""Alerts that fired or cleared, for those who pass them on: none is lost when a process dies before."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import msgspec

from renown.ledger.views import alarms_of
from renown.model import Alarm
from renown.stores import Reader, Store, Writer

__all__ = ["AlarmBook"]

_TOLD: Final = "alarms.told"
"""The name under which it is kept up to where alarms were passed on."""
_PAGE: Final = 1_000
_T = TypeVar("_T")


class _Rights(msgspec.Struct, frozen=True):
    owns: tuple[str, ...] = ()


_rights: Final = msgspec.json.Decoder(_Rights)


class AlarmBook:
    """The alarms of a ledger. Every process passes on what it hears of; what none did is found at a start.

    All methods raise `LedgerError` when the file fails.
    """

    def __init__(self, store: Store, write: Callable[[Callable[[Writer], None]], Awaitable[None]]) -> None:
        """Write through `write`: what another connection writes looks to the writer like another process."""
        self._store = store
        self._write = write

    async def untold(self) -> tuple[int, list[Alarm]]:
        """Return the ledger's newest `seq`, and the alarms that nobody is known to have passed on."""

        def read(reader: Reader) -> tuple[int, list[Alarm]]:
            newest, told = reader.newest_seq(), reader.meta(_TOLD)
            if told is None:
                return newest, []
            found: list[Alarm] = []
            seq = int(told)
            while rows := reader.changing_since(seq, _PAGE):
                found += [alarm for row in rows for alarm in alarms_of(row)]
                seq = rows[-1].seq
            return newest, found

        return await self._apart(read)

    async def told(self, seq: int) -> None:
        """Note that all alarms up to a position were passed on; it never goes back."""

        def write(writer: Writer) -> None:
            writer.begin()
            before = writer.meta(_TOLD)
            if before is None or int(before) < seq:
                writer.put_meta(_TOLD, str(seq))
                writer.commit()
            else:
                writer.rollback()

        await self._write(write)

    async def owners(self, subjects: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return for each subject the users whose stored rights name it as theirs; patterns do not."""

        def read(reader: Reader) -> Sequence[Sequence[str]]:
            return [
                [row.user for row in reader.rights_naming(each) if each in _rights.decode(row.body).owns]
                for each in subjects
            ]

        return await self._apart(read)

    async def _apart(self, read: Callable[[Reader], _T]) -> _T:
        def run() -> _T:
            with self._store.reader() as reader, reader.snapshot():
                return read(reader)

        return await asyncio.to_thread(run)
