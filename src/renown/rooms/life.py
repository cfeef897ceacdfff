"""One life of a channel in memory, and the times at which something of it ends."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count, islice
from math import inf

from renown.protocol.replies import Publication
from renown.rooms.room import META_AGE, REMOVED_AGE, Draft, Retention

__all__ = ["Dues", "Ending", "Entry", "Life"]


@dataclass(slots=True)
class Entry:
    """A key of a map: what it is, or that it was removed a short time ago."""

    publication: Publication
    version: int
    version_epoch: str


@dataclass(slots=True, eq=False)
class Ending:
    """When a key as it is now ends."""

    at: float
    key: str
    offset: int


@dataclass(slots=True, eq=False)
class Life:
    """Log and map of a channel under one epoch."""

    channel: str
    epoch: str
    top: int = 0
    touched: float = 0.0
    """When something was published last; never falls."""
    kept: Retention = field(default_factory=Retention)
    log: deque[Publication] = field(default_factory=deque[Publication])
    keys: dict[str, Entry] = field(default_factory=dict[str, Entry])
    """In the order of their last changes."""
    order: list[str] = field(default_factory=list[str])
    """The keys that are there, sorted."""
    forgotten: int = 0
    """The greatest offset of a removal that is not known any more."""
    version: int = 0
    version_epoch: str = ""
    looked_at: float = inf
    """When it is next looked at, see `Dues`."""

    @property
    def empty(self) -> bool:
        """Whether only epoch and top are left."""
        return not self.log and not self.keys

    def seen(self, now: float) -> None:
        """Take note of the time, which does not run backwards here."""
        self.touched = max(self.touched, now)

    def accepts(self, draft: Draft) -> bool:
        """Tell whether a draft changes anything, and remember its version."""
        if draft.key:
            entry = self.keys.get(draft.key)
            if entry is None:
                return not draft.removed
            outdated = _outdated(draft, entry.version, entry.version_epoch)
            return not outdated and not (draft.removed and entry.publication.removed)
        if _outdated(draft, self.version, self.version_epoch):
            return False
        if draft.version:
            self.version, self.version_epoch = draft.version, draft.version_epoch
        return True

    def append(self, publication: Publication, keep: Retention) -> None:
        """Count a publication, and log it."""
        self.top, self.kept = publication.offset, keep
        if keep.size:
            self.log.append(publication)
        while len(self.log) > keep.size:
            self.log.popleft()

    def set(self, publication: Publication, draft: Draft, key_age: float) -> Ending | None:
        """Set or remove a key; return when that ends in turn."""
        key = publication.key
        before = self.keys.pop(key, None)
        there = before is not None and not before.publication.removed
        if publication.removed and there:
            del self.order[bisect_left(self.order, key)]
        elif not publication.removed and not there:
            insort(self.order, key)
        version, epoch = draft.version, draft.version_epoch
        if not version and before is not None:
            version, epoch = before.version, before.version_epoch
        self.keys[key] = Entry(publication, version, epoch)
        age = REMOVED_AGE if publication.removed else key_age
        return Ending(self.touched + age, key, publication.offset) if age else None

    def drop(self, key: str) -> None:
        """Forget that a key was removed."""
        self.forgotten = max(self.forgotten, self.keys.pop(key).publication.offset)

    def cut(self, now: float) -> None:
        """Take out of the log what is too old."""
        age = self.kept.age
        while age and self.log and self.log[0].time <= (now - age) * 1000:
            self.log.popleft()

    def due(self, now: float) -> float:
        """Return when something of the log ends, or all that is left may be given up."""
        if self.log and self.kept.age:
            return max(self.log[0].time / 1000 + self.kept.age, now + 0.1)
        return now + META_AGE

    def read(self, after: int | None, limit: int, *, reverse: bool = False) -> Iterator[Publication]:
        """Read the log, whose offsets have no gaps."""
        size = len(self.log)
        limit = min(max(limit, 0), size)
        if reverse:
            skip = 0 if after is None else min(max(0, self.top + 1 - after), size)
            return islice(reversed(self.log), skip, skip + limit)
        skip = 0 if after is None else min(max(0, after + size - self.top), size)
        return islice(self.log, skip, skip + limit)

    def log_covers(self, after: int) -> bool:
        """Tell whether the log holds all that came after an offset."""
        return after >= self.top - len(self.log)

    def entries(self, behind: str) -> Iterator[Publication]:
        """Return the map by key, from behind a key on."""
        return (
            self.keys[key].publication for key in islice(self.order, bisect_right(self.order, behind), None)
        )

    def newest_after(self, after: int, limit: int) -> list[Publication]:
        """Return each key's newest change after an offset, the oldest `limit` of them."""
        newest: list[Publication] = []
        for entry in reversed(self.keys.values()):
            if entry.publication.offset <= after:
                break
            newest.append(entry.publication)
        newest.reverse()
        return newest[: max(limit, 0)]


class Dues:
    """When to look at which life, and which keys end when. One for all lives."""

    def __init__(self) -> None:
        self._lives: list[tuple[float, int, Life]] = []
        self._keys: list[tuple[float, int, Life, Ending]] = []
        self._number = count()

    def add(self, life: Life, at: float) -> None:
        """Have a life looked at, unless that is to happen before anyway."""
        if at < life.looked_at:
            life.looked_at = at
            heappush(self._lives, (at, next(self._number), life))

    def add_key(self, life: Life, ending: Ending | None) -> None:
        """Have a key ended."""
        if ending is not None:
            heappush(self._keys, (ending.at, next(self._number), life, ending))

    def lives(self, now: float, most: int) -> Iterator[Life]:
        """Hand out the lives that are due."""
        for _ in range(most):
            if not self._lives or self._lives[0][0] > now:
                return
            at, _, life = heappop(self._lives)
            if at == life.looked_at:
                life.looked_at = inf
                yield life

    def keys(self, now: float, most: int) -> Iterator[tuple[Life, str, int]]:
        """Hand out the keys that end, each with the offset it had when that was decided."""
        for _ in range(most):
            if not self._keys or self._keys[0][0] > now:
                return
            _, _, life, ending = heappop(self._keys)
            yield life, ending.key, ending.offset

    def waiting(self, now: float) -> bool:
        """Tell whether more is due."""
        return any(heap and heap[0][0] <= now for heap in (self._lives, self._keys))


def _outdated(draft: Draft, version: int, epoch: str) -> bool:
    return bool(draft.version) and draft.version_epoch == epoch and draft.version <= version
