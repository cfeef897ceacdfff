"""One worker among several: run by its parent, see `workers`."""

import os
import socket
import sys

import msgspec

from renown.errors import RenownError
from renown.server.logs import configure
from renown.server.runtime import Worker, run_worker
from renown.server.workers import Order, Report

__all__ = ["main"]


def main() -> None:
    """Take the order from standard input and serve until told to stop, or the parent is gone."""
    # Byte by byte, so that what is watched for its end is left alone.
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 65_536)
        if not piece:
            return
        line += piece
    order = msgspec.json.decode(line, type=Order)
    configure(order.settings.log)
    listener = socket.socket(fileno=order.listener)
    listener.setblocking(False)
    worker = Worker(order.number, order.group, _ready)
    try:
        run_worker(order.settings, listener, worker)
    except RenownError as error:
        _say(Report(error.problem, type(error).__name__))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _ready() -> None:
    _say(Report())
    # The parent reads nothing more: whatever is printed goes where the log goes.
    os.dup2(2, 1)


def _say(report: Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
