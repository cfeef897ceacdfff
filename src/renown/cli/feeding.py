"""Feeds recorded events to a server, at once or in scaled time, and says how it goes."""

import time
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from renown.cli.recordings import Recorded, Recording
from renown.client import Answer, Renown
from renown.model import Status

__all__ = ["Summary", "feed"]

_BATCH: Final = 2_000
_TICK: Final = 0.25
"""Seconds of real time whose events go out together in scaled time."""
_REASONS: Final = 5


class Summary(msgspec.Struct):
    """What became of a replay."""

    applied: int = 0
    duplicate: int = 0
    rejected: int = 0
    seconds: float = 0.0
    reasons: list[str] = []
    """The first different reasons of rejections."""

    @property
    def total(self) -> int:
        """How many events were answered."""
        return self.applied + self.duplicate + self.rejected

    def count(self, answer: Answer) -> None:
        """Take one answer into account."""
        if answer.status is Status.REJECTED:
            self.rejected += 1
            self._remember(answer)
        elif answer.status is Status.DUPLICATE:
            self.duplicate += 1
        else:
            self.applied += 1

    def _remember(self, answer: Answer) -> None:
        problem = answer.problem
        reason = f"{problem.code}: {problem.detail}" if problem else "rejected"
        if len(self.reasons) < _REASONS and reason not in self.reasons:
            self.reasons.append(reason)

    def text(self) -> str:
        """Return the summary for people."""
        rate = self.total / self.seconds if self.seconds else 0.0
        lines = [
            f"{self.applied:,} applied, {self.duplicate:,} duplicates, {self.rejected:,} rejected"
            f" in {self.seconds:.1f} s ({rate:,.0f} events/s)"
        ]
        return "\n".join([*lines, *(f"  rejected: {reason}" for reason in self.reasons)])


def feed(
    renown: Renown, recording: Recording, *, pace: float | None, limit: int | None, quiet: bool
) -> Summary:
    """Send the recording; return what became of it.

    Args:
        renown: The server.
        recording: The events.
        pace: How many times faster than it happened; None for as fast as possible.
        limit: Stop after so many events.
        quiet: Show no progress.

    """
    summary = Summary()
    started = time.monotonic()
    with _Progress(recording, limit, quiet=quiet) as progress:
        for batch in _batches(recording.read(), pace, limit):
            for answer in renown.events(batch):
                summary.count(answer)
            progress.show(summary)
    summary.seconds = round(time.monotonic() - started, 3)
    return summary


def _batches(events: Iterator[Recorded], pace: float | None, limit: int | None) -> Iterator[list[bytes]]:
    """Cut the events into batches that are due together, and wait for each to be due."""
    batch: list[bytes] = []
    clock = _Clock(pace)
    for number, recorded in enumerate(events):
        if limit is not None and number >= limit:
            break
        if batch and (len(batch) >= _BATCH or clock.is_later(recorded.at)):
            yield batch
            batch = []
        if not batch:
            clock.wait(recorded.at)
        batch.append(recorded.line)
    if batch:
        yield batch


class _Clock:
    """Maps recorded time to real time."""

    def __init__(self, pace: float | None) -> None:
        self._pace = pace
        self._first: float | None = None
        self._started = 0.0
        self._tick = 0.0

    def _due(self, at: float) -> float:
        if self._first is None:
            self._first, self._started = at, time.monotonic()
        return self._started + (at - self._first) / (self._pace or 1.0)

    def is_later(self, at: float | None) -> bool:
        """Tell whether an event is due in a later tick than the batch that is being filled."""
        return self._pace is not None and at is not None and self._due(at) > self._tick + _TICK

    def wait(self, at: float | None) -> None:
        """Sleep until an event is due; it begins a new tick."""
        if self._pace is None or at is None:
            return
        due = self._due(at)
        self._tick = max(due, time.monotonic())
        while (left := due - time.monotonic()) > 0:
            time.sleep(min(left, 1.0))


class _Progress:
    """A bar with rate and time left, on a terminal or as lines now and then."""

    def __init__(self, recording: Recording, limit: int | None, *, quiet: bool) -> None:
        self._recording = recording
        self._limit = limit
        self._quiet = quiet
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "_Progress":
        if not self._quiet:
            from rich import progress
            from rich.console import Console

            console = Console(stderr=True)
            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.TaskProgressColumn(),
                progress.TextColumn("{task.fields[events]} events"),
                progress.TextColumn("{task.fields[rate]}/s"),
                progress.TimeRemainingColumn(),
                console=console,
                disable=not console.is_terminal,
            )
            total = self._limit or self._recording.size
            self._task = self._bar.add_task(self._recording.path.name, total=total, events="0", rate="–")
            self._bar.start()
            self._began = time.monotonic()
        return self

    def show(self, summary: Summary) -> None:
        """Bring the bar up to date."""
        if self._bar is not None:
            done = summary.total if self._limit else self._recording.position
            rate = summary.total / max(time.monotonic() - self._began, 1e-3)
            self._bar.update(self._task, completed=done, events=f"{summary.total:,}", rate=f"{rate:,.0f}")

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
