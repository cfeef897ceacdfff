"""Runs a rebuild with a progress bar."""

import asyncio
import sys

from renown.ledger import Ledger, RebuildReport

__all__ = ["rebuild_ledger"]


async def rebuild_ledger(ledger: Ledger, *, check: bool, quiet: bool) -> RebuildReport:
    """Rebuild, or only check, every standing; return the ledger's report.

    Raises:
        LedgerError: the file cannot be read or written.

    """
    try:
        if quiet or not sys.stderr.isatty():
            return await ledger.rebuild(check=check)
        return await _with_bar(ledger, check=check)
    finally:
        await ledger.close()


async def _with_bar(ledger: Ledger, *, check: bool) -> RebuildReport:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("checking" if check else "rebuilding", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        loop = asyncio.get_running_loop()

        def tell(done: int, total: int) -> None:
            loop.call_soon_threadsafe(show, done, total)

        return await ledger.rebuild(check=check, progress=tell)
