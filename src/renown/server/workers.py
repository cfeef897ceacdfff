"""Several processes on one port: a parent that holds the port, starts them, starts dead ones anew, stops all.

Each worker has a listening socket of its own on the same port, among which the system divides who connects.
The parent keeps them open: what waits in the queue of a worker that died is served by its successor. Workers
are started, not forked; they are given their settings on standard input, and stop when that ends: none
outlives its parent.
"""

import asyncio
import contextlib
import secrets
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from renown.errors import LedgerError, PolicyError, RenownError, SettingsError
from renown.model import Problem
from renown.server.settings import Settings

__all__ = ["MOST", "Order", "Report", "supervise"]

MOST: Final = 64
"""Workers of one server."""
_CRASHED: Final = 10.0
"""Seconds: who dies sooner after it was ready is started anew only after a while."""
_WAIT: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds until a worker is started anew, after so many crashes in a row."""
_log = structlog.get_logger("renown")
_KINDS: Final = {kind.__name__: kind for kind in (LedgerError, PolicyError, SettingsError)}


class Order(msgspec.Struct, frozen=True):
    """What a worker is told, as one line of JSON."""

    settings: Settings
    listener: int
    """The descriptor of its listening socket."""
    number: int
    """From 1 on; its successor has the same."""
    group: str
    """Of all workers of one parent."""


class Report(msgspec.Struct, frozen=True):
    """What a worker says of its start, as one line of JSON."""

    problem: Problem | None = None
    """None: it is ready."""
    kind: str = ""
    """The class of the error."""


class _Worker:
    """One place among the workers, whoever fills it."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.process: Process | None = None
        self.crashes = 0

    async def start(self) -> None:
        """Start a process, and return when it is ready.

        Raises:
            RenownError: it says that it cannot start.

        """
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "renown.server.worker"),
            stdin=PIPE,
            stdout=PIPE,
            pass_fds=(self.order.listener,),
            # Signals of the terminal are for the parent.
            start_new_session=True,
        )
        line = await self._give_order(self.process)
        if not line:
            await self.process.wait()
            raise RenownError(f"A worker ended with {self.process.returncode} before it was ready.")
        report = msgspec.json.decode(line, type=Report)
        if report.problem is not None:
            await self.process.wait()
            raise _error(report.kind, report.problem)

    async def _give_order(self, process: Process) -> bytes:
        """Return what a process says to its order; nothing when it ends without a word."""
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.write(msgspec.json.encode(self.order) + b"\n")
                await process.stdin.drain()
        return b"" if process.stdout is None else await process.stdout.readline()

    def tell(self, number: signal.Signals) -> None:
        """Send a signal, if there is somebody to take it."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)


def supervise(settings: Settings, listeners: list[socket.socket], announce: Callable[[], None]) -> None:
    """Run a server of several workers until SIGTERM or SIGINT; return when all have stopped in order.

    `announce` is called when all are ready.

    Raises:
        RenownError: the workers cannot start.

    """
    with asyncio.Runner() as runner:
        runner.run(_Parent(settings, listeners, announce).run())


class _Parent:
    def __init__(
        self, settings: Settings, listeners: list[socket.socket], announce: Callable[[], None]
    ) -> None:
        self._announce = announce
        group = secrets.token_hex(8)
        self._listeners = listeners
        self._workers = [
            _Worker(Order(settings, listener.fileno(), number, group))
            for number, listener in enumerate(listeners, 1)
        ]
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run until a signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        starting, stopping = loop.create_task(self._start()), loop.create_task(self._stopping.wait())
        try:
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if starting.done() and not self._stopping.is_set():
                starting.result()
                self._announce()
                await asyncio.gather(*(self._keep(worker) for worker in self._workers))
        finally:
            starting.cancel()
            stopping.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            await self._end()

    async def _start(self) -> None:
        starting = (worker.start() for worker in self._workers)
        for failed in await asyncio.gather(*starting, return_exceptions=True):
            if failed is not None:
                raise failed

    def _stop(self) -> None:
        """Pass the signal on: the first asks to stop, the second to hurry."""
        self._stopping.set()
        for listener in self._listeners:
            # The workers have theirs; when these are closed, too, nobody can connect any more.
            listener.close()
        for worker in self._workers:
            worker.tell(signal.SIGTERM)

    async def _keep(self, worker: _Worker) -> None:
        """Have a worker, starting one anew whenever it has died, until all are to stop."""
        loop = asyncio.get_running_loop()
        while worker.process is not None:
            ready = loop.time()
            code = await worker.process.wait()
            if self._stopping.is_set():
                return
            worker.crashes = 0 if loop.time() - ready > _CRASHED else worker.crashes + 1
            wait = _WAIT[min(worker.crashes, len(_WAIT) - 1)]
            _log.error("a worker has died", worker=worker.order.number, code=code, again_in=wait)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait or 0.001)
            if self._stopping.is_set():
                return
            try:
                await worker.start()
            except RenownError as error:
                _log.error("a worker cannot start", worker=worker.order.number, reason=error.detail)
            else:
                _log.info("a worker is back", worker=worker.order.number)

    async def _end(self) -> None:
        """Have all ended, whatever went wrong."""
        for worker in self._workers:
            worker.tell(signal.SIGTERM)
        for worker in self._workers:
            if worker.process is not None:
                await worker.process.wait()


def _error(kind: str, problem: Problem) -> RenownError:
    error = _KINDS.get(kind, RenownError)
    return error(problem.detail, code=problem.code, field=problem.field, expected=problem.expected)
