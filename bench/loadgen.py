"""The WebSocket load generator (native/loadgen.c) as the benches use it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.child import Child
from bench.native import OUT, build

__all__ = ["Counts", "LoadGenerator", "Subscriber"]

NAP_US = 100
"""How long a receiving thread sleeps after each look at its sockets. Arrivals gather meanwhile, so that the
sender of a loopback packet does not pay for waking the receiver, which on a network it would not either."""


@dataclass(frozen=True)
class Subscriber:
    """What a client of one kind of server says and expects after the handshake."""

    path: str = "/"
    hello: str | None = None
    """Sent after the handshake; `{n}` stands for the connection's number, `{g}` for its group's, `{l}` for
    its line of the file with lines."""
    ready: str | None = None
    """A frame with this text in it says that the subscription stands."""
    ping: str | None = None
    pong: str | None = None
    marker: str | None = None
    """Occurs once in each publication, where a frame may carry several."""
    stamp: str | None = '"sent":'
    """What precedes the monotonic nanoseconds of sending in a payload."""
    binary: bool = False
    """Whether frames are binary; `hello`, `ready`, `ping`, `pong` and `marker` are hex then."""
    stream: bool = False
    """Whether it is no WebSocket, but the endless answer to a POST with `hello` as its body."""


@dataclass(frozen=True)
class Counts:
    """What has happened between two looks."""

    seconds: float
    frames: int
    messages: int
    bytes: int
    closed: int
    busiest: float
    """CPU share of the busiest thread, 1.0 = its whole core."""
    p50_ms: float
    p99_ms: float


class LoadGenerator:
    """Connections to one server; ready when the constructor returns."""

    def __init__(
        self,
        port: int,
        connections: int,
        subscriber: Subscriber,
        cores: tuple[int, ...],
        *,
        group: int = 1,
        record: Path | None = None,
        nap_us: int = NAP_US,
        lines: Path | None = None,
        events: Path | None = None,
        at_once: int | None = None,
        deaf: bool = False,
        comeback: bool = False,
    ) -> None:
        """Connect `connections` times and wait until all are subscribed.

        `record` gets the time, the connection and the text of every publication; `events` all that happens to
        connections. At most `at_once` connections per core are under way at a time. `deaf` ones read nothing
        once they are subscribed; with `comeback` they return after a loss with the official clients' backoff.
        """
        command: list[str | Path] = [build("loadgen"), "--port", str(port), "--connections", str(connections)]
        command += ["--threads", str(len(cores)), "--cpus", ",".join(map(str, cores))]
        command += ["--group", str(group), "--path", subscriber.path, "--nap", str(nap_us)]
        for name in ("hello", "ready", "ping", "pong", "marker", "stamp"):
            value = getattr(subscriber, name)
            if value is not None:
                command += [f"--{name}", value]
        for name, given in (("record", record), ("lines", lines), ("events", events), ("at-once", at_once)):
            if given is not None:
                command += [f"--{name}", str(given)]
        wishes = {
            "binary": subscriber.binary,
            "stream": subscriber.stream,
            "deaf": deaf,
            "return": comeback,
        }
        command += [f"--{name}" for name, wanted in wishes.items() if wanted]
        self.child = Child(command, log=OUT / "loadgen.log")
        self.first = ready = self.child.hear()
        """The counters when all had been connected, or refused."""
        if ready["ready"] != connections:
            self.child.stop()
            raise RuntimeError(
                f"only {ready['ready']} of {connections} connections to port {port} stand: see loadgen.log"
            )

    def look(self) -> dict[str, Any]:
        """All counters now."""
        return self.child.ask("look")

    def stop(self) -> None:
        """Close all connections."""
        self.child.stop()

    @staticmethod
    def between(before: dict[str, Any], after: dict[str, Any]) -> Counts:
        """What happened from one look to the next one."""
        seconds = (after["t"] - before["t"]) / 1e9
        shares = [(b - a) / 1e9 / seconds for a, b in zip(before["cpu"], after["cpu"], strict=True)]
        return Counts(
            seconds=seconds,
            frames=after["frames"] - before["frames"],
            messages=after["messages"] - before["messages"],
            bytes=after["bytes"] - before["bytes"],
            closed=after["closed"] - before["closed"],
            busiest=max(shares),
            p50_ms=after["latency"]["p50"] / 1e6,
            p99_ms=after["latency"]["p99"] / 1e6,
        )
