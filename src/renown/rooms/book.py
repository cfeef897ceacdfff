"""What a publication does to a rooms file, within a transaction."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Final

import msgspec

from renown.protocol.effects import Position
from renown.protocol.replies import Publication
from renown.rooms import statements as sql
from renown.rooms.epochs import new_epoch
from renown.rooms.file import LifeRow, RoomsFile, body_of
from renown.rooms.room import META_AGE, REMOVED_AGE, Draft, Publishing, Retention
from renown.rooms.rows import EntryState, Rows

__all__ = ["LAG", "Book", "News"]

LAG: Final = 10.0
"""Seconds for which a publication stays in the file at least, so that other processes find it."""

_PIECE: Final = 500
"""Rows that are deleted at once, at most: publications wait meanwhile."""
_LIVES: Final = 20

News = tuple[str, Publication, str]
"""Channel, publication, epoch."""


class Book:
    """Writes into a file over one connection. Between `begin` and `commit` or `abandon` alone."""

    def __init__(self, file: RoomsFile) -> None:
        self._file = file
        self._rows = Rows(file)
        self._seq = 0
        self.news: list[News] = []
        """What this transaction has published."""

    def begin(self, seq: int, *, fresh: bool) -> None:
        """Go on at a position of the log; with `fresh` what was known of the file before does not hold."""
        self._rows.begin(fresh=fresh)
        self._seq = seq
        self.news = []

    def expect(self, coming: Sequence[Publishing], now: float) -> None:
        """Look up what publications will need of the file, of all of them at once."""
        self._rows.look_up_lives(each.channel for each in coming)
        asked = ((each.channel, each.draft.idempotency_key) for each in coming)
        self._rows.look_up_answers((pair for pair in asked if pair[1]), now)
        self._rows.look_up_keys((each.channel, each.draft.key) for each in coming if each.draft.key)

    def finish(self) -> int:
        """Write what was held back; return the newest position of the log."""
        self._rows.write()
        if self.news:
            self._file.run(sql.PUT_META, ("seq", str(self._seq)))
        return self._seq

    def abandon(self) -> None:
        """Know nothing: the transaction is undone."""
        self._rows.abandon()
        self.news = []

    # Publishing

    def publish(self, channel: str, draft: Draft, keep: Retention, now: float) -> Position:
        """Publish, unless the draft was published already or changes nothing."""
        once = draft.idempotency_key
        if once and (answer := self._rows.answer(channel, once, now)):
            return answer
        row = self._rows.life(channel, now)
        row.touched = max(row.touched, now)
        if draft.key:
            self._set(row, draft, keep)
        elif not _outdated(draft, row.version, row.version_epoch):
            if draft.version:
                row.version, row.version_epoch = draft.version, draft.version_epoch
            self._log(row, draft, keep, body_of(draft))
        position = Position(row.epoch, row.top)
        if once:
            self._rows.add_answer(channel, once, position, now)
        return position

    def forget(self, channel: str, now: float) -> None:
        """End a channel's life; what is left of it is deleted piece by piece later."""
        self._rows.end_life(channel, now + LAG)
        self._rows.add_life(channel, new_epoch(), now)

    def _set(self, row: LifeRow, draft: Draft, keep: Retention) -> None:
        removed, version, epoch = self._rows.entry(row, draft.key)
        if (draft.removed and removed) or _outdated(draft, version, epoch):
            return
        if draft.version:
            version, epoch = draft.version, draft.version_epoch
        age = REMOVED_AGE if draft.removed else keep.key_age
        ends = row.touched + age if age else None
        body = body_of(draft)
        self._log(row, draft, keep, body)
        self._rows.put_entry(row, draft.key, EntryState(draft.removed, version, epoch), ends, body)

    def _log(self, row: LifeRow, draft: Draft, keep: Retention, body: bytes) -> None:
        self._seq += 1
        row.top += 1
        row.size, row.age = keep.size, keep.age
        trimmed = row.touched + LAG if row.top > row.size else inf
        row.due = min(row.due, trimmed, row.touched + row.age if row.age else inf)
        self._rows.add_log(self._seq, row, body)
        self.news.append((row.channel, _publication(draft, row.top, row.touched), row.epoch))

    # What has had its time

    def tidy(self, now: float) -> bool:
        """Delete what has had its time, a bounded piece of it; return whether there is more."""
        self._rows.write()
        more = self._end_keys(now)
        # What was just published must not be forgotten by rows that are read now.
        self._rows.write()
        due = self._file.rows(sql.DUE_LIVES, (now, _LIVES))
        more |= len(due) == _LIVES
        for found in due:
            row = LifeRow(*found)
            self._rows.let_go(row.channel)
            if self._bury(row) if row.ended else self._trim(row, now):
                more = True
                break
        self._rows.write()
        cut = self._file.run(sql.CUT_ANSWERS, (now, _PIECE)).rowcount
        return more or cut >= _PIECE

    def _end_keys(self, now: float) -> bool:
        due = self._file.rows(sql.DUE_ENTRIES, (now, _PIECE))
        over = [(channel, key) for channel, ended, _, key, _, removed in due if not (ended or removed)]
        self._rows.look_up_lives(channel for channel, _ in over)
        self._rows.look_up_keys(over)
        for channel, ended, life, key, offset, removed in due:
            if ended or removed:
                self._rows.drop_entry(life, key)
                if not ended:
                    self._file.run(sql.FORGOT, (offset, life))
            else:
                row = self._rows.life(channel, now)
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
            self._rows.give_up(row)
            return False
        else:
            row.due = now + META_AGE
        self._rows.put_life(row)
        return more

    def _bury(self, row: LifeRow) -> bool:
        left = self._cut(row, lambda _offset, _time: True, inf)
        gone = self._file.run(sql.CUT_ENTRIES, (row.life, row.life, _PIECE)).rowcount
        if left is None and gone < _PIECE:
            self._rows.give_up(row)
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
