"""One process among those of a rebuild: run by its parent, see `crew`."""

import gc
import sys
import time
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


def main() -> None:
    """Take the order and the tasks from standard input until it ends."""
    # Nothing that folding makes refers to itself, and looking for that would take a tenth of the time.
    gc.disable()
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    decoder, teller = msgspec.json.Decoder(Task), _Teller()
    try:
        policies = Policies([load(text) for text in order.policies])
        store = SqliteStore(Path(order.file), order.ledger_id)
        try:
            for line in iter(sys.stdin.buffer.readline, b""):
                outcome = work_on(store, policies, decoder.decode(line), teller.tell, check=order.check)
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
