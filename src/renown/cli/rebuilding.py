"""Runs a rebuild with a progress bar."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from renown.ledger import Ledger, Reached, RebuildReport, ReweighReport
from renown.ledger import Progress as Told

__all__ = ["cores", "rebuild_ledger", "reweigh_ledger"]

_NO_RATE: Final = Text("–/s")
_Report = TypeVar("_Report")


class _Rate(ProgressColumn):
    """Events per second, of the last half minute."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s") if task.speed else _NO_RATE


def cores() -> int:
    """Return how many processes can work at once."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


async def rebuild_ledger(ledger: Ledger, *, check: bool, quiet: bool, processes: int) -> RebuildReport:
    """Rebuild, or only check, every standing; return the ledger's report.

    Raises:
        LedgerError: the file cannot be read or written, or a process has died.

    """

    def work(tell: Told | None) -> Awaitable[RebuildReport]:
        return ledger.rebuild(check=check, progress=tell, processes=processes)

    return await _run(ledger, work, "Checking" if check else "Rebuilding", quiet=quiet)


async def reweigh_ledger(ledger: Ledger, *, check: bool, quiet: bool) -> ReweighReport:
    """Weigh all events anew, or only look what that would change; return the ledger's report.

    Raises:
        LedgerError: the file cannot be read or written, or was written meanwhile in a way that matters.

    """

    def work(tell: Told | None) -> Awaitable[ReweighReport]:
        return ledger.reweigh(check=check, progress=tell)

    return await _run(ledger, work, "Weighing anew", quiet=quiet)


async def _run(
    ledger: Ledger, work: Callable[[Told | None], Awaitable[_Report]], what: str, *, quiet: bool
) -> _Report:
    try:
        if quiet or not sys.stderr.isatty():
            return await work(None)
        return await _with_bar(ledger, work, what)
    finally:
        await ledger.close()


async def _with_bar(ledger: Ledger, work: Callable[[Told | None], Awaitable[_Report]], what: str) -> _Report:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %  {task.completed:,.0f} of {task.total:,.0f} events"),
        TextColumn("{task.fields[subjects]} subjects"),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
        events, subjects = ledger.stats().events, ledger.stats().subjects
        task = progress.add_task(what, total=events, subjects=f"0 of {subjects:,}")

        def show(reached: Reached) -> None:
            progress.update(
                task,
                # While others write there may be more than at the beginning.
                total=max(reached.total, reached.events),
                completed=reached.events,
                subjects=f"{reached.subjects:,} of {max(reached.all_subjects, reached.subjects):,}",
            )

        loop = asyncio.get_running_loop()

        def tell(reached: Reached) -> None:
            loop.call_soon_threadsafe(show, reached)

        return await work(tell)
