"""Recorded events in files: CSV or NDJSON, plain or gzip, read one row at a time."""

import csv
import gzip
import hashlib
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from renown.errors import SettingsError
from renown.model import Event, instant
from renown.policy.nearest import nearest

__all__ = ["Columns", "Recorded", "Recording"]

_KNOWN = {
    "subject": ("subject", "target", "ratee", "seller", "product", "product_id", "to"),
    "actor": ("actor", "source", "rater", "buyer", "customer_id", "user", "from"),
    "value": ("value", "rating", "score", "stars", "star_rating"),
    "time": ("occurred_at", "time", "timestamp", "date", "review_date", "created_at"),
    "id": ("id", "event_id", "review_id"),
    "type": ("type", "event_type"),
}


class Columns(msgspec.Struct, frozen=True):
    """Which CSV columns hold what; None finds it by its usual names."""

    subject: str | None = None
    actor: str | None = None
    value: str | None = None
    time: str | None = None
    id: str | None = None
    type: str | None = None


class Recorded(NamedTuple):
    """One recorded event."""

    line: bytes
    """Its JSON."""
    at: float | None
    """When it happened, if the recording says so."""


class Recording:
    """A file of recorded events."""

    def __init__(
        self,
        path: Path,
        *,
        kind: str | None = None,
        columns: Columns | None = None,
        event_type: str | None = None,
        actor_kind: str | None = None,
    ) -> None:
        """Describe the file; it is opened by `read`.

        Args:
            path: `.csv`, `.ndjson`, `.jsonl` or `.json`, with `.gz` when compressed; `-` is NDJSON
                on standard input.
            kind: Kind of the subjects of a CSV file whose column holds bare ids.
            columns: Where a CSV file has what.
            event_type: Type of all events of a CSV file without such a column.
            actor_kind: Kind of the actors of a CSV file; the subjects' when absent.

        """
        self.path = path
        self._kind = kind
        self._columns = columns or Columns()
        self._type = event_type or ("rating" if kind == "trader" else "review")
        self._actor_kind = actor_kind or kind
        self.size = path.stat().st_size if path.is_file() else None
        """Bytes on disk, to show progress by; None for a pipe."""
        self.position = 0
        """How many of those have been read."""
        if str(path) != "-" and not path.exists():
            raise SettingsError(f"There is no file {path}.", code="unreadable_file", field="file")

    def read(self) -> Iterator[Recorded]:
        """Yield the events in the order of the file.

        Raises:
            SettingsError: the file cannot be read as what its name says.

        """
        with self._open() as raw:
            lines = self._text(raw)
            try:
                yield from self._rows(lines) if self._is_csv() else self._lines(lines)
            except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
                raise SettingsError(
                    f"{self.path} cannot be read: {error}.", code="unreadable_file"
                ) from error

    def _is_csv(self) -> bool:
        return ".csv" in self.path.suffixes

    def _open(self) -> IO[bytes]:
        return sys.stdin.buffer if str(self.path) == "-" else self.path.open("rb")

    def _text(self, raw: IO[bytes]) -> Iterator[str]:
        packed = self.path.suffix == ".gz"
        unpacked: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        for line in unpacked:
            if self.size is not None:
                self.position = raw.tell()
            yield line.decode("utf-8-sig")

    def _lines(self, lines: Iterator[str]) -> Iterator[Recorded]:
        for line in lines:
            text = line.strip()
            if text:
                yield Recorded(text.encode(), _time_within(text))

    def _rows(self, lines: Iterator[str]) -> Iterator[Recorded]:
        reader = csv.DictReader(lines)
        names = list(reader.fieldnames or ())
        found = {what: self._column(what, names) for what in _KNOWN}
        if found["subject"] is None:
            raise SettingsError(
                f"{self.path} has no column for the subject, only {', '.join(names)}; say --subject-column.",
                field="subject_column",
            )
        if self._kind is None:
            raise SettingsError(
                "Say with --policy which kind of subject the rows are about, such as trader.", field="policy"
            )
        for row in reader:
            yield self._event(row, found)

    def _column(self, what: str, names: list[str]) -> str | None:
        wanted = getattr(self._columns, what)
        if wanted is None:
            return next((name for name in _KNOWN[what] if name in names), None)
        if wanted not in names:
            raise SettingsError(
                f"{self.path} has no column {wanted!r}.",
                field=f"{what}_column",
                expected=nearest(wanted, names) or "one of " + ", ".join(names),
            )
        return wanted

    def _event(self, row: Mapping[str, str], found: Mapping[str, str | None]) -> Recorded:
        def cell(what: str) -> str | None:
            name = found[what]
            text = (row.get(name) or "").strip() if name else ""
            return text or None

        at = _seconds(cell("time"))
        value = cell("value")
        event = Event(
            type=cell("type") or self._type,
            subject=_key(self._kind, cell("subject")),
            id=self._id(row, cell("id")),
            actor=_key(self._actor_kind, cell("actor")) if cell("actor") else None,
            value=None if value is None else _number(value),
            occurred_at=None if at is None else instant(at),
        )
        return Recorded(_encoder.encode(event), at)

    def _id(self, row: Mapping[str, str], given: str | None) -> str:
        """Return the row's own id, or one made from all it says: the same whenever it is read."""
        if given:
            return given
        said = "\x1f".join(str(cell) for cell in row.values())
        return f"{self._kind}-{hashlib.blake2b(said.encode(), digest_size=12).hexdigest()}"


_encoder = msgspec.json.Encoder()


def _key(kind: str | None, text: str | None) -> str:
    return text if text and ":" in text else f"{kind}:{text or ''}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


class _Timed(msgspec.Struct):
    occurred_at: datetime | None = None


_timed = msgspec.json.Decoder(_Timed)


def _time_within(text: str) -> float | None:
    try:
        when = _timed.decode(text).occurred_at
    except (msgspec.DecodeError, RecursionError):
        return None
    return None if when is None or when.tzinfo is None else when.timestamp()
