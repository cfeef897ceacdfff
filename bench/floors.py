"""What the disk and the loopback can do: the floors beneath durable intake and latency."""

import os
import socket
import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path

from bench.child import Child, free_port
from bench.native import OUT, build

__all__ = ["Spread", "commit_rate", "commit_times", "echo_times", "fsync_rate"]

SCHEMA = """
create table events (seq integer primary key, id text not null unique, subject text not null,
                     version integer not null, at real not null, body blob not null);
create index events_of on events (subject, version);
create table standings (subject text primary key, version integer not null, body blob not null) without rowid;
"""
BODY = b"x" * 300
"""About what an event and its contributions take."""


class Spread:
    """Median and 99th percentile of durations, in milliseconds."""

    def __init__(self, seconds: list[float]) -> None:
        self.count = len(seconds)
        self.p50 = statistics.median(seconds) * 1000
        self.p99 = statistics.quantiles(seconds, n=100)[98] * 1000

    def __str__(self) -> str:
        return f"{self.p50:.3f} / {self.p99:.3f}"


def _database() -> sqlite3.Connection:
    OUT.mkdir(exist_ok=True)
    file = OUT / "floor.sqlite"
    for path in OUT.glob("floor.sqlite*"):
        path.unlink()
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=full")
    database.executescript(SCHEMA)
    return database


def _commit(database: sqlite3.Connection, first: int, count: int, subjects: int) -> None:
    events = [
        (f"id-{n}", f"seller:{n % subjects}", n // subjects, float(n), BODY)
        for n in range(first, first + count)
    ]
    database.execute("begin immediate")
    database.executemany("insert into events (id, subject, version, at, body) values (?, ?, ?, ?, ?)", events)
    database.executemany(
        "insert into standings values (?, ?, ?) "
        "on conflict (subject) do update set version = excluded.version, body = excluded.body",
        [(subject, version, body) for _, subject, version, _, body in events],
    )
    database.execute("commit")


def commit_rate(rows: int, seconds: float, subjects: int = 1000) -> float:
    """Events per second of bare SQLite, `rows` events and their standings per synced transaction."""
    with closing(_database()) as database:
        began, count = time.perf_counter(), 0
        while (took := time.perf_counter() - began) < seconds:
            _commit(database, count, rows, subjects)
            count += rows
        return count / took


def commit_times(rate: float, seconds: float) -> Spread:
    """Durations of a synced commit of one event with its standing, begun at `rate` per second."""
    times = list[float]()
    with closing(_database()) as database:
        began = time.perf_counter()
        for n in range(int(rate * seconds)):
            time.sleep(max(0.0, began + n / rate - time.perf_counter()))
            start = time.perf_counter()
            _commit(database, n, 1, 200)
            times.append(time.perf_counter() - start)
    return Spread(times)


def fsync_rate(size: int, seconds: float) -> float:
    """Synced appends per second of `size` bytes to a file: what the disk itself can do."""
    OUT.mkdir(exist_ok=True)
    path: Path = OUT / "floor.bytes"
    file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    try:
        data, began, count = b"x" * size, time.perf_counter(), 0
        while (took := time.perf_counter() - began) < seconds:
            os.write(file, data)
            os.fdatasync(file)
            count += 1
        return count / took
    finally:
        os.close(file)
        path.unlink()


def echo_times(core: int, rate: float, seconds: float) -> Spread:
    """Round trips of a 300-byte text frame to a WebSocket echo in C over the loopback."""
    port, times = free_port(), list[float]()
    request = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    request += "Sec-WebSocket-Key: cmVub3duLWxvYWRnZW4tMQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    payload = b"x" * 300
    frame = b"\x81\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload
    with Child([build("sendloop"), str(port), "150", "echo"], cores=[core]) as server:
        server.hear()
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.sendall(request.encode())
            if not link.recv(4096).startswith(b"HTTP/1.1 101"):
                raise RuntimeError("the echo refused the handshake")
            began = time.perf_counter()
            for n in range(int(rate * seconds)):
                time.sleep(max(0.0, began + n / rate - time.perf_counter()))
                start = time.perf_counter()
                link.sendall(frame)
                got = 0
                while got < len(payload) + 4:
                    got += len(link.recv(4096))
                times.append(time.perf_counter() - start)
    return Spread(times)
