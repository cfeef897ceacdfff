"""One process among those of a rebuild: run by its parent, see `crew`."""

import gc
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from renown.errors import RenownError
from renown.ledger.rebuilding.crew import Line, Order
from renown.ledger.rebuilding.working import Task, work_on
from renown.policy import Policies, load
from renown.stores import SqliteStore

__all__ = ["main"]

_OFTEN: Final = 0.1
"""Seconds between two lines about how far it is."""


class _Teller:
    """Adds up what is done, and tells it now and then."""

    def __init__(self) -> None:
        self._events = self._subjects = 0
        self._told = time.monotonic()

    def tell(self, events: int, subjects: int) -> None:
        self._events += events
        self._subjects += subjects
        if time.monotonic() - self._told >= _OFTEN:
            self.say(Line())

    def say(self, line: Line) -> None:
        line = msgspec.structs.replace(line, events=self._events, subjects=self._subjects)
        self._events = self._subjects = 0
        self._told = time.monotonic()
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()


class _Tasks:
    """The tasks from standard input. When that ends nobody waits: a task at hand is given up."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._busy = False

    def start(self) -> None:
        threading.Thread(target=self._read, name="renown-tasks", daemon=True).start()

    def _read(self) -> None:
        for line in iter(sys.stdin.buffer.readline, b""):
            self._lines.put(line)
        if self._busy:
            # What was not committed is as if it had never been.
            os._exit(1)
        self._lines.put(b"")

    def each(self) -> Iterator[Task]:
        decoder = msgspec.json.Decoder(Task)
        while line := self._lines.get():
            self._busy = True
            yield decoder.decode(line)

    def done(self) -> None:
        """Take note that the task at hand is done, before anybody is told."""
        self._busy = False


def main() -> None:
    """Take the order and the tasks from standard input until it ends."""
    # Nothing that folding makes refers to itself, and looking for that would take a tenth of the time.
    gc.disable()
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    tasks, teller = _Tasks(), _Teller()
    tasks.start()
    try:
        policies = Policies([load(text) for text in order.policies])
        store = SqliteStore(Path(order.file), order.ledger_id)
        try:
            for task in tasks.each():
                outcome = work_on(store, policies, task, teller.tell, check=order.check)
                tasks.done()
                teller.say(Line(outcome=outcome))
        finally:
            store.close()
    except RenownError as error:
        teller.say(Line(problem=error.problem))
        sys.exit(1)
    except BrokenPipeError:
        # The parent is gone.
        sys.exit(1)


if __name__ == "__main__":
    main()
