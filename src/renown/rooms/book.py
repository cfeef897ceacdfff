"""What a publication does to a rooms file, within a transaction."""

from collections.abc import Callable
from math import inf
from typing import Final

import msgspec

from renown.protocol.effects import Position
from renown.protocol.replies import Publication
from renown.rooms import statements as sql
from renown.rooms.epochs import bucket_of, new_epoch
from renown.rooms.file import LifeRow, RoomsFile, body_of
from renown.rooms.room import IDEMPOTENCY, META_AGE, REMOVED_AGE, Draft, Retention

__all__ = ["LAG", "Book", "News"]

LAG: Final = 10.0
"""Seconds for which a publication stays in the file at least, so that other processes find it."""

_CACHED: Final = 20_000
_PIECE: Final = 500
"""Rows that are deleted at once, at most: publications wait meanwhile."""
_LIVES: Final = 20

News = tuple[str, Publication, str]
"""Channel, publication, epoch."""


class Book:
    """Writes into a file over one connection. Between `begin` and `commit` or `abandon` alone."""

    def __init__(self, file: RoomsFile) -> None:
        self._file = file
        self._lives: dict[str, LifeRow] = {}
        self._written: dict[int, LifeRow] = {}
        self._seq = 0
        self.news: list[News] = []
        """What this transaction has published."""

    def begin(self, seq: int, *, fresh: bool) -> None:
        """Go on at a position of the log; with `fresh` what was known of the file before does not hold."""
        if fresh or len(self._lives) > _CACHED:
            self._lives.clear()
        self._seq = seq
        self.news = []

    def finish(self) -> int:
        """Write what was held back; return the newest position of the log."""
        for row in self._written.values():
            new = (row.top, row.touched, row.size, row.age, row.version, row.version_epoch, row.due)
            self._file.run(sql.PUT_LIFE, (*new, row.life))
        self._written.clear()
        if self.news:
            self._file.run(sql.PUT_META, ("seq", str(self._seq)))
        return self._seq

    def abandon(self) -> None:
        """Know nothing: the transaction is undone."""
        self._lives.clear()
        self._written.clear()
        self.news = []

    # Publishing

    def publish(self, channel: str, draft: Draft, keep: Retention, now: float) -> Position:
        """Publish, unless the draft was published already or changes nothing."""
        if draft.idempotency_key:
            found = self._file.rows(sql.ANSWER, (channel, draft.idempotency_key, now))
            if found:
                return Position(*found[0])
        row = self._life(channel, now)
        row.touched = max(row.touched, now)
        if draft.key:
            self._set(row, draft, keep)
        elif not _outdated(draft, row.version, row.version_epoch):
            if draft.version:
                row.version, row.version_epoch = draft.version, draft.version_epoch
            self._log(row, draft, keep, body_of(draft))
        position = Position(row.epoch, row.top)
        if draft.idempotency_key:
            answer = (channel, draft.idempotency_key, row.epoch, row.top, now + IDEMPOTENCY)
            self._file.run(sql.PUT_ANSWER, answer)
        return position

    def forget(self, channel: str, now: float) -> None:
        """End a channel's life; what is left of it is deleted piece by piece later."""
        row = self._file.life(channel)
        if row is not None:
            self._file.run(sql.END_LIFE, (True, now + LAG, row.life))
        self._lives.pop(channel, None)
        self._add(channel, new_epoch(), now)

    def _life(self, channel: str, now: float) -> LifeRow:
        row = self._lives.get(channel)
        if row is None:
            row = self._file.life(channel) or self._add(channel, self._file.first_epoch(channel), now)
            self._lives[channel] = row
        return row

    def _add(self, channel: str, epoch: str, now: float) -> LifeRow:
        row = LifeRow(0, channel, epoch, 0, 0, now, 0, 0.0, 0, "", 0, now + META_AGE)
        values = (channel, epoch, False, 0, now, 0, 0.0, 0, "", 0, row.due)
        row.life = self._file.run(sql.ADD_LIFE, values).lastrowid or 0
        return row

    def _set(self, row: LifeRow, draft: Draft, keep: Retention) -> None:
        found = self._file.rows(sql.ENTRY, (row.life, draft.key))
        removed, version, epoch = found[0] if found else (True, 0, "")
        if (draft.removed and removed) or _outdated(draft, version, epoch):
            return
        if draft.version:
            version, epoch = draft.version, draft.version_epoch
        age = REMOVED_AGE if draft.removed else keep.key_age
        ends = row.touched + age if age else None
        body = body_of(draft)
        self._log(row, draft, keep, body)
        entry = (row.life, draft.key, row.top, draft.removed, ends, version, epoch, row.touched, body)
        self._file.run(sql.PUT_ENTRY, entry)

    def _log(self, row: LifeRow, draft: Draft, keep: Retention, body: bytes) -> None:
        self._seq += 1
        row.top += 1
        row.size, row.age = keep.size, keep.age
        trimmed = row.touched + LAG if row.top > row.size else inf
        row.due = min(row.due, trimmed, row.touched + row.age if row.age else inf)
        self._file.run(sql.ADD_LOG, (self._seq, row.life, row.top, row.touched, body))
        self._written[row.life] = row
        self.news.append((row.channel, _publication(draft, row.top, row.touched), row.epoch))

    # What has had its time

    def tidy(self, now: float) -> bool:
        """Delete what has had its time, a bounded piece of it; return whether there is more."""
        more = self._end_keys(now)
        # What was just published must not be forgotten by rows that are read now.
        self.finish()
        due = self._file.rows(sql.DUE_LIVES, (now, _LIVES))
        more |= len(due) == _LIVES
        for found in due:
            row = LifeRow(*found)
            self._lives.pop(row.channel, None)
            if self._bury(row) if row.ended else self._trim(row, now):
                more = True
                break
        cut = self._file.run(sql.CUT_ANSWERS, (now, _PIECE)).rowcount
        return more or cut >= _PIECE

    def _end_keys(self, now: float) -> bool:
        due = self._file.rows(sql.DUE_ENTRIES, (now, _PIECE))
        for channel, ended, life, key, offset, removed in due:
            if ended:
                self._file.run(sql.DROP_ENTRY, (life, key))
            elif removed:
                self._file.run(sql.DROP_ENTRY, (life, key))
                self._file.run(sql.FORGOT, (offset, life))
            else:
                row = self._life(channel, now)
                row.touched = max(row.touched, now)
                self._set(row, Draft(key=key, removed=True), Retention(row.size, row.age))
        return len(due) == _PIECE

    def _trim(self, row: LifeRow, now: float) -> bool:
        floor, since = row.floor(), row.since(now)
        oldest = self._cut(row, lambda offset, time: offset <= floor or time <= since, now - LAG)
        more = oldest is not None and oldest[1] <= now - LAG and (oldest[0] <= floor or oldest[1] <= since)
        if more:
            row.due = now
        elif oldest is not None:
            offset, time = oldest
            trimmed = time + LAG if offset <= floor else inf
            aged = max(time + row.age, time + LAG) if row.age else inf
            row.due = max(min(trimmed, aged, now + META_AGE), now + 1.0)
        elif row.touched + META_AGE <= now and not self._file.rows(sql.HAS_ENTRIES, (row.life, 1)):
            self._file.run(sql.DROP_LIFE, (row.life,))
            self._file.run(sql.PUT_SALT, (bucket_of(row.channel), new_epoch()))
            return False
        else:
            row.due = now + META_AGE
        self._written[row.life] = row
        return more

    def _bury(self, row: LifeRow) -> bool:
        left = self._cut(row, lambda _offset, _time: True, inf)
        gone = self._file.run(sql.CUT_ENTRIES, (row.life, row.life, _PIECE)).rowcount
        if left is None and gone < _PIECE:
            self._file.run(sql.DROP_LIFE, (row.life,))
            return False
        return True

    def _cut(self, row: LifeRow, dead: Callable[[int, float], bool], told: float) -> tuple[int, float] | None:
        """Delete the first publications that are dead and told, some at most; return the oldest one left."""
        oldest: list[tuple[int, float]] = self._file.rows(sql.OLDEST, (row.life, _PIECE + 1))
        gone = [0, *(n for n, (offset, time) in enumerate(oldest, 1) if time <= told and dead(offset, time))]
        count = min(gone[-1], _PIECE)
        if count:
            self._file.run(sql.CUT_LOG, (row.life, oldest[count - 1][0]))
        return oldest[count] if count < len(oldest) else None


def _publication(draft: Draft, offset: int, time: float) -> Publication:
    return Publication(
        msgspec.Raw() if draft.removed else draft.data,
        draft.info,
        offset,
        draft.tags,
        time=int(time * 1000),
        key=draft.key,
        removed=draft.removed,
        binary=draft.binary,
    )


def _outdated(draft: Draft, version: int, epoch: str) -> bool:
    return bool(draft.version) and draft.version_epoch == epoch and draft.version <= version
