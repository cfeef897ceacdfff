"""Runs a rebuild with a progress bar."""

import asyncio
import os
import sys
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from renown.ledger import Ledger, Reached, RebuildReport

__all__ = ["cores", "rebuild_ledger"]

_NO_RATE: Final = Text("–/s")


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
    try:
        if quiet or not sys.stderr.isatty():
            return await ledger.rebuild(check=check, processes=processes)
        return await _with_bar(ledger, check=check, processes=processes)
    finally:
        await ledger.close()


async def _with_bar(ledger: Ledger, *, check: bool, processes: int) -> RebuildReport:
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
        what = "Checking" if check else "Rebuilding"
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

        return await ledger.rebuild(check=check, progress=tell, processes=processes)
