"""What a transaction knows of a rooms file and is going to write into it, each with few statements.

Every statement gives the interpreter up some times, and must get it back from threads that want it as well.
So what a transaction will need is looked up at once when it begins, and what it adds is held back and written
together at its end.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from renown.protocol.effects import Position
from renown.rooms import statements as sql
from renown.rooms.epochs import bucket_of, new_epoch
from renown.rooms.file import LifeRow, RoomsFile
from renown.rooms.room import IDEMPOTENCY, META_AGE

__all__ = ["EntryState", "Rows"]

_CACHED: Final = 20_000


class EntryState(NamedTuple):
    """What counts of a key in a map."""

    removed: bool
    """Or never there."""
    version: int
    version_epoch: str


_ABSENT: Final = EntryState(True, 0, "")
_Pair = tuple[str, str]


class Rows:
    """The rows of a file as a transaction sees them. Whoever reads the file itself must `write` first."""

    def __init__(self, file: RoomsFile) -> None:
        self._file = file
        self._lives: dict[str, LifeRow] = {}
        """By channel. With the newest life they are all that is known beyond the end of a transaction."""
        self._newest_life: int | None = None
        self._first_epochs: dict[str, str] = {}
        """Of channels that were looked up and have no lives."""
        self._begun: set[int] = set()
        """Lives of this transaction: the file has nothing of them that is not known."""
        self._answers: dict[_Pair, Position | None] = {}
        self._entries: dict[tuple[int, str], EntryState] = {}
        self._new_log: list[tuple[Any, ...]] = []
        self._new_answers: list[tuple[Any, ...]] = []
        self._new_entries: dict[tuple[int, str], tuple[Any, ...]] = {}
        self._new_lives: dict[int, LifeRow] = {}

    def begin(self, *, fresh: bool) -> None:
        """Begin a transaction; with `fresh` what was known of the file before does not hold."""
        if fresh or len(self._lives) > _CACHED:
            self._lives.clear()
            self._newest_life = None
        self._first_epochs.clear()
        self._begun.clear()
        self._answers.clear()
        self._entries.clear()

    def write(self) -> None:
        """Write what was held back."""
        self._file.insert(sql.ADD_LOG, self._new_log)
        self._file.insert(sql.PUT_ANSWERS, self._new_answers)
        self._file.insert(sql.PUT_ENTRIES, list(self._new_entries.values()))
        self._file.insert(sql.PUT_LIVES, [row.values() for row in self._new_lives.values()])
        self._hold_nothing()

    def abandon(self) -> None:
        """Know nothing, and write nothing: the transaction is undone."""
        self._hold_nothing()
        self.begin(fresh=True)

    def _hold_nothing(self) -> None:
        self._new_log.clear()
        self._new_answers.clear()
        self._new_entries.clear()
        self._new_lives.clear()

    # Lives

    def look_up_lives(self, channels: Iterable[str]) -> None:
        """Look up which lives channels have, those that are not known yet."""
        unknown = {each for each in channels if each not in self._lives and each not in self._first_epochs}
        if unknown:
            found = self._file.lives(sorted(unknown))
            self._lives.update((row.channel, row) for row in found)
            missing = unknown.difference(self._lives)
            self._first_epochs.update(self._file.first_epochs(sorted(missing)))

    def life(self, channel: str, now: float) -> LifeRow:
        """Return the life of a channel, its first one if it has none."""
        row = self._lives.get(channel)
        if row is None:
            self.look_up_lives((channel,))
            row = self._lives.get(channel)
        return row or self.add_life(channel, self._first_epochs[channel], now)

    def add_life(self, channel: str, epoch: str, now: float) -> LifeRow:
        """Have a channel begin a life."""
        if self._newest_life is None:
            self._newest_life = int(self._file.rows(sql.NEWEST_LIFE)[0][0])
        self._newest_life += 1
        row = LifeRow(self._newest_life, channel, epoch, 0, 0, now, 0, 0.0, 0, "", 0, now + META_AGE)
        self._first_epochs.pop(channel, None)
        self._begun.add(row.life)
        self._lives[channel] = row
        self.put_life(row)
        return row

    def put_life(self, row: LifeRow) -> None:
        """Have a life written that is new or has changed."""
        self._new_lives[row.life] = row

    def end_life(self, channel: str, due: float) -> None:
        """End a channel's life, if it has one; what belongs to it is looked at when it is `due`."""
        self.look_up_lives((channel,))
        row = self._lives.pop(channel, None)
        if row is not None:
            self.write()
            self._file.run(sql.END_LIFE, (True, due, row.life))

    def give_up(self, row: LifeRow) -> None:
        """Delete a life of which nothing is left; if it was not ended its channel has no life then."""
        self.let_go(row.channel)
        self._file.run(sql.DROP_LIFE, (row.life,))
        if not row.ended:
            self._file.run(sql.PUT_SALT, (bucket_of(row.channel), new_epoch()))

    def let_go(self, channel: str) -> None:
        """Do not rely on what is known of a channel's life."""
        self._lives.pop(channel, None)

    # Logs

    def add_log(self, seq: int, row: LifeRow, body: bytes) -> None:
        """Add the newest publication of a life."""
        self._new_log.append((seq, row.life, row.top, row.touched, body))
        self.put_life(row)

    # Answers to idempotency keys

    def look_up_answers(self, pairs: Iterable[_Pair], now: float) -> None:
        """Look up what was answered, by channel and key."""
        unknown = {pair for pair in pairs if pair not in self._answers}
        if unknown:
            self._answers.update(dict.fromkeys(unknown))
            for channel, key, *position in self._file.find(sql.FIND_ANSWERS, sorted(unknown), now):
                self._answers[channel, key] = Position(*position)

    def answer(self, channel: str, key: str, now: float) -> Position | None:
        """Return what was answered to a key, if anything."""
        self.look_up_answers(((channel, key),), now)
        return self._answers[channel, key]

    def add_answer(self, channel: str, key: str, position: Position, now: float) -> None:
        """Remember an answer."""
        self._answers[channel, key] = position
        self._new_answers.append((channel, key, position.epoch, position.offset, now + IDEMPOTENCY))

    # Maps

    def look_up_keys(self, keys: Iterable[_Pair]) -> None:
        """Look up entries of maps, by channel and key."""
        known = ((self._lives.get(channel), key) for channel, key in keys)
        self._look_up_entries({(row.life, key) for row, key in known if row is not None})

    def entry(self, row: LifeRow, key: str) -> EntryState:
        """Return what a map has under a key."""
        self._look_up_entries(((row.life, key),))
        return self._entries[row.life, key]

    def put_entry(self, row: LifeRow, key: str, state: EntryState, ends: float | None, body: bytes) -> None:
        """Set a key to the newest publication of a life."""
        self._entries[row.life, key] = state
        removed, version, epoch = state
        values = (row.life, key, row.top, removed, ends, version, epoch, row.touched, body)
        self._new_entries[row.life, key] = values

    def drop_entry(self, life: int, key: str) -> None:
        """Delete what a map knows of a key."""
        self._entries[life, key] = _ABSENT
        self._file.run(sql.DROP_ENTRY, (life, key))

    def _look_up_entries(self, keys: Iterable[tuple[int, str]]) -> None:
        unknown = [key for key in keys if key not in self._entries]
        if unknown:
            self._entries.update(dict.fromkeys(unknown, _ABSENT))
            written = [key for key in unknown if key[0] not in self._begun]
            for life, key, *state in self._file.find(sql.FIND_ENTRIES, written):
                self._entries[life, key] = EntryState(*state)
