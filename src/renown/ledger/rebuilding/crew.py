"""Several processes that share the work of a rebuild.

Each is started, not forked, is told on standard input what to do, one task after the other, and answers on
standard output; it ends when its input does, so none outlives its parent. They open the ledger's file
themselves, and what one writes is written in transactions: one that dies leaves nothing half-written.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from renown.errors import LedgerError
from renown.ledger.rebuilding.working import Outcome, Task
from renown.model import Problem
from renown.policy import Policies, text_of, toml_of
from renown.stores import Store

__all__ = ["Line", "Order", "share"]


class Order(msgspec.Struct, frozen=True):
    """What a process is told first, as one line of JSON."""

    file: str
    ledger_id: str
    policies: Sequence[str]
    """TOML."""
    check: bool


class Line(msgspec.Struct, frozen=True):
    """What a process answers, as one line of JSON."""

    events: int = 0
    """So many more are done."""
    subjects: int = 0
    outcome: Outcome | None = None
    """The task is done."""
    problem: Problem | None = None
    """It cannot be done."""


_LOOK: Final = 0.1
"""Seconds between two looks whether anybody still waits."""
_line: Final = msgspec.json.Decoder(Line)
_encode: Final = msgspec.json.Encoder().encode
Told = Callable[[Task, Line], None]


class _Crew:
    def __init__(self, order: Order, tasks: Iterator[Task], told: Told, check_on: Callable[[], None]) -> None:
        self._order = order
        self._tasks = tasks
        self._told = told
        self._check_on = check_on
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._failed: BaseException | None = None

    def run(self, processes: int) -> None:
        """Do all tasks; raise what has kept from it once all processes have ended."""
        threads = [threading.Thread(target=self._work, name="renown-rebuild") for _ in range(processes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_LOOK)
                try:
                    self._check_on()
                except BaseException as error:
                    self._give_up(error)
        if self._failed is not None:
            raise self._failed

    def _work(self) -> None:
        try:
            task = self._next()
            if task is None:
                return
            process = self._start()
            try:
                while task is not None:
                    self._do(process, task)
                    task = self._next()
            finally:
                _end(process)
        except BaseException as error:
            self._give_up(error)

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._failed is not None:
                raise self._failed
            process = subprocess.Popen(
                [sys.executable, "-m", "renown.ledger.rebuilding.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Signals of the terminal are for the parent.
                start_new_session=True,
            )
            self._processes.append(process)
        _say(process, self._order)
        return process

    def _next(self) -> Task | None:
        with self._lock:
            return None if self._failed is not None else next(self._tasks, None)

    def _do(self, process: "subprocess.Popen[bytes]", task: Task) -> None:
        _say(process, task)
        while data := _heard(process):
            line = _line.decode(data)
            if line.problem is not None:
                raise LedgerError(line.problem.detail, code=line.problem.code)
            with self._lock:
                if self._failed is None:
                    self._told(task, line)
            if line.outcome is not None:
                return
        code = process.wait()
        raise LedgerError(
            f"a process of the rebuild has ended by itself ({_ended(code)}); what was not done is as it was",
            code="rebuild_died",
            expected="enough memory, then the same command again",
        )

    def _give_up(self, error: BaseException) -> None:
        with self._lock:
            self._failed = self._failed or error
            for process in self._processes:
                process.kill()


def share(
    store: Store,
    policies: Policies,
    tasks: Iterator[Task],
    told: Told,
    *,
    check: bool,
    processes: int,
    check_on: Callable[[], None],
) -> None:
    """Have tasks done by so many processes; `told` is called with all that they answer, never in two threads.

    What `check_on` raises, it is called now and then, ends all of them at once.

    Raises:
        LedgerError: the file failed, or a process has died (`rebuild_died`).

    """
    texts = [text_of(policy) or toml_of(policy) for policy in policies]
    order = Order(str(store.file), store.ledger_id, texts, check)
    _Crew(order, tasks, told, check_on).run(processes)


def _say(process: "subprocess.Popen[bytes]", what: Order | Task) -> None:
    if process.stdin is not None:
        # If it has died, that is seen when its answer is waited for.
        with suppress(OSError):
            process.stdin.write(_encode(what) + b"\n")
            process.stdin.flush()


def _heard(process: "subprocess.Popen[bytes]") -> bytes:
    """Return the next line of its answer; nothing once it has ended."""
    return b"" if process.stdout is None else process.stdout.readline()


def _end(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()


def _ended(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with {code}"
